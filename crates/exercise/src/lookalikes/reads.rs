//! Reading in bulk that is somebody's work.

use jiff::civil::date;

use super::Days;
use crate::calendar::{HOUR, SECOND, midnight};
use crate::formats::access::{self, Right, ShareAccess};
use crate::formats::audit::Exec;
use crate::formats::proxy;
use crate::formats::syslog::Samba;
use crate::formats::windows::Who;
use crate::story::Desk;

pub(super) fn stage(desk: &mut Desk<'_>, days: &Days) {
    own_folder(desk, days);
    registration(desk, days);
    publication(desk);
    scan(desk, days);
    reports(desk, days);
    storage_folder(desk, days);
    storage_scan(desk, days);
    nightly_copy(desk, days);
    uploads(desk, days);
}

/// Somebody copies a folder of their own department.
fn own_folder(desk: &mut Desk<'_>, days: &Days) {
    let world = desk.cx.world;
    let cx = desk.cx;
    for _ in 0..9 {
        desk.honest("share-bulk-read", "somebody copies a folder of their own");
        days.some(desk);
        let person = desk.dice.one(&world.people);
        let who = Who::person(world, person);
        let share = desk.dice.one(&world.shares[..world.shares.len() - 3]);
        let (shown, folder) = (format!("\\\\*\\{}", share.name), format!("\\??\\{}", share.folder));
        let topic = desk.dice.one(&world.names.topics).clone();
        for number in 0..20 + desk.dice.within(0..16) {
            desk.wait(1, 4);
            let path = format!("{topic}\\2021\\{} {number:02}.docx", desk.dice.one(&world.names.documents));
            let access = ShareAccess { who: &who, address: &person.ip, share: &shown, folder: &folder };
            access.file(&cx, desk.plan.out("fs-security"), desk.now, &path, Right::Read);
        }
    }
}

/// Those whose work the registers are open a dozen of them on a day.
fn registration(desk: &mut Desk<'_>, days: &Days) {
    let world = desk.cx.world;
    let cx = desk.cx;
    let share = world.register_share();
    let (shown, folder) = (format!("\\\\*\\{}", share.name), format!("\\??\\{}", share.folder));
    for _ in 0..12 {
        desk.honest("share-bulk-read", "somebody whose work the registers are");
        days.some(desk);
        let Some(person) =
            world.people.iter().filter(|person| person.department == "Registration").nth(desk.dice.below(12))
        else {
            continue;
        };
        let who = Who::person(world, person);
        for _ in 0..10 + desk.dice.within(0..10) {
            desk.wait(60, 500);
            let path = desk.dice.one(&world.registers);
            let access = ShareAccess { who: &who, address: &person.ip, share: &shown, folder: &folder };
            access.file(&cx, desk.plan.out("fs-security"), desk.now, path, Right::Read);
        }
    }
}

/// On 1 December, when the revised registers are published, one person copies many of them.
fn publication(desk: &mut Desk<'_>) {
    let world = desk.cx.world;
    let cx = desk.cx;
    let share = world.register_share();
    let (shown, folder) = (format!("\\\\*\\{}", share.name), format!("\\??\\{}", share.folder));
    let Some(person) = world.people.iter().find(|person| person.department == "Registration") else { return };
    desk.honest("share-bulk-read", "the revised registers are published");
    desk.now = midnight(date(2021, 12, 1)) + 10 * HOUR;
    let who = Who::person(world, person);
    for path in world.registers.iter().skip(40).take(85) {
        desk.wait(2, 25);
        let access = ShareAccess { who: &who, address: &person.ip, share: &shown, folder: &folder };
        access.file(&cx, desk.plan.out("fs-security"), desk.now, path, Right::Read);
    }
}

/// The virus scanner reads everything, on the machine itself.
fn scan(desk: &mut Desk<'_>, days: &Days) {
    let world = desk.cx.world;
    let cx = desk.cx;
    let share = world.register_share();
    let reader = "C:\\ProgramData\\Microsoft\\Windows Defender\\Platform\\4.18.2108.7-0\\MsMpEng.exe";
    for _ in 0..5 {
        desk.honest("share-bulk-read", "the virus scanner reads everything");
        days.night(desk);
        let who = Who::system(world, &world.hosts.fs);
        for path in world.registers.iter().take(120) {
            desk.now += desk.dice.within(40_000..900_000) as i64;
            let object = format!("{}\\{path}", share.folder);
            access::object(&cx, desk.plan.out("fs-security"), desk.now, &who, &object, reader, false);
        }
    }
}

