//! Accounts, services, tasks, logons and failures that belong to a working day.

use super::Days;
use crate::calendar::{MINUTE, SECOND};
use crate::evtx_writer::Sid;
use crate::formats::access::{self, Logon, Package, Right, ShareAccess};
use crate::formats::syslog::modern;
use crate::formats::windows::{self, Who};
use crate::story::Desk;
use crate::world::Account;

pub(super) fn stage(desk: &mut Desk<'_>, days: &Days) {
    starters(desk, days);
    services(desk, days);
    tasks(desk, days);
    updaters(desk, days);
    remote_desktop(desk, days);
    anonymous(desk, days);
    deployment(desk, days);
    stale_passwords(desk, days);
    typing_errors(desk, days);
    archived_logs(desk, days);
    secure_shell(desk, days);
}

fn admin(desk: &mut Desk<'_>) -> Who {
    let world = desk.cx.world;
    let account = desk.dice.one(&world.admins);
    Who::account(world, account, 0xb00_0000 + desk.dice.within(0..0x1000_0000))
}

/// The help desk makes accounts for people who start, and puts them into a group of the domain.
fn starters(desk: &mut Desk<'_>, days: &Days) {
    let world = desk.cx.world;
    let cx = desk.cx;
    for number in 0..14_u32 {
        desk.honest("persistence", "the help desk makes an account");
        days.some(desk);
        let by = admin(desk);
        let person = desk.dice.one(&world.people);
        let sid = world.sid(6100 + number);
        let name = format!("{}{}", person.sam, number + 2);
        for (step, kind) in ["security-4720", "security-4722", "security-4724"].iter().enumerate() {
            let event =
                cx.catalogue.event(desk.plan.out("dc-security"), desk.now + step as i64 * SECOND, kind);
            let event =
                event.set("TargetUserName", &name).set("TargetDomainName", &by.domain).set("TargetSid", &sid);
            event
                .set("SubjectUserSid", &by.sid)
                .set("SubjectUserName", &by.name)
                .set("SubjectDomainName", &by.domain)
                .set("SubjectLogonId", by.logon)
                .done();
        }
        let at = desk.now + MINUTE;
        let group = desk.dice.one(&world.names.departments).clone();
        member_added(desk, at, "security-4728", "dc-security", (&group, &by.domain), &by, &sid);
    }
    for _ in 0..5 {
        desk.honest("persistence", "somebody may use remote desktop");
        days.some(desk);
        let by = admin(desk);
        let person = desk.dice.one(&world.people);
        let at = desk.now;
        member_added(
            desk,
            at,
            "security-4732",
            "fs-security",
            ("Remote Desktop Users", "Builtin"),
            &by,
            &person.sid,
        );
    }
}

fn member_added(
    desk: &mut Desk<'_>,
    at: i64,
    kind: &str,
    stream: &str,
    (group, domain): (&str, &str),
    by: &Who,
    member: &Sid,
) {
    desk.cx
        .catalogue
        .event(desk.plan.out(stream), at, kind)
        .set("MemberSid", member)
        .set("TargetUserName", group)
        .set("TargetDomainName", domain)
        .set("TargetSid", &Sid::new(5, &[32, 555]))
        .set("SubjectUserSid", &by.sid)
        .set("SubjectUserName", &by.name)
        .set("SubjectDomainName", &by.domain)
        .set("SubjectLogonId", by.logon)
        .done();
}

/// Products install their services.
fn services(desk: &mut Desk<'_>, days: &Days) {
    let cx = desk.cx;
    let products = [
        ("Backup Agent", "\"C:\\Program Files\\Backup Agent\\service.exe\""),
        ("Monitoring Agent", "\"C:\\Program Files\\Monitoring\\agent.exe\" --service"),
        (
            "Microsoft Defender Core Service",
            "\"C:\\ProgramData\\Microsoft\\Windows Defender\\platform\\4.18.2108.7-0\\MpDefenderCoreService.exe\"",
        ),
        (
            "Microsoft Edge Update Service (edgeupdate)",
            "\"C:\\Program Files (x86)\\Microsoft\\EdgeUpdate\\MicrosoftEdgeUpdate.exe\" /svc",
        ),
        ("Storage Driver", "\\SystemRoot\\System32\\drivers\\stordrv.sys"),
    ];
    for number in 0..15 {
        desk.honest("persistence", "a product installs its service");
        days.some(desk);
        let stream = ["ex-system", "fs-system"][number % 2];
        access::service_installed(
            &cx,
            desk.plan.out(stream),
            desk.now,
            products[number % products.len()],
            "auto start",
        );
    }
}

