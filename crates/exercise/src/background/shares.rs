//! The file server: people open folders and files, machines keep order.

use super::{Day, directory};
use crate::calendar::{HOUR, MINUTE, SECOND};
use crate::formats::access::{self, Logon, Package, Right, ShareAccess};
use crate::formats::windows::Who;
use crate::world::{Account, Person};

/// One thing that happens on the file server.
pub(super) fn one(day: &mut Day<'_>) {
    let micros = day.moment();
    match day.dice.weighted(&[200, 60, 30, 6, 3, 18]) {
        0 => works(day, micros),
        1 => saves(day, micros),
        2 => index(day, micros),
        3 => backup(day),
        4 => policy(day, micros),
        _ => {
            let host = &day.cx.world.hosts.fs;
            directory::program(day, micros, host, "fs");
        }
    }
}

fn signs_in<'a>(day: &mut Day<'a>, micros: i64, person: &'a Person) -> Who {
    let mut who = Who::person(day.cx.world, person);
    who.logon = 0x500_0000 + day.dice.within(0..0x3000_0000);
    let guid = day.dice.guid();
    let logon = Logon {
        who: &who,
        kind: 3,
        package: Package::Kerberos,
        workstation: "-",
        address: &person.ip,
        port: day.dice.within(49_152..65_000),
        process: "-",
        elevated: false,
    };
    logon.add(&day.cx, day.out, micros, guid);
    who
}

/// Somebody signs in, opens a share and reads a few files.
fn works(day: &mut Day<'_>, micros: i64) {
    let world = day.cx.world;
    let person = day.anybody();
    let who = signs_in(day, micros, person);
    let registers = person.department == "Registration" && day.dice.once_in(5);
    let share = if registers {
        world.register_share()
    } else {
        let own = world.shares.iter().find(|share| share.name == person.department.replace(' ', ""));
        own.unwrap_or(&world.shares[0])
    };
    let (shown, folder) = (format!("\\\\*\\{}", share.name), format!("\\??\\{}", share.folder));
    let access = ShareAccess { who: &who, address: &person.ip, share: &shown, folder: &folder };
    let mut at = micros + SECOND / 2;
    access.opened(&day.cx, day.out, at);
    access.file(&day.cx, day.out, at + 3000, "\\", Right::Look);
    for _ in 0..1 + day.dice.within(0..5) {
        at += day.dice.within(2..240) as i64 * SECOND;
        let path = if registers { day.dice.one(&world.registers).clone() } else { document(day) };
        access.file(&day.cx, day.out, at, &path, Right::Read);
    }
    access::logoff(&day.cx, day.out, at + 11 * MINUTE, &who, 3);
}

/// A document somewhere in a department's folder.
pub(super) fn document(day: &mut Day<'_>) -> String {
    let names = &day.cx.world.names;
    let kind = day.dice.one(&names.documents);
    let topic = day.dice.one(&names.topics);
    let ending = day.dice.pick(&["docx", "xlsx", "pdf", "pptx", "msg"]);
    let year = 2016 + day.dice.within(0..7);
    format!("{topic}\\{year}\\{kind} {:02}.{ending}", day.dice.within(1..40))
}

fn saves(day: &mut Day<'_>, micros: i64) {
    let world = day.cx.world;
    let person = day.anybody();
    let who = Who::person(world, person);
    let share = day.dice.one(&world.shares[..world.shares.len() - 1]);
    let path = format!("{}\\{}", share.folder, document(day));
    access::object(&day.cx, day.out, micros, &who, &path, "", false);
    access::object(&day.cx, day.out, micros + 40 * SECOND, &who, &path, "", true);
}

/// The search service reads what changed, on the machine itself.
fn index(day: &mut Day<'_>, micros: i64) {
    let world = day.cx.world;
    let who = Who::system(world, &world.hosts.fs);
    for step in 0..1 + day.dice.within(0..6) as i64 {
        let share = day.dice.one(&world.shares);
        let path = if share.registers {
            format!("{}\\{}", share.folder, day.dice.one(&world.registers))
        } else {
            format!("{}\\{}", share.folder, document(day))
        };
        let reader = "C:\\Windows\\System32\\SearchProtocolHost.exe";
        access::object(&day.cx, day.out, micros + step * SECOND, &who, &path, reader, false);
    }
}

/// The backup server opens the administrative shares at night, under its machine account.
fn backup(day: &mut Day<'_>) {
    let world = day.cx.world;
    let server = &world.hosts.backup;
    let account = Account { sam: format!("{}$", server.name), sid: world.sid(1017) };
    let mut who = Who::account(world, &account, 0x700_0000 + day.dice.within(0..0x1000_0000));
    who.integrity = "System";
    let mut at = day.start + HOUR + day.dice.within(0..(3 * HOUR) as u64) as i64;
    let guid = day.dice.guid();
    let logon = Logon {
        who: &who,
        kind: 3,
        package: Package::Kerberos,
        workstation: "-",
        address: &server.ip,
        port: day.dice.within(49_152..65_000),
        process: "-",
        elevated: true,
    };
    logon.add(&day.cx, day.out, at, guid);
    for drive in ["D", "E"] {
        let (shown, folder) = (format!("\\\\*\\{drive}$"), format!("\\??\\{drive}:\\"));
        let access = ShareAccess { who: &who, address: &server.ip, share: &shown, folder: &folder };
        access.opened(&day.cx, day.out, at);
        for _ in 0..8 {
            at += day.dice.within(100_000..4_000_000) as i64;
            let path = if drive == "E" {
                let registers = world.register_share();
                format!("{}\\{}", registers.name, day.dice.one(&world.registers))
            } else {
                format!("Shares\\{}", document(day))
            };
            access.file(&day.cx, day.out, at, &path, Right::Read);
        }
    }
    access::logoff(&day.cx, day.out, at + MINUTE, &who, 3);
}

/// Software deployment and monitoring look at the administrative shares.
fn policy(day: &mut Day<'_>, micros: i64) {
    let world = day.cx.world;
    let deploy = day.dice.once_in(2);
    let (account, host) = if deploy {
        (&world.services.deploy, &world.hosts.deploy)
    } else {
        (&world.services.monitor, &world.hosts.monitor)
    };
    let who = Who::account(world, account, 0x800_0000 + day.dice.within(0..0x1000_0000));
    let guid = day.dice.guid();
    let logon = Logon {
        who: &who,
        kind: 3,
        package: if deploy { Package::Kerberos } else { Package::Ntlm(128) },
        workstation: &host.name,
        address: &host.ip,
        port: day.dice.within(49_152..65_000),
        process: "-",
        elevated: true,
    };
    logon.add(&day.cx, day.out, micros, guid);
    access::privileged(&day.cx, day.out, micros + 1000, &who);
    let access =
        ShareAccess { who: &who, address: &host.ip, share: "\\\\*\\ADMIN$", folder: "\\??\\C:\\Windows" };
    access.opened(&day.cx, day.out, micros + 2000);
    let path = if deploy { "CCM\\Logs\\CcmExec.log" } else { "System32\\drivers\\etc\\hosts" };
    access.file(&day.cx, day.out, micros + 5000, path, Right::Read);
    access::logoff(&day.cx, day.out, micros + 30 * SECOND, &who, 3);
}
