//! The network storage and the mail gateway.

use super::{Day, tracking};
use crate::calendar::{HOUR, MINUTE, SECOND};
use crate::formats::audit::Exec;
use crate::formats::syslog::{self, Samba, bsd, modern};

/// Somebody works in a folder of the network storage.
pub(super) fn samba(day: &mut Day<'_>) {
    let world = day.cx.world;
    let micros = day.moment();
    let person = day.anybody();
    let shares = &world.shares[..world.shares.len() - 1];
    let share = if person.department == "Registration" && day.dice.once_in(6) {
        world.register_share()
    } else {
        day.dice.one(shares)
    };
    let machine = person.workstation.to_lowercase();
    let line = Samba {
        host: &world.hosts.nas.name,
        pid: 2000 + day.dice.within(0..30_000),
        user: &person.sam,
        address: &person.ip,
        machine: &machine,
        share: &share.name,
        operation: "connect",
        result: "ok",
        rest: &share.name,
    };
    if day.dice.once_in(4) {
        line.add(day.out, micros);
    }
    let mut at = micros;
    for _ in 0..1 + day.dice.within(0..5) {
        at += day.dice.within(1..90) as i64 * SECOND;
        let path =
            if share.registers { day.dice.one(&world.registers).replace('\\', "/") } else { document(day) };
        let (operation, rest) = match day.dice.weighted(&[60, 20, 12, 5, 3]) {
            0 => ("open", format!("r|{path}")),
            1 => ("open", format!("w|{path}")),
            2 => ("pread", path),
            3 => ("rename", format!("{path}|{path}.bak")),
            _ => {
                ("mkdir", path.rsplit_once('/').map_or_else(|| path.clone(), |(folder, _)| folder.to_owned()))
            }
        };
        Samba { operation, rest: &rest, ..line }.add(day.out, at);
    }
    if day.dice.once_in(4) {
        Samba { operation: "disconnect", rest: &share.name, ..line }.add(day.out, at + 15 * MINUTE);
    }
}

fn document(day: &mut Day<'_>) -> String {
    let names = &day.cx.world.names;
    let (topic, kind) = (day.dice.one(&names.topics), day.dice.one(&names.documents));
    let ending = day.dice.pick(&["docx", "xlsx", "pdf", "csv"]);
    format!("{topic}/{}/{kind} {:02}.{ending}", 2016 + day.dice.within(0..7), day.dice.within(1..40))
}

/// Administrators by key from their host, monitoring, timers.
pub(super) fn auth(day: &mut Day<'_>) {
    let world = day.cx.world;
    let micros = day.moment();
    let pid = 1000 + day.dice.within(0..31_000);
    match day.dice.weighted(&[50, 20, 20]) {
        0 => timer(day, micros, pid),
        1 => administered(day, micros, pid),
        _ => by_key(day, micros, pid, (&world.services.monitor.sam, &world.hosts.monitor.ip)),
    }
}

fn timer(day: &mut Day<'_>, micros: i64, pid: u64) {
    let host = day.cx.world.hosts.nas.fqdn.as_str();
    let opened = format_args!("pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)");
    modern(day.out, micros, host, "CRON", pid, opened);
    let closed = format_args!("pam_unix(cron:session): session closed for user root");
    modern(day.out, micros + SECOND, host, "CRON", pid, closed);
}

fn by_key(day: &mut Day<'_>, micros: i64, pid: u64, (user, from): (&str, &str)) {
    let host = day.cx.world.hosts.nas.fqdn.as_str();
    let (port, key) = (day.dice.within(40_000..65_000), crate::formats::fixed(user));
    let accepted = format_args!(
        "Accepted publickey for {user} from {from} port {port} ssh2: ED25519 SHA256:{key:016x}{key:016x}"
    );
    modern(day.out, micros, host, "sshd", pid, accepted);
}

/// An administrator comes from the administrators' host, does something as the superuser, and goes.
fn administered(day: &mut Day<'_>, micros: i64, pid: u64) {
    const COMMANDS: [&str; 6] = [
        "/usr/bin/apt update",
        "/usr/bin/systemctl status smbd",
        "/usr/bin/apt upgrade -y",
        "/usr/sbin/zpool status",
        "/usr/bin/journalctl -u smbd --since today",
        "/usr/bin/df -h",
    ];
    let world = day.cx.world;
    let host = world.hosts.nas.fqdn.as_str();
    let admin = day.dice.one(&world.admins).sam.as_str();
    by_key(day, micros, pid, (admin, &world.hosts.jump.ip));
    let opened = format_args!("pam_unix(sshd:session): session opened for user {admin}(uid=1201) by (uid=0)");
    modern(day.out, micros + 20_000, host, "sshd", pid, opened);
    let command = day.dice.pick(&COMMANDS);
    let typed = format_args!("   {admin} : TTY=pts/0 ; PWD=/home/{admin} ; USER=root ; COMMAND={command}");
    modern(day.out, micros + 30 * SECOND, host, "sudo", pid + 9, typed);
    let closed = format_args!("pam_unix(sshd:session): session closed for user {admin}");
    modern(day.out, micros + 9 * MINUTE, host, "sshd", pid, closed);
}