/// Policies and products make tasks.
fn tasks(desk: &mut Desk<'_>, days: &Days) {
    let cx = desk.cx;
    for number in 0..12 {
        desk.honest("persistence", "a policy or a product makes a task");
        days.some(desk);
        let by = admin(desk);
        let (name, command) = [
            ("\\Backup\\Catalogue", "C:\\Program Files\\Backup Agent\\agent.exe"),
            ("\\Maintenance\\Rotate logs", "D:\\Maintenance\\rotate.cmd"),
            (
                "\\Microsoft\\Windows\\Windows Defender\\Windows Defender Scheduled Scan",
                "C:\\Program Files\\Windows Defender\\MpCmdRun.exe",
            ),
        ][number % 3];
        let content = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-16\"?>\r\n<Task version=\"1.2\" \
             xmlns=\"http://schemas.microsoft.com/windows/2004/02/mit/task\">\r\n  <RegistrationInfo>\r\n    \
             <Author>{}\\{}</Author>\r\n    <URI>{name}</URI>\r\n  </RegistrationInfo>\r\n  <Actions Context=\"Author\">\r\n    \
             <Exec>\r\n      <Command>{command}</Command>\r\n    </Exec>\r\n  </Actions>\r\n</Task>",
            by.domain, by.name
        );
        cx.catalogue
            .event(desk.plan.out(["ex-security", "fs-security"][number % 2]), desk.now, "security-4698")
            .set("SubjectUserSid", &by.sid)
            .set("SubjectUserName", &by.name)
            .set("SubjectDomainName", &by.domain)
            .set("SubjectLogonId", by.logon)
            .set("TaskName", name)
            .set("TaskContent", &content)
            .done();
    }
}

fn updaters(desk: &mut Desk<'_>, days: &Days) {
    let cx = desk.cx;
    let user = &cx.world.people[0].sam;
    for number in 0..10 {
        desk.honest("persistence", "an updater sets itself to run at logon");
        days.some(desk);
        let hive =
            format!("HKU\\{}\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run", cx.world.people[0].sid);
        let (image, name, value) = [
            ("C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe", "MicrosoftEdgeAutoLaunch", "\"C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe\" --no-startup-window --win-session-start".to_owned()),
            ("C:\\Program Files\\Microsoft Office\\root\\Office16\\OUTLOOK.EXE", "Teams", format!("C:\\Users\\{user}\\AppData\\Local\\Microsoft\\Teams\\Update.exe --processStart \"Teams.exe\"")),
        ][number % 2]
            .clone();
        let key = format!("{hive}\\{name}");
        windows::value_set(
            &cx,
            desk.plan.out("ws-sysmon"),
            desk.now,
            &cx.world.hosts.desk,
            image,
            (&key, &value),
        );
    }
}

/// Administrators by remote desktop from their host.
fn remote_desktop(desk: &mut Desk<'_>, days: &Days) {
    let cx = desk.cx;
    let jump = &cx.world.hosts.jump;
    for number in 0..40 {
        desk.honest("lateral", "an administrator by remote desktop from the administrators' host");
        days.some(desk);
        let who = admin(desk);
        let logon = Logon {
            who: &who,
            kind: 10,
            package: Package::Negotiate("User32 "),
            workstation: ["FS", "EX"][number % 2],
            address: &jump.ip,
            port: 0,
            process: "C:\\Windows\\System32\\svchost.exe",
            elevated: true,
        };
        let stream = ["fs-security", "ex-security"][number % 2];
        logon.add(&cx, desk.plan.out(stream), desk.now, uuid::Uuid::nil());
        access::privileged(&cx, desk.plan.out(stream), desk.now + 1000, &who);
        access::logoff(&cx, desk.plan.out(stream), desk.now + 25 * MINUTE, &who, 10);
    }
}

/// Null sessions, which have no session key either.
fn anonymous(desk: &mut Desk<'_>, days: &Days) {
    let cx = desk.cx;
    for number in 0..40 {
        desk.honest("lateral", "a null session");
        days.some(desk);
        let person = desk.dice.one(&cx.world.people);
        let who = Who {
            sid: Sid::new(5, &[7]),
            name: "ANONYMOUS LOGON".to_owned(),
            domain: "NT AUTHORITY".to_owned(),
            logon: 0xc00_0000 + number,
            shown: "NT AUTHORITY\\ANONYMOUS LOGON".to_owned(),
            integrity: "Medium",
        };
        let logon = Logon {
            who: &who,
            kind: 3,
            package: Package::Ntlm(0),
            workstation: &person.workstation,
            address: &person.ip,
            port: desk.dice.within(49_152..65_000),
            process: "-",
            elevated: false,
        };
        logon.add(&cx, desk.plan.out("fs-security"), desk.now, uuid::Uuid::nil());
    }
}

