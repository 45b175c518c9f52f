//! Which program's messages belong to which log source, and who takes them apart.

use model::{Event, SourceId};

use super::samba::Operations;
use super::{auth, postfix, samba, sshd, sudo};
use crate::LogSources;

/// The names of RFC 5424's facilities, by number.
pub(super) const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
    "ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6",
    "local7",
];

/// The names of RFC 5424's severities, by number.
pub(super) const SEVERITIES: [&str; 8] =
    ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

/// What is known of a program's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Speaker {
    Sshd,
    Sudo,
    Postfix,
    Samba,
    Cron,
    Auth,
    ClamAv,
    Vsftpd,
    Guacamole,
    Other,
}

/// The facilities whose messages are about who may do what.
const AUTH_FACILITIES: [u8; 2] = [4, 10];
const CRON_FACILITY: u8 = 9;

/// The log sources, and what the parsers need to know.
pub(super) struct Programs {
    sources: [SourceId; 10],
    operations: &'static Operations,
}

impl Programs {
    pub(super) fn new(table: &LogSources) -> Self {
        let names = [
            "linux-sshd",
            "linux-sudo",
            "linux-postfix",
            "linux-samba",
            "linux-cron",
            "linux-auth",
            "linux-clamav",
            "linux-vsftpd",
            "linux-guacamole",
            "linux-syslog",
        ];
        Self { sources: names.map(|name| table.named(name)), operations: Operations::shared() }
    }

    /// The source of lines whose program is not known.
    pub(super) fn unknown(&self) -> SourceId {
        self.sources[Speaker::Other as usize]
    }

    /// Gives `event` its source, and what the message says.
    pub(super) fn push(&self, event: &mut Event, program: &str, priority: Option<u8>, message: &str) {
        let speaker = speaker(program, priority);
        event.source = self.sources[speaker as usize];
        match speaker {
            Speaker::Sshd => sshd::push(event, message),
            Speaker::Sudo => sudo::push(event, message),
            Speaker::Postfix => postfix::push(event, program, message),
            Speaker::Samba => samba::push(event, self.operations, message),
            Speaker::Cron => auth::push_cron(event, message),
            Speaker::Auth => auth::push(event, program, message),
            Speaker::Vsftpd => auth::push_vsftpd(event, message),
            Speaker::ClamAv | Speaker::Guacamole | Speaker::Other => {}
        }
    }
}

/// What is known of a program's messages, or else of those of its facility.
fn speaker(program: &str, priority: Option<u8>) -> Speaker {
    match program {
        "sshd" | "sshd-session" | "sshd-auth" => Speaker::Sshd,
        "sudo" => Speaker::Sudo,
        "smbd_audit" | "smbd" => Speaker::Samba,
        "CRON" | "cron" | "crond" | "anacron" | "crontab" => Speaker::Cron,
        "su" | "login" | "passwd" | "chpasswd" | "useradd" | "usermod" | "userdel" | "groupadd"
        | "groupmod" | "groupdel" | "gpasswd" | "chage" | "pkexec" | "polkitd" | "systemd-logind"
        | "unix_chkpwd" | "doas" => Speaker::Auth,
        "clamd" | "clamav" | "clamscan" | "clamav-milter" | "freshclam" => Speaker::ClamAv,
        "vsftpd" => Speaker::Vsftpd,
        "guacd" | "guacamole" => Speaker::Guacamole,
        // `postfix/smtpd`, and `postfix-out/smtp` where there are several instances.
        _ if program.starts_with("postfix") && program.contains('/') => Speaker::Postfix,
        // `su(pam_unix)`, as older PAM modules sign.
        _ if program.contains("(pam_") => Speaker::Auth,
        _ => match priority.map(|priority| priority / 8) {
            Some(facility) if AUTH_FACILITIES.contains(&facility) => Speaker::Auth,
            Some(CRON_FACILITY) => Speaker::Cron,
            _ => Speaker::Other,
        },
    }
}
