//! Logons, tickets and programs in the Security logs of the mail server, the domain controller and
//! a workstation.

use super::Day;
use crate::calendar::{HOUR, MINUTE, SECOND};
use crate::formats::access::{self, Logon, Package};
use crate::formats::windows::{Process, Who};
use crate::honest::filled;
use crate::world::{Account, Host};

/// The mail server.
pub(super) fn mail_server(day: &mut Day<'_>) {
    let micros = day.moment();
    let host = &day.cx.world.hosts.ex;
    match day.dice.weighted(&[30, 26, 3, 20, 1, 6]) {
        0 => person_logs_on(day, micros),
        1 => probe(day, micros),
        2 => monitoring(day, micros),
        3 => program(day, micros, host, "ex"),
        4 => mistyped(day, micros),
        _ => service_logon(day, micros, host),
    }
}

/// A person's client signs in over Kerberos, and later off.
fn person_logs_on(day: &mut Day<'_>, micros: i64) {
    let person = day.anybody();
    let mut who = Who::person(day.cx.world, person);
    who.logon = 0x100_0000 + day.dice.within(0..0x2000_0000);
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
    let stay = day.dice.within(2..40) as i64 * MINUTE;
    access::logoff(&day.cx, day.out, micros + stay, &who, 3);
}

/// Exchange tests itself with health mailboxes.
fn probe(day: &mut Day<'_>, micros: i64) {
    let world = day.cx.world;
    let number = day.dice.within(0..6);
    let account = Account {
        sam: format!("HealthMailbox{:07x}", 0x10_3f7a1 + number * 0x9a3d),
        sid: world.sid(1140 + number as u32),
    };
    let mut who = Who::account(world, &account, 0x200_0000 + day.dice.within(0..0x2000_0000));
    who.integrity = "Medium";
    let guid = day.dice.guid();
    let logon = Logon {
        who: &who,
        kind: 8,
        package: Package::Negotiate("Advapi  "),
        workstation: &world.hosts.ex.name,
        address: "127.0.0.1",
        port: day.dice.within(10_000..65_000),
        process: "C:\\Windows\\System32\\inetsrv\\w3wp.exe",
        elevated: false,
    };
    logon.add(&day.cx, day.out, micros, guid);
    access::logoff(&day.cx, day.out, micros + 3 * SECOND, &who, 8);
}

/// Monitoring and software deployment look in over NTLM and Kerberos, with high rights.
fn monitoring(day: &mut Day<'_>, micros: i64) {
    let world = day.cx.world;
    let (account, host, package) = if day.dice.once_in(3) {
        (&world.services.deploy, &world.hosts.deploy, Package::Kerberos)
    } else {
        (&world.services.monitor, &world.hosts.monitor, Package::Ntlm(128))
    };
    let who = Who::account(world, account, 0x300_0000 + day.dice.within(0..0x2000_0000));
    let guid = day.dice.guid();
    let logon = Logon {
        who: &who,
        kind: 3,
        package,
        workstation: &host.name,
        address: &host.ip,
        port: day.dice.within(49_152..65_000),
        process: "-",
        elevated: true,
    };
    logon.add(&day.cx, day.out, micros, guid);
    access::privileged(&day.cx, day.out, micros + 1000, &who);
    access::logoff(&day.cx, day.out, micros + 20 * SECOND, &who, 3);
}

/// A program of the machine starts.
pub(super) fn program(day: &mut Day<'_>, micros: i64, host: &Host, table: &str) {
    let Some(programs) = day.cx.honest.programs.get(table) else { return };
    let world = day.cx.world;
    let [image, command, parent, parent_command] = day.dice.one(programs);
    let command = filled(command, day.dice, &world.hosts.fs.name, &world.domain, &world.people[0].sam);
    let who = match table {
        "ws" => Who::person(world, &world.people[0]),
        _ => Who::system(world, host),
    };
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
    process.security(&day.cx, day.out, micros);
}

/// Somebody mistypes their password at the web page, and then does not.
fn mistyped(day: &mut Day<'_>, micros: i64) {
    let world = day.cx.world;
    let person = day.anybody();
    for again in 0..=day.dice.within(0..2) as i64 {
        let place = (world.hosts.ex.name.as_str(), person.home.as_str());
        access::refused(
            &day.cx,
            day.out,
            micros + again * 20 * SECOND,
            (&person.sam, &world.netbios),
            place,
            false,
        );
    }
}

