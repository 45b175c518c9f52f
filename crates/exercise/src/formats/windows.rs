//! Events of Windows and Sysmon that the story and ordinary traffic share.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use uuid::Uuid;

use super::fixed;
use crate::batch::Batch;
use crate::calendar::Stamp;
use crate::context::Context;
use crate::evtx_writer::Sid;
use crate::world::{Account, Host, Person, World};

/// Separates the rights in an access list.
pub(crate) const AND: &str = "\r\n\t\t\t\t";

#[derive(Deserialize)]
struct Programs {
    programs: BTreeMap<String, [String; 3]>,
}

/// What known programs say of themselves.
static PROGRAMS: LazyLock<BTreeMap<String, [String; 3]>> = LazyLock::new(|| {
    toml::from_str::<Programs>(include_str!("../../../../exercises/programs.toml"))
        .map(|table| table.programs)
        .unwrap_or_default()
});

/// Who runs a program.
#[derive(Clone, Debug)]
pub(crate) struct Who {
    pub sid: Sid,
    pub name: String,
    pub domain: String,
    pub logon: u64,
    /// As Sysmon shows it.
    pub shown: String,
    /// Integrity: `Medium`, `High` or `System`.
    pub integrity: &'static str,
}

impl Who {
    /// The operating system itself on `host`.
    pub(crate) fn system(world: &World, host: &Host) -> Self {
        Self {
            sid: Sid::new(5, &[18]),
            name: format!("{}$", host.name),
            domain: world.netbios.clone(),
            logon: 0x3e7,
            shown: "NT AUTHORITY\\SYSTEM".to_owned(),
            integrity: "System",
        }
    }

    /// Somebody at their desk.
    pub(crate) fn person(world: &World, person: &Person) -> Self {
        Self {
            sid: person.sid,
            name: person.sam.clone(),
            domain: world.netbios.clone(),
            logon: 0x10_0000 + fixed(&person.sam) % 0xf0_0000,
            shown: format!("{}\\{}", world.netbios, person.sam),
            integrity: "Medium",
        }
    }

    /// An account with high rights.
    pub(crate) fn account(world: &World, account: &Account, logon: u64) -> Self {
        Self {
            sid: account.sid,
            name: account.sam.clone(),
            domain: world.netbios.clone(),
            logon,
            shown: format!("{}\\{}", world.netbios, account.sam),
            integrity: "High",
        }
    }
}

/// A program that starts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Process<'a> {
    pub image: &'a str,
    pub command: &'a str,
    pub parent: &'a str,
    pub parent_command: &'a str,
    pub directory: &'a str,
    pub who: &'a Who,
    pub pid: u64,
    pub parent_pid: u64,
}

/// The part of a path after the last separator.
pub(crate) fn base(path: &str) -> &str {
    path.rsplit('\\').next().unwrap_or(path)
}

/// An identifier for a process that Sysmon saw.
pub(crate) fn process_guid(host: &str, pid: u64, micros: i64) -> Uuid {
    let day = (micros / 86_400_000_000) as u64;
    Uuid::from_u64_pair(fixed(host) << 32 | day, fixed(host) ^ (pid << 20) | pid)
}

fn hashes(image: &str) -> String {
    let name = base(image).to_ascii_lowercase();
    let word = |salt: u64| fixed(&name).wrapping_mul(2 * salt + 1).rotate_left(salt as u32);
    format!(
        "MD5={:016X}{:016X},SHA256={:016X}{:016X}{:016X}{:016X}",
        word(1),
        word(2),
        word(3),
        word(4),
        word(5),
        word(6)
    )
}

fn utc(micros: i64) -> String {
    let stamp = Stamp::new(micros);
    format!("{} {}.{:03}", stamp.date(), stamp.time(), stamp.millis)
}