/// Programs that timers, backup and monitoring start on the network storage.
pub(super) fn audit(day: &mut Day<'_>) {
    let micros = day.moment();
    let none = u32::MAX;
    let folder = format!("/srv/{}", day.dice.one(&day.cx.world.shares).name);
    let (exe, arguments, at): (&str, Vec<&str>, i64) = match day.dice.weighted(&[30, 20, 20, 15, 2, 10]) {
        0 => ("/usr/sbin/zpool", vec!["zpool", "list", "-H", "-o", "name,health"], micros),
        1 => ("/usr/bin/df", vec!["df", "-P", "-k"], micros),
        2 => ("/usr/sbin/logrotate", vec!["/usr/sbin/logrotate", "/etc/logrotate.conf"], micros),
        3 => ("/usr/bin/run-parts", vec!["run-parts", "--report", "/etc/cron.hourly"], micros),
        4 => {
            let night = day.start + 2 * HOUR + day.dice.within(0..HOUR as u64) as i64;
            ("/usr/bin/rsync", vec!["rsync", "-a", "--delete", &folder, "/backup/nightly/"], night)
        }
        _ => ("/usr/bin/smbstatus", vec!["smbstatus", "--brief"], micros),
    };
    Exec {
        serial: 10_000 + (micros / 70_000_000 % 900_000) as u64 + day.dice.within(0..9),
        pid: 1500 + day.dice.within(0..30_000),
        parent: 900 + day.dice.within(0..500),
        login: none,
        user: 0,
        exe,
        arguments: &arguments,
        directory: "/",
        session: u64::from(none),
    }
    .add(day.out, at);
}

/// A message passes the mail gateway.
pub(super) fn postfix(day: &mut Day<'_>) {
    let world = day.cx.world;
    let micros = day.moment();
    let person = day.anybody();
    let other = tracking::correspondent(day);
    let inward = day.dice.weighted(&[62, 38]) == 0;
    let strange = world.names.outside_domains[day.dice.below(world.names.outside_domains.len())].clone();
    let client = day.dice.one(&world.outside).clone();
    let passage = Passage {
        queue: format!("{:010X}", day.dice.word() & 0xff_ffff_ffff),
        pid: 1000 + day.dice.within(0..30_000),
        id: format!("{:016x}@{}", day.dice.word(), if inward { strange.as_str() } else { &world.domain }),
        size: 3000 + day.dice.within(0..300) * day.dice.within(1..900),
        delay: day.dice.within(200..4000),
    };
    if inward {
        let relay = format!("{}[{}]:25", world.hosts.ex.fqdn, world.hosts.ex.ip);
        passage.log(
            day,
            micros,
            (&format!("mx1.{strange}"), &client),
            (&other, &person.mail),
            (&relay, "sent", "250 2.6.0 Queued mail for delivery"),
        );
    } else {
        let relay = format!("mx1.{}[{client}]:25", other.rsplit('@').next().unwrap_or_default());
        let ex = &world.hosts.ex;
        let bounced = day.dice.once_in(60);
        let answer =
            if bounced { ("bounced", "550 5.1.1 User unknown") } else { ("sent", "250 2.0.0 Ok: queued") };
        passage.log(day, micros, (&ex.fqdn, &ex.ip), (&person.mail, &other), (&relay, answer.0, answer.1));
    }
}

/// What the lines of one message share.
pub(crate) struct Passage {
    pub queue: String,
    pub pid: u64,
    pub id: String,
    pub size: u64,
    /// Milliseconds.
    pub delay: u64,
}

impl Passage {
    fn log(
        &self,
        day: &mut Day<'_>,
        micros: i64,
        (name, address): (&str, &str),
        (from, to): (&str, &str),
        (relay, status, answer): (&str, &str, &str),
    ) {
        let host = day.cx.world.hosts.gw.name.as_str();
        let Self { queue, pid, id, size, delay } = self;
        let (seconds, part) = (delay / 1000, delay % 1000 / 10);
        let out = &mut *day.out;
        bsd(out, micros, host, "postfix/smtpd", *pid, format_args!("connect from {name}[{address}]"));
        bsd(out, micros, host, "postfix/smtpd", *pid, format_args!("{queue}: client={name}[{address}]"));
        bsd(out, micros, host, "postfix/cleanup", pid + 3, format_args!("{queue}: message-id=<{id}>"));
        bsd(
            out,
            micros,
            host,
            "postfix/qmgr",
            811,
            format_args!("{queue}: from=<{from}>, size={size}, nrcpt=1 (queue active)"),
        );
        let later = micros + *delay as i64 * 1000;
        bsd(
            out,
            later,
            host,
            "postfix/smtp",
            pid + 5,
            format_args!(
                "{queue}: to=<{to}>, relay={relay}, delay={seconds}.{part:02}, delays=0.03/0.01/0.2/{seconds}.{part:02}, \
                 dsn={}, status={status} ({answer})",
                if status == "sent" { "2.0.0" } else { "5.1.1" }
            ),
        );
        bsd(out, later, host, "postfix/qmgr", 811, format_args!("{queue}: removed"));
        syslog::bsd(
            out,
            later,
            host,
            "postfix/smtpd",
            *pid,
            format_args!(
                "disconnect from {name}[{address}] ehlo=2 starttls=1 mail=1 rcpt=1 data=1 quit=1 commands=7"
            ),
        );
    }
}