fn service_logon(day: &mut Day<'_>, micros: i64, host: &Host) {
    let who = Who::system(day.cx.world, host);
    let guid = day.dice.guid();
    let logon = Logon {
        who: &who,
        kind: 5,
        package: Package::Negotiate("Advapi  "),
        workstation: "-",
        address: "-",
        port: 0,
        process: "C:\\Windows\\System32\\services.exe",
        elevated: true,
    };
    logon.add(&day.cx, day.out, micros, guid);
    access::privileged(&day.cx, day.out, micros + 1000, &who);
}

/// The domain controller.
pub(super) fn controller(day: &mut Day<'_>) {
    let micros = day.moment();
    match day.dice.weighted(&[20, 40, 20, 8, 2, 6]) {
        0 => granting(day, micros),
        1 => ticket(day, micros),
        2 => person_logs_on(day, micros),
        3 => checked(day, micros),
        4 => forgotten(day, micros),
        _ => machine_logs_on(day, micros),
    }
}

fn granting(day: &mut Day<'_>, micros: i64) {
    let person = day.anybody();
    let who = Who::person(day.cx.world, person);
    access::ticket_granting(&day.cx, day.out, micros, &who, &person.ip);
}

fn ticket(day: &mut Day<'_>, micros: i64) {
    let world = day.cx.world;
    let person = day.anybody();
    let who = Who::person(world, person);
    let hosts = [&world.hosts.fs, &world.hosts.ex, &world.hosts.dc, &world.hosts.nas];
    let service = format!("{}$", day.dice.pick(&hosts).name);
    let sid = world.sid(1001 + (crate::formats::fixed(&service) % 90) as u32);
    let guid = day.dice.guid();
    access::service_ticket(&day.cx, day.out, micros, &who, (&service, &sid), (&person.ip, guid));
}

/// NTLM where a client does not speak Kerberos.
fn checked(day: &mut Day<'_>, micros: i64) {
    let world = day.cx.world;
    let person = day.anybody();
    let phone = day.dice.once_in(4);
    let place = if phone { world.hosts.ex.name.as_str() } else { person.workstation.as_str() };
    access::ntlm(&day.cx, day.out, micros, (&person.sam, place), false);
}

/// A password was changed and a phone or a mapped drive still has the former one.
fn forgotten(day: &mut Day<'_>, micros: i64) {
    let person = day.anybody();
    for again in 0..1 + day.dice.within(0..4) as i64 {
        let at = micros + again * 40 * SECOND;
        if person.phone == 0 {
            access::ntlm(&day.cx, day.out, at, (&person.sam, &day.cx.world.hosts.ex.name), true);
        } else {
            access::ticket_refused(&day.cx, day.out, at, (&person.sam, &person.sid), &person.ip);
        }
    }
}

fn machine_logs_on(day: &mut Day<'_>, micros: i64) {
    let world = day.cx.world;
    let person = day.anybody();
    let rid = 2000 + (crate::formats::fixed(&person.workstation) % 4000) as u32;
    let account = Account { sam: format!("{}$", person.workstation), sid: world.sid(rid) };
    let mut who = Who::account(world, &account, 0x400_0000 + day.dice.within(0..0x2000_0000));
    who.integrity = "System";
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
}

/// An administrator's workstation.
pub(super) fn workstation(day: &mut Day<'_>) {
    let world = day.cx.world;
    let micros = day.moment();
    let host = &world.hosts.desk;
    match day.dice.weighted(&[70, 12, 8]) {
        0 => program(day, micros, host, "ws"),
        1 => service_logon(day, micros, host),
        _ => {
            let who = Who::person(world, &world.people[0]);
            let guid = day.dice.guid();
            let logon = Logon {
                who: &who,
                kind: if day.dice.once_in(4) { 2 } else { 7 },
                package: Package::Negotiate("User32 "),
                workstation: &host.name,
                address: "127.0.0.1",
                port: 0,
                process: "C:\\Windows\\System32\\svchost.exe",
                elevated: false,
            };
            logon.add(&day.cx, day.out, micros, guid);
            access::logoff(&day.cx, day.out, micros + HOUR, &who, 7);
        }
    }
}