impl Process<'_> {
    /// Sysmon 1.
    pub(crate) fn sysmon(&self, cx: &Context<'_>, out: &mut Batch, micros: i64, host: &Host) {
        let name = base(self.image).to_ascii_lowercase();
        let said = PROGRAMS.get(&name);
        let [original, description, company] =
            said.map_or([base(self.image), "-", "-"], |said| said.each_ref().map(String::as_str));
        let system = self.who.integrity == "System";
        cx.catalogue
            .event(out, micros, "sysmon-1")
            .set("UtcTime", &utc(micros))
            .set("ProcessGuid", process_guid(&host.name, self.pid, micros))
            .set("ProcessId", self.pid)
            .set("Image", self.image)
            .set("FileVersion", if company == "Microsoft Corporation" { "10.0.14393.4169" } else { "-" })
            .set("Description", description)
            .set(
                "Product",
                if company == "Microsoft Corporation" {
                    "Microsoft® Windows® Operating System"
                } else {
                    description
                },
            )
            .set("Company", company)
            .set("OriginalFileName", original)
            .set("CommandLine", self.command)
            .set("CurrentDirectory", self.directory)
            .set("User", &self.who.shown)
            .set("LogonGuid", process_guid(&host.name, self.who.logon, micros))
            .set("LogonId", self.who.logon)
            .set("TerminalSessionId", if system { 0_u64 } else { 1 })
            .set("IntegrityLevel", self.who.integrity)
            .set("Hashes", &hashes(self.image))
            .set("ParentProcessGuid", process_guid(&host.name, self.parent_pid, micros))
            .set("ParentProcessId", self.parent_pid)
            .set("ParentImage", self.parent)
            .set("ParentCommandLine", self.parent_command)
            .done_by(2248, 3000);
    }

    /// Security 4688 with the command line.
    pub(crate) fn security(&self, cx: &Context<'_>, out: &mut Batch, micros: i64) {
        let system = self.who.integrity == "System";
        let label = Sid::new(
            16,
            &[match self.who.integrity {
                "System" => 16_384,
                "High" => 12_288,
                _ => 8192,
            }],
        );
        cx.catalogue
            .event(out, micros, "security-4688")
            .set("SubjectUserSid", &self.who.sid)
            .set("SubjectUserName", &self.who.name)
            .set("SubjectDomainName", &self.who.domain)
            .set("SubjectLogonId", self.who.logon)
            .set("NewProcessId", self.pid)
            .set("NewProcessName", self.image)
            .set("TokenElevationType", if system { "%%1936" } else { "%%1938" })
            .set("ProcessId", self.parent_pid)
            .set("CommandLine", self.command)
            .set("ParentProcessName", self.parent)
            .set("MandatoryLabel", &label)
            .done();
    }
}

/// Sysmon 11: a program made a file.
pub(crate) fn file_created(
    cx: &Context<'_>,
    out: &mut Batch,
    micros: i64,
    host: &Host,
    image: &str,
    path: &str,
) {
    let pid = 900 + fixed(image) % 9000;
    let now = utc(micros);
    cx.catalogue
        .event(out, micros, "sysmon-11")
        .set("UtcTime", &now)
        .set("ProcessGuid", process_guid(&host.name, pid, micros))
        .set("ProcessId", pid)
        .set("Image", image)
        .set("TargetFilename", path)
        .set("CreationUtcTime", &now)
        .done_by(2248, 3000);
}

/// Sysmon 13: a program set a value in the registry.
pub(crate) fn value_set(
    cx: &Context<'_>,
    out: &mut Batch,
    micros: i64,
    host: &Host,
    image: &str,
    (key, value): (&str, &str),
) {
    let pid = 900 + fixed(image) % 9000;
    cx.catalogue
        .event(out, micros, "sysmon-13")
        .set("UtcTime", &utc(micros))
        .set("ProcessGuid", process_guid(&host.name, pid, micros))
        .set("ProcessId", pid)
        .set("Image", image)
        .set("TargetObject", key)
        .set("Details", value)
        .done_by(2248, 3000);
}

/// A connection that Sysmon 3 saw.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Connection<'a> {
    pub image: &'a str,
    pub user: &'a str,
    pub from: (&'a str, u64),
    pub to: (&'a str, &'a str, u64),
    pub initiated: bool,
}

