//! Sysmon on servers and on a workstation.

use super::Day;
use crate::formats::windows::{self, Connection, Process, Who};
use crate::honest::filled;
use crate::world::Host;

/// The mail server.
pub(super) fn mail_server(day: &mut Day<'_>) {
    let host = &day.cx.world.hosts.ex;
    one(day, host, "ex");
}

/// The file server.
pub(super) fn file_server(day: &mut Day<'_>) {
    let host = &day.cx.world.hosts.fs;
    one(day, host, "fs");
}

/// A workstation.
pub(super) fn workstation(day: &mut Day<'_>) {
    let host = &day.cx.world.hosts.desk;
    one(day, host, "ws");
}

fn one(day: &mut Day<'_>, host: &Host, table: &str) {
    let micros = day.moment();
    match day.dice.weighted(&[34, 26, 18, 10, 10, 4]) {
        0 => program(day, micros, host, table),
        1 => connection(day, micros, host, table),
        2 => file(day, micros, host, table),
        3 => registry(day, micros, host),
        4 => name(day, micros, host, table),
        _ => protection(day, micros, host),
    }
}

fn program(day: &mut Day<'_>, micros: i64, host: &Host, table: &str) {
    let Some(programs) = day.cx.honest.programs.get(table) else { return };
    let world = day.cx.world;
    let [image, command, parent, parent_command] = day.dice.one(programs);
    let command = filled(command, day.dice, &world.hosts.fs.name, &world.domain, &world.people[0].sam);
    let who = if table == "ws" { Who::person(world, &world.people[0]) } else { Who::system(world, host) };
    let process = Process {
        image,
        command: &command,
        parent,
        parent_command,
        directory: "C:\\Windows\\system32\\",
        who: &who,
        pid: 4 * day.dice.within(300..6000),
        parent_pid: 4 * day.dice.within(150..900),
    };
    process.sysmon(&day.cx, day.out, micros, host);
}

fn connection(day: &mut Day<'_>, micros: i64, host: &Host, table: &str) {
    let world = day.cx.world;
    let person = day.anybody();
    let (dc, gw) = (&world.hosts.dc, &world.hosts.gw);
    let outward: &[(&str, &Host, u64)] = match table {
        "ex" => &[
            ("C:\\Windows\\System32\\inetsrv\\w3wp.exe", dc, 389),
            ("C:\\Windows\\System32\\inetsrv\\w3wp.exe", dc, 3268),
            ("C:\\Program Files\\Microsoft\\Exchange Server\\V15\\bin\\EdgeTransport.exe", gw, 25),
            ("C:\\Windows\\System32\\lsass.exe", dc, 88),
        ],
        _ => &[("C:\\Windows\\System32\\lsass.exe", dc, 88), ("C:\\Windows\\System32\\svchost.exe", dc, 135)],
    };
    let port = day.dice.within(49_152..65_000);
    if table == "ws" || day.dice.once_in(2) {
        let (image, to, to_port) = *day.dice.one(outward);
        let to = (to.ip.as_str(), to.fqdn.as_str(), to_port);
        let user = "NT AUTHORITY\\SYSTEM";
        Connection { image, user, from: (&host.ip, port), to, initiated: true }
            .sysmon(&day.cx, day.out, micros, host);
    } else {
        let (image, to_port) =
            if table == "ex" { ("C:\\Windows\\System32\\inetsrv\\w3wp.exe", 443) } else { ("System", 445) };
        let to = (host.ip.as_str(), host.fqdn.as_str(), to_port);
        let user = "NT AUTHORITY\\SYSTEM";
        Connection { image, user, from: (&person.ip, port), to, initiated: false }
            .sysmon(&day.cx, day.out, micros, host);
    }
}

fn file(day: &mut Day<'_>, micros: i64, host: &Host, table: &str) {
    let Some(files) = day.cx.honest.files.get(table) else { return };
    let world = day.cx.world;
    let [image, path] = day.dice.one(files);
    let path = filled(path, day.dice, &host.name, &world.domain, &world.people[0].sam);
    windows::file_created(&day.cx, day.out, micros, host, image, &path);
}

fn registry(day: &mut Day<'_>, micros: i64, host: &Host) {
    let Some(values) = day.cx.honest.registry.get("all") else { return };
    let [image, key, value] = day.dice.one(values);
    let value = filled(value, day.dice, &host.name, "", "");
    windows::value_set(&day.cx, day.out, micros, host, image, (key, &value));
}

fn name(day: &mut Day<'_>, micros: i64, host: &Host, table: &str) {
    let world = day.cx.world;
    let (image, asked) = match table {
        "ws" => {
            let sites = day.cx.honest.web.get("sites").map_or("intranet", |sites| day.dice.text(sites));
            (
                "C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe",
                format!("www.{sites}.example"),
            )
        }
        "ex" => (
            "C:\\Program Files\\Microsoft\\Exchange Server\\V15\\bin\\EdgeTransport.exe",
            day.dice.one(&world.names.outside_domains).clone(),
        ),
        _ => ("C:\\Windows\\System32\\svchost.exe", world.hosts.dc.fqdn.clone()),
    };
    let answer = if asked == world.hosts.dc.fqdn { &world.hosts.dc.ip } else { day.dice.one(&world.outside) };
    windows::name_asked(&day.cx, day.out, micros, host, image, (&asked, answer));
}

/// The virus scanner and the backup agent look at other processes, `lsass.exe` among them.
fn protection(day: &mut Day<'_>, micros: i64, host: &Host) {
    let sources = [
        ("C:\\ProgramData\\Microsoft\\Windows Defender\\Platform\\4.18.2108.7-0\\MsMpEng.exe", 0x1000),
        ("C:\\Windows\\System32\\wbem\\WmiPrvSE.exe", 0x1000),
        ("C:\\Program Files\\Backup Agent\\agent.exe", 0x1400),
        ("C:\\Windows\\System32\\svchost.exe", 0x1000),
    ];
    let (source, access) = *day.dice.one(&sources);
    let targets = [
        "C:\\Windows\\System32\\lsass.exe",
        "C:\\Windows\\System32\\inetsrv\\w3wp.exe",
        "C:\\Windows\\System32\\services.exe",
    ];
    let trace = "C:\\Windows\\SYSTEM32\\ntdll.dll+9fc24|C:\\Windows\\System32\\KERNELBASE.dll+20d0e";
    let target = *day.dice.one(&targets);
    windows::process_opened(&day.cx, day.out, micros, host, (source, target), (access, trace));
}
