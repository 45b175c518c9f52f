//! Logons, tickets and access to files in the Security log.

use uuid::Uuid;

use super::windows::{AND, Who};
use crate::batch::Batch;
use crate::context::Context;
use crate::evtx_writer::Sid;

/// A logon.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Logon<'a> {
    pub who: &'a Who,
    /// 2 at the console, 3 over the network, 4 batch, 5 service, 7 unlock, 9 new credentials, 10
    /// remote desktop.
    pub kind: u64,
    /// Logon process and package.
    pub package: Package,
    pub workstation: &'a str,
    pub address: &'a str,
    pub port: u64,
    pub process: &'a str,
    pub elevated: bool,
}

/// How it was authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Package {
    Kerberos,
    /// NTLM with a session key of that many bits.
    Ntlm(u64),
    /// Credentials typed at the machine or for it.
    Negotiate(&'static str),
}

impl Logon<'_> {
    /// Security 4624.
    pub(crate) fn add(&self, cx: &Context<'_>, out: &mut Batch, micros: i64, guid: Uuid) {
        let (process, package, key) = match self.package {
            Package::Kerberos => ("Kerberos", "Kerberos", 0),
            Package::Ntlm(bits) => ("NtLmSsp ", "NTLM", bits),
            Package::Negotiate(process) => (process, "Negotiate", 0),
        };
        let local = matches!(self.kind, 2 | 4 | 5 | 7 | 9 | 10);
        let event = cx.catalogue.event(out, micros, "security-4624");
        let event = if local {
            event.set("SubjectUserSid", &Sid::new(5, &[18])).set("SubjectLogonId", 0x3e7_u64)
        } else {
            event
        };
        event
            .set("TargetUserSid", &self.who.sid)
            .set("TargetUserName", &self.who.name)
            .set("TargetDomainName", &self.who.domain)
            .set("TargetLogonId", self.who.logon)
            .set("LogonType", self.kind)
            .set("LogonProcessName", process)
            .set("AuthenticationPackageName", package)
            .set("WorkstationName", self.workstation)
            .set("LogonGuid", if self.package == Package::Kerberos { guid } else { Uuid::nil() })
            .set("LmPackageName", if package == "NTLM" { "NTLM V2" } else { "-" })
            .set("KeyLength", key)
            .set("ProcessId", if local { 0x2b4_u64 } else { 0 })
            .set("ProcessName", self.process)
            .set("IpAddress", self.address)
            .set("IpPort", &if self.port == 0 { "-".to_owned() } else { self.port.to_string() })
            .set("ElevatedToken", if self.elevated { "%%1842" } else { "%%1843" })
            .done();
    }
}

/// Security 4634: a logon ended.
pub(crate) fn logoff(cx: &Context<'_>, out: &mut Batch, micros: i64, who: &Who, kind: u64) {
    cx.catalogue
        .event(out, micros, "security-4634")
        .set("TargetUserSid", &who.sid)
        .set("TargetUserName", &who.name)
        .set("TargetDomainName", &who.domain)
        .set("TargetLogonId", who.logon)
        .set("LogonType", kind)
        .done();
}

/// Security 4625: a logon was refused.
pub(crate) fn refused(
    cx: &Context<'_>,
    out: &mut Batch,
    micros: i64,
    (name, domain): (&str, &str),
    (workstation, address): (&str, &str),
    unknown: bool,
) {
    cx.catalogue
        .event(out, micros, "security-4625")
        .set("TargetUserName", name)
        .set("TargetDomainName", domain)
        .set("SubStatus", if unknown { 0xc000_0064_u64 } else { 0xc000_006a })
        .set("WorkstationName", workstation)
        .set("IpAddress", address)
        .set("IpPort", &(49_152 + micros.rem_euclid(16_000)).to_string())
        .done();
}