/// Software deployment writes its installer to the administrative share; an administrator copies
/// drivers.
fn deployment(desk: &mut Desk<'_>, days: &Days) {
    let cx = desk.cx;
    let world = cx.world;
    for number in 0..14 {
        let by_machine = number % 2 == 0;
        desk.honest(
            "lateral",
            if by_machine {
                "deployment writes its installer"
            } else {
                "an administrator copies an installer"
            },
        );
        days.some(desk);
        let (who, address) = if by_machine {
            let logon = 0xd00_0000 + desk.dice.within(0..0x100_0000);
            (Who::account(world, &world.services.deploy, logon), &world.hosts.deploy.ip)
        } else {
            (admin(desk), &world.hosts.jump.ip)
        };
        let (share, folder, path) = if by_machine {
            ("\\\\*\\ADMIN$", "\\??\\C:\\Windows", "ccmsetup\\ccmsetup.exe")
        } else {
            ("\\\\*\\D$", "\\??\\D:\\", "Install\\driver-pack.msi")
        };
        let access = ShareAccess { who: &who, address, share, folder };
        access.file(&cx, desk.plan.out("fs-security"), desk.now, path, Right::Write);
    }
}

/// One person, many failures: a phone with the former password, or a service that was forgotten.
fn stale_passwords(desk: &mut Desk<'_>, days: &Days) {
    let cx = desk.cx;
    for number in 0..8 {
        desk.honest("password-spray", "a forgotten password, tried again and again");
        days.some(desk);
        let person = desk.dice.one(&cx.world.people);
        for _ in 0..30 {
            desk.wait(20, 90);
            if number % 2 == 0 {
                let place = (person.sam.as_str(), cx.world.hosts.ex.name.as_str());
                access::ntlm(&cx, desk.plan.out("dc-security"), desk.now, place, true);
            } else {
                let who = (person.sam.as_str(), &person.sid);
                access::ticket_refused(&cx, desk.plan.out("dc-security"), desk.now, who, &person.ip);
            }
        }
        cx.catalogue
            .event(desk.plan.out("dc-security"), desk.now, "security-4740")
            .set("TargetUserName", &person.sam)
            .set("TargetDomainName", &person.workstation)
            .set("TargetSid", &person.sid)
            .set("SubjectUserName", &format!("{}$", cx.world.hosts.dc.name))
            .set("SubjectDomainName", &cx.world.netbios)
            .done();
    }
}

/// Several people mistype on the morning after passwords expired, each at their own desk.
fn typing_errors(desk: &mut Desk<'_>, days: &Days) {
    let cx = desk.cx;
    for _ in 0..6 {
        desk.honest("password-spray", "several people mistype on one morning");
        days.some(desk);
        for _ in 0..8 {
            desk.wait(60, 400);
            let person = desk.dice.one(&cx.world.people);
            let who = (person.sam.as_str(), &person.sid);
            access::ticket_refused(&cx, desk.plan.out("dc-security"), desk.now, who, &person.ip);
        }
    }
}

fn archived_logs(desk: &mut Desk<'_>, days: &Days) {
    let cx = desk.cx;
    for number in 0..12 {
        desk.honest("log-clearing", "a full log was archived by the system");
        days.night(desk);
        let path = format!("C:\\Windows\\System32\\Winevt\\Logs\\Archive-Security-{number:04}.evtx");
        cx.catalogue
            .event(desk.plan.out(["ex-security", "fs-security"][number % 2]), desk.now, "security-1105")
            .set("Channel", "Security")
            .set("BackupPath", &path)
            .done_by(1044, 5120);
    }
}

/// Administrators who type a password at the network storage, and what they do there.
fn secure_shell(desk: &mut Desk<'_>, days: &Days) {
    let world = desk.cx.world;
    let host = world.hosts.nas.fqdn.as_str();
    for number in 0..10 {
        desk.honest("linux", "an administrator types a password");
        days.some(desk);
        let Account { sam, .. } = desk.dice.one(&world.admins);
        let (from, pid) = (&world.hosts.jump.ip, 1000 + desk.dice.within(0..30_000));
        let port = 40_000 + desk.dice.within(0..20_000);
        if number % 2 == 0 {
            modern(
                desk.plan.out("nas-auth"),
                desk.now,
                host,
                "sshd",
                pid,
                format_args!("Failed password for {sam} from {from} port {port} ssh2"),
            );
        }
        let (at, out) = (desk.now + 9 * SECOND, desk.plan.out("nas-auth"));
        modern(
            out,
            at,
            host,
            "sshd",
            pid,
            format_args!("Accepted password for {sam} from {from} port {port} ssh2"),
        );
        desk.honest("linux", "an administrator keeps a copy of settings");
        let command =
            ["/usr/bin/tar czf /root/etc-before-upgrade.tgz /etc", "/usr/bin/apt upgrade -y"][number % 2];
        let at = desk.now + 2 * MINUTE;
        modern(
            desk.plan.out("nas-auth"),
            at,
            host,
            "sudo",
            pid + 4,
            format_args!("   {sam} : TTY=pts/0 ; PWD=/home/{sam} ; USER=root ; COMMAND={command}"),
        );
    }
}
