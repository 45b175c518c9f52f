//! Ways to stay: a task, a service, an account, a value that runs at logon.

use model::{Exposed, ExposureKind};

use super::commands::run;
use super::desk::Desk;
use crate::calendar::Stamp;
use crate::evtx_writer::Sid;
use crate::formats::windows::Who;
use crate::formats::{access, windows};

/// Stages one of the ways.
pub(super) fn stage(desk: &mut Desk<'_>, variant: &str, count: usize) {
    match variant {
        "task" => (0..count).for_each(|number| task(desk, number)),
        "service" => service(desk),
        "account" => account(desk),
        _ => run_key(desk),
    }
}

fn task(desk: &mut Desk<'_>, number: usize) {
    let world = desk.cx.world;
    let name = &world.intruder.tools[2 + number % 2];
    let (shell, ending) = *desk.dice.one(&[
        ("powershell -ep bypass -w hidden -f", "ps1"),
        ("cmd /c", "bat"),
        ("wscript //b", "vbs"),
    ]);
    let script = format!("{}\\{name}.{ending}", desk.temp());
    let (program, arguments) = shell.split_once(' ').unwrap_or((shell, ""));
    let fact = "a task that runs a script from an open folder as the system";
    let line = format!(
        "schtasks  /create /ru system /sc daily /st 03:1{number} /tn {name} /tr \"{shell} {script}\" /f"
    );
    run(
        desk,
        "persistence",
        fact,
        &[line.replace("  ", " "), "C:\\Windows\\System32\\schtasks.exe".to_owned(), line],
    );
    desk.hostile("persistence", fact);
    let content = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-16\"?>\r\n<Task version=\"1.2\" \
         xmlns=\"http://schemas.microsoft.com/windows/2004/02/mit/task\">\r\n  <RegistrationInfo>\r\n    <Date>{}</Date>\r\n    \
         <Author>{}\\{}$</Author>\r\n    <URI>\\{name}</URI>\r\n  </RegistrationInfo>\r\n  <Principals>\r\n    <Principal id=\"Author\">\r\n      \
         <UserId>S-1-5-18</UserId>\r\n      <RunLevel>HighestAvailable</RunLevel>\r\n    </Principal>\r\n  </Principals>\r\n  \
         <Actions Context=\"Author\">\r\n    <Exec>\r\n      <Command>{program}</Command>\r\n      \
         <Arguments>{arguments} {script}</Arguments>\r\n    </Exec>\r\n  </Actions>\r\n</Task>",
        Stamp::new(desk.now).iso(),
        world.netbios,
        world.hosts.ex.name,
    );
    let who = Who::system(world, &world.hosts.ex);
    let cx = desk.cx;
    cx.catalogue
        .event(desk.plan.out("ex-security"), desk.now + 60_000, "security-4698")
        .set("SubjectUserSid", &who.sid)
        .set("SubjectUserName", &who.name)
        .set("SubjectDomainName", &who.domain)
        .set("TaskName", &format!("\\{name}"))
        .set("TaskContent", &content)
        .done();
}

fn service(desk: &mut Desk<'_>) {
    let world = desk.cx.world;
    let name = &world.intruder.tools[4];
    let image = format!("{}\\{name}.exe -k netsvcs", desk.temp());
    let fact = "a service whose program lies in an open folder";
    let line = format!("sc  create {name} binpath= \"{image}\" start= auto");
    run(
        desk,
        "persistence",
        fact,
        &[line.replace("  ", " "), "C:\\Windows\\System32\\sc.exe".to_owned(), line],
    );
    desk.hostile("persistence", fact);
    let cx = desk.cx;
    access::service_installed(
        &cx,
        desk.plan.out("ex-system"),
        desk.now + 40_000,
        (name, &image),
        "auto start",
    );
}

/// An account on the mail server itself, made an administrator within minutes, at night.
fn account(desk: &mut Desk<'_>) {
    let world = desk.cx.world;
    let name = &world.intruder.account;
    let net = "C:\\Windows\\System32\\net.exe".to_owned();
    let line = format!("net  user {name} {} /add", world.intruder.password);
    let fact = "a local account that was made an administrator";
    run(desk, "persistence", fact, &[line.replace("  ", " "), net.clone(), line]);
    desk.hostile("persistence", fact);
    let who = Who::system(world, &world.hosts.ex);
    let sid = Sid::new(5, &[21, 1_402_334_112, 977_331_208, 2_210_877_341, 1004]);
    let cx = desk.cx;
    let ex = world.hosts.ex.name.as_str();
    cx.catalogue
        .event(desk.plan.out("ex-security"), desk.now + 30_000, "security-4720")
        .set("TargetUserName", name)
        .set("TargetDomainName", ex)
        .set("TargetSid", &sid)
        .set("SubjectUserSid", &who.sid)
        .set("SubjectUserName", &who.name)
        .set("SubjectDomainName", &who.domain)
        .set("SubjectLogonId", 0x3e7_u64)
        .set("SamAccountName", name)
        .done();
    let line = format!("net  localgroup administrators {name} /add");
    run(desk, "persistence", fact, &[line.replace("  ", " "), net, line]);
    desk.hostile("persistence", fact);
    cx.catalogue
        .event(desk.plan.out("ex-security"), desk.now + 30_000, "security-4732")
        .set("MemberSid", &sid)
        .set("TargetUserName", "Administrators")
        .set("TargetDomainName", "Builtin")
        .set("TargetSid", &Sid::new(5, &[32, 544]))
        .set("SubjectUserSid", &who.sid)
        .set("SubjectUserName", &who.name)
        .set("SubjectDomainName", &who.domain)
        .set("SubjectLogonId", 0x3e7_u64)
        .done();
    desk.at_risk(Exposed::Account, name, ExposureKind::Taken);
}

fn run_key(desk: &mut Desk<'_>) {
    let world = desk.cx.world;
    let name = &world.intruder.tools[5];
    let script = format!("{}\\{name}.vbs", desk.temp());
    let fact = "a value that runs a script from an open folder at each logon";
    let key = "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run";
    let line = format!("reg  add {key} /v {name} /d \"wscript {script}\" /f");
    run(
        desk,
        "persistence",
        fact,
        &[line.replace("  ", " "), "C:\\Windows\\System32\\reg.exe".to_owned(), line],
    );
    desk.hostile("persistence", fact);
    let cx = desk.cx;
    let value = (&*format!("{key}\\{name}"), &*format!("wscript {script}"));
    let reg = "C:\\Windows\\System32\\reg.exe";
    windows::value_set(&cx, desk.plan.out("ex-sysmon"), desk.now + 20_000, &world.hosts.ex, reg, value);
}