/// Security 4672: a logon carries rights of an administrator.
pub(crate) fn privileged(cx: &Context<'_>, out: &mut Batch, micros: i64, who: &Who) {
    let rights =
        ["SeSecurityPrivilege", "SeBackupPrivilege", "SeRestorePrivilege", "SeTakeOwnershipPrivilege"];
    cx.catalogue
        .event(out, micros, "security-4672")
        .set("SubjectUserSid", &who.sid)
        .set("SubjectUserName", &who.name)
        .set("SubjectDomainName", &who.domain)
        .set("SubjectLogonId", who.logon)
        .set("PrivilegeList", &rights.join("\r\n\t\t\t"))
        .done();
}

/// Security 4648: somebody used the credentials of another.
pub(crate) fn other_credentials(
    cx: &Context<'_>,
    out: &mut Batch,
    micros: i64,
    by: &Who,
    (name, server): (&str, &str),
    process: &str,
) {
    cx.catalogue
        .event(out, micros, "security-4648")
        .set("SubjectUserSid", &by.sid)
        .set("SubjectUserName", &by.name)
        .set("SubjectDomainName", &by.domain)
        .set("SubjectLogonId", by.logon)
        .set("TargetUserName", name)
        .set("TargetDomainName", &by.domain)
        .set("TargetServerName", server)
        .set("TargetInfo", server)
        .set("ProcessId", 0x1a4_u64 + super::fixed(process) % 8000)
        .set("ProcessName", process)
        .done();
}

/// A share that somebody uses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ShareAccess<'a> {
    pub who: &'a Who,
    pub address: &'a str,
    /// `\\*\Common`
    pub share: &'a str,
    /// `\??\D:\Shares\Common`
    pub folder: &'a str,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Right {
    /// To read data.
    Read,
    /// To see attributes.
    Look,
    /// To write data.
    Write,
}

impl Right {
    fn mask(self) -> (u64, String) {
        let (mask, rights): (u64, &[&str]) = match self {
            Self::Read => (0x12_0089, &["%%1538", "%%1541", "%%4416", "%%4419", "%%4423"]),
            Self::Look => (0x10_0080, &["%%1541", "%%4423"]),
            Self::Write => {
                (0x13_019f, &["%%1537", "%%1538", "%%1541", "%%4416", "%%4417", "%%4418", "%%4423", "%%4424"])
            }
        };
        (mask, rights.join(AND))
    }
}

impl ShareAccess<'_> {
    /// Security 5140: the share was opened.
    pub(crate) fn opened(&self, cx: &Context<'_>, out: &mut Batch, micros: i64) {
        cx.catalogue
            .event(out, micros, "security-5140")
            .set("SubjectUserSid", &self.who.sid)
            .set("SubjectUserName", &self.who.name)
            .set("SubjectDomainName", &self.who.domain)
            .set("SubjectLogonId", self.who.logon)
            .set("IpAddress", self.address)
            .set("IpPort", &port(self.who))
            .set("ShareName", self.share)
            .set("ShareLocalPath", self.folder)
            .done();
    }

    /// Security 5145: a file in it was asked for.
    pub(crate) fn file(&self, cx: &Context<'_>, out: &mut Batch, micros: i64, path: &str, right: Right) {
        let (mask, rights) = right.mask();
        cx.catalogue
            .event(out, micros, "security-5145")
            .set("SubjectUserSid", &self.who.sid)
            .set("SubjectUserName", &self.who.name)
            .set("SubjectDomainName", &self.who.domain)
            .set("SubjectLogonId", self.who.logon)
            .set("IpAddress", self.address)
            .set("IpPort", &port(self.who))
            .set("ShareName", self.share)
            .set("ShareLocalPath", self.folder)
            .set("RelativeTargetName", path)
            .set("AccessMask", mask)
            .set("AccessList", &rights)
            .done();
    }
}

fn port(who: &Who) -> String {
    (49_152 + who.logon % 16_000).to_string()
}

