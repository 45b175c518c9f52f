//! From the mail server to the file server with a stolen service account.

use model::{Exposed, ExposureKind};

use super::commands::run;
use super::desk::Desk;
use crate::calendar::SECOND;
use crate::formats::access::{self, Logon, Package, Right, ShareAccess};
use crate::formats::windows::{Process, Who};

/// The stolen account, with a logon session of its own.
pub(super) fn stolen(desk: &mut Desk<'_>) -> Who {
    let world = desk.cx.world;
    let logon = 0x900_0000 + desk.dice.within(0..0x1000_0000);
    Who::account(world, &world.services.stolen, logon)
}

/// A tool is copied to the file server's administrative share and run there as a service, and
/// commands are run through it.
pub(super) fn stage(desk: &mut Desk<'_>, count: usize) {
    let who = stolen(desk);
    credentials_used(desk, &who);
    logged_on(desk, &who);
    let by_share = desk.dice.once_in(3);
    copied(desk, &who, by_share);
    started(desk, by_share);
    for number in 0..count {
        if number % 5 == 4 {
            let again = stolen(desk);
            credentials_used(desk, &again);
            logged_on(desk, &again);
        }
        remote(desk, number, by_share);
    }
    desk.at_risk(Exposed::Account, &desk.cx.world.services.stolen.sam.clone(), ExposureKind::Taken);
}

/// The mail server's web process uses the other account's credentials.
fn credentials_used(desk: &mut Desk<'_>, who: &Who) {
    let world = desk.cx.world;
    let line = format!(
        "net  use \\\\{}\\c$ /user:{}\\{} {}",
        world.hosts.fs.name, world.netbios, who.name, world.intruder.password
    );
    let fact = "connected to the file server's system drive with another account";
    run(desk, "lateral", fact, &[line.replace("  ", " "), "C:\\Windows\\System32\\net.exe".to_owned(), line]);
    desk.hostile("lateral", "a shell of the web server used another account's credentials");
    let cx = desk.cx;
    let system = Who::system(world, &world.hosts.ex);
    let (out, at) = (desk.plan.out("ex-security"), desk.now + 20_000);
    access::other_credentials(
        &cx,
        out,
        at,
        &system,
        (&who.name, &world.hosts.fs.fqdn),
        "C:\\Windows\\System32\\net.exe",
    );
}

/// A logon over the network with a hash in place of a password: NTLM without a session key.
pub(super) fn logged_on(desk: &mut Desk<'_>, who: &Who) {
    let world = desk.cx.world;
    desk.hostile("lateral", "a service account came over NTLM without a session key, from the mail server");
    let logon = Logon {
        who,
        kind: 3,
        package: Package::Ntlm(0),
        workstation: &world.hosts.ex.name,
        address: &world.hosts.ex.ip,
        port: desk.dice.within(49_152..65_000),
        process: "-",
        elevated: true,
    };
    let cx = desk.cx;
    logon.add(&cx, desk.plan.out("fs-security"), desk.now + 80_000, uuid::Uuid::nil());
}

fn copied(desk: &mut Desk<'_>, who: &Who, by_share: bool) {
    let world = desk.cx.world;
    desk.wait(2, 9);
    desk.hostile("lateral", "a program was written to the administrative share");
    let access =
        ShareAccess { who, address: &world.hosts.ex.ip, share: "\\\\*\\ADMIN$", folder: "\\??\\C:\\Windows" };
    let cx = desk.cx;
    let tool = format!("Temp\\{}.exe", world.intruder.tools[0]);
    let service = if by_share { "Temp\\execute.bat" } else { "PSEXESVC.exe" };
    for (number, path) in [service, &tool].iter().enumerate() {
        let at = desk.now + number as i64 * SECOND;
        access.file(&cx, desk.plan.out("fs-security"), at, path, Right::Write);
    }
}

/// Either the well-known service, or one whose program is a shell that writes to a share.
fn started(desk: &mut Desk<'_>, by_share: bool) {
    desk.wait(2, 5);
    desk.hostile("lateral", "a service for commands from afar was installed");
    let cx = desk.cx;
    let name = if by_share { desk.dice.letters(8) } else { "PSEXESVC".to_owned() };
    let image = if by_share {
        "%COMSPEC% /Q /c echo dir ^> \\\\127.0.0.1\\C$\\__output 2^>^&1 > %TEMP%\\execute.bat & %COMSPEC% /Q /c \
         %TEMP%\\execute.bat & del %TEMP%\\execute.bat"
    } else {
        "%SystemRoot%\\PSEXESVC.exe"
    };
    access::service_installed(&cx, desk.plan.out("fs-system"), desk.now, (&name, image), "demand start");
}

/// A command on the file server, by the service or by management instrumentation.
fn remote(desk: &mut Desk<'_>, number: usize, by_share: bool) {
    let world = desk.cx.world;
    desk.wait(10, 120);
    let share = world.register_share();
    let by_service = number.is_multiple_of(2);
    let (parent, parent_command) = if by_service && by_share {
        ("C:\\Windows\\System32\\services.exe", "C:\\Windows\\system32\\services.exe")
    } else if by_service {
        ("C:\\Windows\\PSEXESVC.exe", "C:\\Windows\\PSEXESVC.exe")
    } else {
        (
            "C:\\Windows\\System32\\wbem\\WmiPrvSE.exe",
            "C:\\Windows\\system32\\wbem\\wmiprvse.exe -secured -Embedding",
        )
    };
    let typed = match number % 5 {
        0 => "dir e:\\".to_owned(),
        1 => format!("dir \"{}\" /s /b", share.folder),
        2 => "net share".to_owned(),
        3 => "quser".to_owned(),
        _ => format!("icacls \"{}\"", share.folder),
    };
    let command = if by_service && by_share {
        format!("C:\\Windows\\system32\\cmd.exe /Q /c {typed} > \\\\127.0.0.1\\C$\\__output 2>&1")
    } else if by_service {
        format!("\"cmd.exe\" /c {typed}")
    } else {
        format!("cmd.exe /Q /c {typed} 1> \\\\127.0.0.1\\ADMIN$\\__{} 2>&1", desk.now / SECOND)
    };
    desk.hostile("lateral", "a command came from afar");
    let who = if by_service { Who::system(world, &world.hosts.fs) } else { stolen(desk) };
    let process = Process {
        image: "C:\\Windows\\System32\\cmd.exe",
        command: &command,
        parent,
        parent_command,
        directory: "C:\\Windows\\system32\\",
        who: &who,
        pid: desk.pid(),
        parent_pid: 4 * (700 + number as u64),
    };
    let cx = desk.cx;
    process.sysmon(&cx, desk.plan.out("fs-sysmon"), desk.now, &world.hosts.fs);
    process.security(&cx, desk.plan.out("fs-security"), desk.now + 600);
}
