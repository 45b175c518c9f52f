//! The network storage by secure shell.

use super::desk::Desk;
use crate::calendar::SECOND;
use crate::formats::audit::Exec;
use crate::formats::syslog::modern;

/// Stages a logon with a guessed password, or the packing of the register copies.
pub(super) fn stage(desk: &mut Desk<'_>, variant: &str) {
    if variant == "archive" { packed(desk) } else { logged_in(desk) }
}

/// Passwords tried from the mail server until one was right.
fn logged_in(desk: &mut Desk<'_>) {
    let world = desk.cx.world;
    let (host, user, from) =
        (world.hosts.nas.fqdn.as_str(), world.services.stolen.sam.as_str(), world.hosts.ex.ip.as_str());
    let pid = 1000 + desk.dice.within(0..30_000);
    for number in 0..7_u64 {
        desk.wait(3, 12);
        desk.hostile("linux", "a password was tried by secure shell from the mail server");
        let port = 40_000 + desk.dice.within(0..20_000);
        modern(
            desk.plan.out("nas-auth"),
            desk.now,
            host,
            "sshd",
            pid + number,
            format_args!("Failed password for {user} from {from} port {port} ssh2"),
        );
    }
    accepted(desk, pid + 9);
}

fn accepted(desk: &mut Desk<'_>, pid: u64) {
    let world = desk.cx.world;
    let (host, user, from) =
        (world.hosts.nas.fqdn.as_str(), world.services.stolen.sam.as_str(), world.hosts.ex.ip.as_str());
    desk.wait(3, 12);
    desk.hostile("linux", "a service account came by secure shell with a password, from the mail server");
    let port = 40_000 + desk.dice.within(0..20_000);
    modern(
        desk.plan.out("nas-auth"),
        desk.now,
        host,
        "sshd",
        pid,
        format_args!("Accepted password for {user} from {from} port {port} ssh2"),
    );
}

/// The register copies packed into memory by the superuser.
fn packed(desk: &mut Desk<'_>) {
    let world = desk.cx.world;
    let (host, user) = (world.hosts.nas.fqdn.as_str(), world.services.stolen.sam.as_str());
    let share = &world.register_share().name;
    let pid = 1000 + desk.dice.within(0..30_000);
    accepted(desk, pid);
    let place = desk.dice.pick(&["/dev/shm", "/tmp", "/var/tmp"]);
    for number in 0..4_u64 {
        desk.wait(20, 200);
        let target = format!("{place}/.{}{number}.tgz", world.intruder.tools[2]);
        let folder = format!("/srv/{share}");
        let town = world.names.towns[number as usize % world.names.towns.len()].replace(' ', "");
        desk.hostile("linux", "register copies were packed into memory by the superuser");
        let line = format!("/usr/bin/tar czf {target} {folder}/{town}");
        modern(
            desk.plan.out("nas-auth"),
            desk.now,
            host,
            "sudo",
            pid + 20 + number,
            format_args!("   {user} : TTY=pts/1 ; PWD=/home/{user} ; USER=root ; COMMAND={line}"),
        );
        let source = format!("{folder}/{town}");
        let exec = Exec {
            serial: 600_000 + desk.dice.within(0..90_000),
            pid: pid + 30 + number,
            parent: pid + 20,
            login: 1300,
            user: 0,
            exe: "/usr/bin/tar",
            arguments: &["tar", "czf", &target, &source],
            directory: "/root",
            session: 90 + number,
        };
        exec.add(desk.plan.out("nas-audit"), desk.now + SECOND / 4);
    }
}