/// Security 4663: a file was read or written by a program on the machine (`System` for the server).
pub(crate) fn object(
    cx: &Context<'_>,
    out: &mut Batch,
    micros: i64,
    who: &Who,
    path: &str,
    process: &str,
    write: bool,
) {
    cx.catalogue
        .event(out, micros, "security-4663")
        .set("SubjectUserSid", &who.sid)
        .set("SubjectUserName", &who.name)
        .set("SubjectDomainName", &who.domain)
        .set("SubjectLogonId", who.logon)
        .set("ObjectName", path)
        .set("HandleId", 0x400_u64 + super::fixed(path) % 0xffff * 4)
        .set("AccessList", if write { "%%4417" } else { "%%4416" })
        .set("AccessMask", if write { 2_u64 } else { 1 })
        .set("ProcessId", if process.is_empty() { 4_u64 } else { 0x300 + super::fixed(process) % 9000 })
        .set("ProcessName", process)
        .done();
}

/// Security 4768: a ticket-granting ticket.
pub(crate) fn ticket_granting(cx: &Context<'_>, out: &mut Batch, micros: i64, who: &Who, address: &str) {
    cx.catalogue
        .event(out, micros, "security-4768")
        .set("TargetUserName", &who.name)
        .set("TargetDomainName", &cx.world.realm)
        .set("TargetSid", &who.sid)
        .set("ServiceSid", &cx.world.sid(502))
        .set("IpAddress", &mapped(address))
        .set("IpPort", &(49_152 + micros.rem_euclid(16_000)).to_string())
        .done();
}

/// Security 4769: a ticket for a service.
pub(crate) fn service_ticket(
    cx: &Context<'_>,
    out: &mut Batch,
    micros: i64,
    who: &Who,
    (service, sid): (&str, &Sid),
    (address, guid): (&str, Uuid),
) {
    let realm = cx.world.realm.to_uppercase();
    cx.catalogue
        .event(out, micros, "security-4769")
        .set("TargetUserName", &format!("{}@{realm}", who.name))
        .set("TargetDomainName", &realm)
        .set("ServiceName", service)
        .set("ServiceSid", sid)
        .set("IpAddress", &mapped(address))
        .set("IpPort", &(49_152 + micros.rem_euclid(16_000)).to_string())
        .set("LogonGuid", guid)
        .done();
}

/// Security 4771: Kerberos refused a password.
pub(crate) fn ticket_refused(
    cx: &Context<'_>,
    out: &mut Batch,
    micros: i64,
    (name, sid): (&str, &Sid),
    address: &str,
) {
    cx.catalogue
        .event(out, micros, "security-4771")
        .set("TargetUserName", name)
        .set("TargetSid", sid)
        .set("ServiceName", &format!("krbtgt/{}", cx.world.realm.to_uppercase()))
        .set("IpAddress", &mapped(address))
        .set("IpPort", &(49_152 + micros.rem_euclid(16_000)).to_string())
        .done();
}

/// Security 4776: the domain controller checked a password for NTLM.
pub(crate) fn ntlm(
    cx: &Context<'_>,
    out: &mut Batch,
    micros: i64,
    (name, workstation): (&str, &str),
    failed: bool,
) {
    let kind = if failed { "security-4776-failed" } else { "security-4776" };
    cx.catalogue.event(out, micros, kind).set("TargetUserName", name).set("Workstation", workstation).done();
}

/// System 7045: a service was installed.
pub(crate) fn service_installed(
    cx: &Context<'_>,
    out: &mut Batch,
    micros: i64,
    (name, image): (&str, &str),
    start: &str,
) {
    cx.catalogue
        .event(out, micros, "system-7045")
        .set("ServiceName", name)
        .set("ImagePath", image)
        .set("StartType", start)
        .done();
}

fn mapped(address: &str) -> String {
    if address.contains(':') { address.to_owned() } else { format!("::ffff:{address}") }
}