impl Connection<'_> {
    /// Sysmon 3.
    pub(crate) fn sysmon(&self, cx: &Context<'_>, out: &mut Batch, micros: i64, host: &Host) {
        let pid = 900 + fixed(self.image) % 9000;
        cx.catalogue
            .event(out, micros, "sysmon-3")
            .set("UtcTime", &utc(micros))
            .set("ProcessGuid", process_guid(&host.name, pid, micros))
            .set("ProcessId", pid)
            .set("Image", self.image)
            .set("User", self.user)
            .set("Initiated", u64::from(self.initiated))
            .set("SourceIp", self.from.0)
            .set("SourceHostname", if self.initiated { &host.fqdn } else { "-" })
            .set("SourcePort", self.from.1)
            .set("DestinationIp", self.to.0)
            .set("DestinationHostname", self.to.1)
            .set("DestinationPort", self.to.2)
            .done_by(2248, 3000);
    }
}

/// Sysmon 22: a program asked for a name.
pub(crate) fn name_asked(
    cx: &Context<'_>,
    out: &mut Batch,
    micros: i64,
    host: &Host,
    image: &str,
    (name, answer): (&str, &str),
) {
    let pid = 900 + fixed(image) % 9000;
    cx.catalogue
        .event(out, micros, "sysmon-22")
        .set("UtcTime", &utc(micros))
        .set("ProcessGuid", process_guid(&host.name, pid, micros))
        .set("ProcessId", pid)
        .set("QueryName", name)
        .set("QueryResults", &format!("::ffff:{answer};"))
        .set("Image", image)
        .done_by(2248, 3000);
}

/// Sysmon 10: a program opened another.
pub(crate) fn process_opened(
    cx: &Context<'_>,
    out: &mut Batch,
    micros: i64,
    host: &Host,
    (source, target): (&str, &str),
    (access, trace): (u64, &str),
) {
    let (from, to) = (900 + fixed(source) % 9000, 600 + fixed(target) % 300);
    cx.catalogue
        .event(out, micros, "sysmon-10")
        .set("UtcTime", &utc(micros))
        .set("SourceProcessGUID", process_guid(&host.name, from, micros))
        .set("SourceProcessId", from)
        .set("SourceThreadId", from + 4)
        .set("SourceImage", source)
        .set("TargetProcessGUID", process_guid(&host.name, to, micros))
        .set("TargetProcessId", to)
        .set("TargetImage", target)
        .set("GrantedAccess", access)
        .set("CallTrace", trace)
        .done_by(2248, 3000);
}

/// A command of the Exchange management shell: event 1 where it succeeded, 6 where it failed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cmdlet<'a> {
    pub name: &'a str,
    pub parameters: &'a str,
    /// Canonical name of who ran it.
    pub caller: &'a str,
    pub caller_sid: &'a Sid,
    /// The program that hosted the shell.
    pub host: &'a str,
    pub error: &'a str,
}

impl Cmdlet<'_> {
    /// Adds it to the log `MSExchange Management`.
    pub(crate) fn add(&self, cx: &Context<'_>, out: &mut Batch, micros: i64) {
        let sid = self.caller_sid.to_string();
        let pid = 4000 + fixed(self.caller) % 9000;
        let session = format!("{pid} {}", self.host);
        let thread = (20 + pid % 60).to_string();
        let took = format!("00:00:00.{:07}", 1_000_000 + micros.rem_euclid(8_000_000));
        let scope = "View Entire Forest: 'False', Default Scope: '', Configuration Domain Controller: '', \
                     Preferred Global Catalog: '', Preferred Domain Controllers: '{ }'";
        let texts = [
            self.name,
            self.parameters,
            self.caller,
            &sid,
            &sid,
            "Remote-ManagementShell-Unknown",
            &session,
            "",
            &thread,
            &took,
            scope,
            self.error,
            if self.error.is_empty() { "" } else { "Context" },
            "False",
        ];
        let kind = if self.error.is_empty() { "exchange-1" } else { "exchange-6" };
        cx.catalogue.event(out, micros, kind).set("Data", &texts[..]).done();
    }
}
