//! Commands through the web shell.

use super::desk::Desk;
use super::entry;
use crate::formats::windows::{self, Process, Who};

const POOL: &str = "c:\\windows\\system32\\inetsrv\\w3wp.exe -ap \"MSExchangeOWAAppPool\" -v \"v4.0\" -c \
     \"C:\\Program Files\\Microsoft\\Exchange Server\\V15\\bin\\GenericAppPoolConfigWithGCServerEnabledFalse.config\" -a \\\\.\\pipe\\iisipm -h";
const WORKER: &str = "C:\\Windows\\System32\\inetsrv\\w3wp.exe";
const SHELL: &str = "C:\\Windows\\System32\\cmd.exe";

/// The operator looks round and fetches tools.
pub(super) fn typed(desk: &mut Desk<'_>, count: usize) {
    for number in 0..count {
        let start = desk.dice.below(desk.tools.commands.len());
        let command = &desk.tools.commands[(start + number) % desk.tools.commands.len()];
        run(desk, "webserver-child", "the web server started a command shell", command);
    }
}

/// The operator asks the directory who and what there is.
pub(super) fn discovery(desk: &mut Desk<'_>, count: usize) {
    for number in 0..count {
        let command = &desk.tools.discovery[number % desk.tools.discovery.len()];
        run(desk, "discovery-domain", "asked the directory for its administrators and machines", command);
    }
}

/// One command: the request, the shell that the web server starts, and what that starts.
pub(super) fn run(desk: &mut Desk<'_>, technique: &str, fact: &str, [command, image, line]: &[String; 3]) {
    desk.wait(5, 90);
    entry::post(desk, "POST");
    desk.hostile(technique, fact);
    let folder = desk.shells.last().map_or_else(String::new, |shell| format!("{}\\", shell.folder));
    let typed = format!("\"cmd\" /c cd /d \"{folder}\"&{}&echo [S]&cd&echo [E]", desk.filled(command));
    let world = desk.cx.world;
    let who = Who::system(world, &world.hosts.ex);
    let (pid, worker) = (desk.pid(), 4 * (900 + world.intruder.password.len() as u64 * 37));
    let shell = Process {
        image: SHELL,
        command: &typed,
        parent: WORKER,
        parent_command: POOL,
        directory: "c:\\windows\\system32\\inetsrv\\",
        who: &who,
        pid,
        parent_pid: worker,
    };
    start(desk, &shell);
    if image.is_empty() {
        return;
    }
    let line = desk.filled(line);
    desk.now += 30_000;
    let (directory, child_pid) = (folder, desk.pid());
    let child = Process {
        image,
        command: &line,
        parent: SHELL,
        parent_command: &typed,
        directory: &directory,
        who: &who,
        pid: child_pid,
        parent_pid: pid,
    };
    start(desk, &child);
}

/// A program starts on the mail server, seen by Sysmon and by the audit.
fn start(desk: &mut Desk<'_>, process: &Process<'_>) {
    let cx = desk.cx;
    process.sysmon(&cx, desk.plan.out("ex-sysmon"), desk.now, &cx.world.hosts.ex);
    process.security(&cx, desk.plan.out("ex-security"), desk.now + 700);
}

/// Secrets out of memory or out of the registry.
pub(super) fn credentials(desk: &mut Desk<'_>, variant: &str) {
    if variant == "hives" {
        for command in &desk.tools.hives {
            run(desk, "credential-dump", "saved a registry hive that holds secrets", command);
        }
        return;
    }
    let dump = format!("{}\\{}.dmp", desk.temp(), desk.cx.world.intruder.tools[1]);
    let rundll = "C:\\Windows\\System32\\rundll32.exe".to_owned();
    let renamed = format!("{}\\{}.exe", desk.temp(), desk.cx.world.intruder.tools[3]);
    let (image, line, access) = match desk.dice.below(3) {
        0 => (
            rundll,
            format!("rundll32.exe  C:\\windows\\system32\\comsvcs.dll, MiniDump 652 {dump} full"),
            0x1f_ffff,
        ),
        1 => {
            (rundll, format!("rundll32.exe  C:\\windows\\system32\\comsvcs.dll, #24 652 {dump} full"), 0x1410)
        }
        _ => (renamed.clone(), format!("{renamed}  -accepteula -ma lsass.exe {dump}"), 0x1f_ffff),
    };
    let command = [line.clone(), image.clone(), line];
    run(desk, "credential-dump", "dumped the memory of the process that holds secrets", &command);
    let cx = desk.cx;
    let ex = &cx.world.hosts.ex;
    let trace = "C:\\Windows\\SYSTEM32\\ntdll.dll+9fc24|C:\\Windows\\System32\\KERNELBASE.dll+20d0e|\
                 C:\\Windows\\SYSTEM32\\dbgcore.DLL+6b0c|C:\\Windows\\System32\\comsvcs.dll+2b1a4";
    desk.now += 90_000;
    let lsass = (image.as_str(), "C:\\Windows\\System32\\lsass.exe");
    windows::process_opened(&cx, desk.plan.out("ex-sysmon"), desk.now, ex, lsass, (access, trace));
    desk.now += 200_000;
    windows::file_created(&cx, desk.plan.out("ex-sysmon"), desk.now, ex, &image, &dump);
}
