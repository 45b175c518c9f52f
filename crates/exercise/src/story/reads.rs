//! Register copies read in bulk, over the file server's share and the network storage.

use model::{Exposed, ExposureKind};

use super::desk::Desk;
use super::lateral::{logged_on, stolen};
use crate::formats::access::{self, Right, ShareAccess};
use crate::formats::syslog::Samba;

/// Many files of the register share within minutes, by an account that reads there on few days.
pub(super) fn share(desk: &mut Desk<'_>, count: usize, variant: &str) {
    let world = desk.cx.world;
    let who = stolen(desk);
    let share = world.register_share();
    let (shown, folder) = (format!("\\\\*\\{}", share.name), format!("\\??\\{}", share.folder));
    let cx = desk.cx;
    let start = desk.dice.below(world.registers.len());
    logged_on(desk, &who);
    let session = ShareAccess { who: &who, address: &world.hosts.ex.ip, share: &shown, folder: &folder };
    desk.wait(1, 4);
    desk.hostile("share-bulk-read", "the register share was opened from the mail server");
    session.opened(&cx, desk.plan.out("fs-security"), desk.now);
    for number in 0..count {
        desk.wait(1, 11);
        let path = &world.registers[(start + number) % world.registers.len()];
        desk.hostile("share-bulk-read", "one of many register copies that one account read within the hour");
        if variant == "object" {
            let object = format!("{}\\{path}", share.folder);
            access::object(&cx, desk.plan.out("fs-security"), desk.now, &who, &object, "", false);
        } else {
            let access =
                ShareAccess { who: &who, address: &world.hosts.ex.ip, share: &shown, folder: &folder };
            access.file(&cx, desk.plan.out("fs-security"), desk.now, path, Right::Read);
        }
    }
    let named = format!("\\\\{}\\{}", world.hosts.fs.name, share.name);
    desk.at_risk(Exposed::Share, &named, ExposureKind::Read);
}

/// The same on the network storage.
pub(super) fn samba(desk: &mut Desk<'_>, count: usize) {
    let world = desk.cx.world;
    let share = world.register_share();
    let machine = world.hosts.ex.name.to_lowercase();
    let pid = 2000 + desk.dice.within(0..30_000);
    let start = desk.dice.below(world.registers.len());
    for number in 0..=count + 1 {
        desk.wait(1, 10);
        desk.hostile("samba-bulk-read", "one of many register copies that one account read within the hour");
        let path = world.registers[(start + number) % world.registers.len()].replace('\\', "/");
        let (operation, rest) = match number {
            0 => ("connect", share.name.clone()),
            last if last > count => ("disconnect", share.name.clone()),
            _ => ("open", format!("r|{path}")),
        };
        let line = Samba {
            host: &world.hosts.nas.name,
            pid,
            user: &world.services.stolen.sam,
            address: &world.hosts.ex.ip,
            machine: &machine,
            share: &share.name,
            operation,
            result: "ok",
            rest: &rest,
        };
        line.add(desk.plan.out("nas-smb"), desk.now);
    }
    let named = format!("\\\\{}\\{}", world.hosts.nas.name, share.name);
    desk.at_risk(Exposed::Share, &named, ExposureKind::Read);
}