/// The service account that will be stolen does its own work: three files, once a week.
fn reports(desk: &mut Desk<'_>, days: &Days) {
    let world = desk.cx.world;
    let cx = desk.cx;
    let share = &world.shares[0];
    let (shown, folder) = (format!("\\\\*\\{}", share.name), format!("\\??\\{}", share.folder));
    for _ in 0..50 {
        desk.honest("share-bulk-read", "a service account does its own work");
        days.night(desk);
        let who = Who::account(world, &world.services.stolen, 0xe00_0000 + desk.dice.within(0..0x100_0000));
        for name in ["totals.xlsx", "queue.csv", "template.docx"] {
            desk.wait(1, 5);
            let access =
                ShareAccess { who: &who, address: &world.hosts.monitor.ip, share: &shown, folder: &folder };
            let path = format!("Reports\\{name}");
            access.file(&cx, desk.plan.out("fs-security"), desk.now, &path, Right::Read);
        }
    }
}

fn storage_folder(desk: &mut Desk<'_>, days: &Days) {
    let world = desk.cx.world;
    for _ in 0..9 {
        desk.honest("samba-bulk-read", "somebody copies a folder of their own");
        days.some(desk);
        let person = desk.dice.one(&world.people);
        let share = desk.dice.one(&world.shares[..world.shares.len() - 3]);
        let (machine, pid) = (person.workstation.to_lowercase(), 2000 + desk.dice.within(0..30_000));
        let topic = desk.dice.one(&world.names.topics).clone();
        for number in 0..20 + desk.dice.within(0..16) {
            desk.wait(1, 4);
            let rest = format!("r|{topic}/2021/{} {number:02}.docx", desk.dice.one(&world.names.documents));
            let line = Samba {
                host: &world.hosts.nas.name,
                pid,
                user: &person.sam,
                address: &person.ip,
                machine: &machine,
                share: &share.name,
                operation: "open",
                result: "ok",
                rest: &rest,
            };
            line.add(desk.plan.out("nas-smb"), desk.now);
        }
    }
}

/// The file server's virus scanner also reads the network storage, under its machine account.
fn storage_scan(desk: &mut Desk<'_>, days: &Days) {
    let world = desk.cx.world;
    let fs = &world.hosts.fs;
    let (user, machine) = (format!("{}$", fs.name), fs.name.to_lowercase());
    let share = world.register_share();
    for _ in 0..5 {
        desk.honest("samba-bulk-read", "the virus scanner reads everything");
        days.night(desk);
        let pid = 2000 + desk.dice.within(0..30_000);
        for path in world.registers.iter().take(150) {
            desk.now += desk.dice.within(40_000..900_000) as i64;
            let rest = format!("r|{}", path.replace('\\', "/"));
            let line = Samba {
                host: &world.hosts.nas.name,
                pid,
                user: &user,
                address: &fs.ip,
                machine: &machine,
                share: &share.name,
                operation: "open",
                result: "ok",
                rest: &rest,
            };
            line.add(desk.plan.out("nas-smb"), desk.now);
        }
    }
}

/// A timer packs the shares for backup on the network storage itself.
fn nightly_copy(desk: &mut Desk<'_>, days: &Days) {
    let world = desk.cx.world;
    for number in 0..14 {
        desk.honest("linux", "a timer packs a folder for backup");
        days.night(desk);
        let share = desk.dice.one(&world.shares);
        let target = format!("/backup/weekly/{}.tar.gz", share.name.trim_end_matches('$'));
        let source = format!("/srv/{}", share.name);
        let none = u32::MAX;
        let exec = Exec {
            serial: 500_000 + number,
            pid: 1500 + desk.dice.within(0..30_000),
            parent: 900,
            login: none,
            user: 0,
            exe: "/usr/bin/tar",
            arguments: &["tar", "czf", &target, &source],
            directory: "/",
            session: u64::from(none),
        };
        exec.add(desk.plan.out("nas-audit"), desk.now);
    }
}

/// The backup server writes to the cloud at night; servers send figures about themselves.
fn uploads(desk: &mut Desk<'_>, days: &Days) {
    let world = desk.cx.world;
    for number in 0..60 {
        let backup = number % 2 == 0;
        desk.honest(
            "exfiltration",
            if backup { "backup writes to the cloud" } else { "a server sends figures about itself" },
        );
        days.night(desk);
        let bucket = format!(
            "{}-backup.s3.eu-west-2.amazonaws.com",
            world.domain.split('.').next().unwrap_or_default()
        );
        let path = format!("/nightly/{:08x}.vbk", desk.dice.word() as u32);
        let request = proxy::Request {
            client: if backup { &world.hosts.backup.ip } else { &world.hosts.ex.ip },
            user: "-",
            method: if backup { "PUT" } else { "POST" },
            scheme: "https",
            host: if backup { &bucket } else { "telemetry.vendor.example" },
            path: if backup { &path } else { "/collect/v2" },
            status: 200,
            agent: if backup { "Backup-Agent/11.0" } else { "Monitoring-Agent/5.2" },
            kind: "application/octet-stream",
            sent: 400,
            received: if backup {
                desk.dice.within(60_000_000..600_000_000)
            } else {
                desk.dice.within(20_000..600_000)
            },
            taken: desk.dice.within(900..90_000),
        };
        request.add(desk.plan.out("px-web"), desk.now + SECOND);
    }
}
