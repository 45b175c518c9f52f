//! What PAM, `su`, the account tools, cron and vsftpd say.

use model::{Event, Kind};

/// The message that rsyslog folded: `message repeated 2 times: [ TEXT]`.
pub(super) fn unrepeated<'m>(event: &mut Event, message: &'m str) -> &'m str {
    let folded = message.strip_prefix("message repeated ").and_then(|rest| {
        let (count, text) = rest.split_once(" times: [")?;
        Some((count.parse::<u64>().ok()?, text.trim_start().strip_suffix(']')?))
    });
    folded.map_or(message, |(count, text)| {
        event.push_uint("repeated", count);
        text
    })
}

/// Adds what one of the programs of logging in and of accounts says.
pub(super) fn push(event: &mut Event, program: &str, message: &str) {
    let message = unrepeated(event, message);
    if program == "su" && push_su(event, message) {
        return;
    }
    if message.starts_with("new user: ") || message.starts_with("new group: ") {
        return push_account(event, message);
    }
    push_pam(event, message);
}

/// `(to root) bob on pts/0`, `FAILED SU (to root) bob on pts/0`, `Successful su for root by bob`.
fn push_su(event: &mut Event, message: &str) -> bool {
    let (result, rest) =
        match message.strip_prefix("FAILED SU ").or_else(|| message.strip_prefix("FAILED su ")) {
            Some(rest) => ("failed", rest),
            None => ("accepted", message.strip_prefix("Successful su ").unwrap_or(message)),
        };
    let parts = match rest.strip_prefix("(to ") {
        Some(rest) => {
            rest.split_once(") ").map(|(to, by)| (to, by.split_once(" on ").map_or(by, |(by, _)| by)))
        }
        None => rest.strip_prefix("for ").and_then(|rest| rest.split_once(" by ")),
    };
    let Some((to, by)) = parts else { return false };
    event.push_str("su.result", result);
    event.push_str("su.target", to);
    event.push_str("user", by);
    true
}

/// `new user: name=bob, UID=1000, GID=0, home=/home/bob, shell=/bin/sh`
fn push_account(event: &mut Event, message: &str) {
    for part in message.split(", ") {
        let (key, value) = part.split_once('=').unwrap_or_default();
        let name = match key {
            "new user: name" => "account.user",
            "new group: name" => "account.group",
            "UID" => "account.uid",
            "GID" => "account.gid",
            "home" => "account.home",
            "shell" => "account.shell",
            _ => continue,
        };
        event.push_str(name, value);
    }
}

/// Adds what a PAM module says: `pam_unix(sshd:session): session opened for user bob by (uid=0)` or
/// `pam_unix(sshd:auth): authentication failure; logname= uid=0 ... rhost=192.0.2.7  user=bob`.
pub(super) fn push_pam(event: &mut Event, message: &str) {
    let Some((service, text)) = message
        .split_once('(')
        .filter(|(module, _)| module.starts_with("pam_"))
        .and_then(|(_, rest)| rest.split_once("): "))
    else {
        return;
    };
    let (service, kind) = service.split_once(':').unwrap_or((service, ""));
    event.push_str("pam.service", service);
    event.push_str("pam.type", kind);
    if let Some(session) = text.strip_prefix("session ") {
        let (state, rest) = session.split_once(' ').unwrap_or((session, ""));
        event.push_str("pam.result", state);
        if let Some(user) = rest.strip_prefix("for user ") {
            let name = user.split([' ', '(']).next().unwrap_or(user);
            event.push_str("user", name);
        }
        if let Some((_, by)) = rest.rsplit_once(" by ") {
            event.push_str("pam.by", by.split('(').next().unwrap_or(by));
        }
    } else if text.contains("authentication failure") {
        event.push_str("pam.result", "failed");
        push_pam_values(event, text);
    }
}

fn push_pam_values(event: &mut Event, text: &str) {
    for part in text.split([' ', ';']) {
        let (key, value) = part.split_once('=').unwrap_or_default();
        let name = match key {
            "user" => "user",
            "rhost" => "src_ip",
            "tty" => "pam.tty",
            "ruser" => "pam.ruser",
            _ => continue,
        };
        if !value.is_empty() {
            event.push_str(name, value);
        }
    }
}

/// Adds what cron says: `(root) CMD (/usr/bin/x)`.
pub(super) fn push_cron(event: &mut Event, message: &str) {
    let Some((user, rest)) = message.strip_prefix('(').and_then(|rest| rest.split_once(") ")) else {
        return push_pam(event, message);
    };
    event.push_str("cron.user", user);
    event.also("user");
    let (action, argument) = rest.split_once(" (").unwrap_or((rest, ""));
    event.push_str("cron.action", action);
    if let Some(command) = argument.strip_suffix(')') {
        event.push_str("cron.command", command.trim());
    }
}

/// Adds what vsftpd says: `[bob] OK DOWNLOAD: Client "192.0.2.7", "/a", 12 bytes, 1.00Kbyte/sec`.
pub(super) fn push_vsftpd(event: &mut Event, message: &str) {
    let (user, rest) = message
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("] "))
        .map_or((None, message), |(user, rest)| (Some(user), rest));
    let Some((action, rest)) = rest.split_once(": Client \"") else { return push_pam(event, message) };
    if let Some(user) = user {
        event.push_str("user", user);
    }
    event.push_str("vsftpd.action", action);
    let mut quoted = rest.split('"');
    if let Some(address) = quoted.next() {
        event.push_str("src_ip", address.strip_prefix("::ffff:").unwrap_or(address));
    }
    if let Some(path) = quoted.nth(1) {
        event.push_str("vsftpd.path", path);
    }
    if let Some((_, size)) = rest.rsplit_once("\", ")
        && let Some((bytes, _)) = size.split_once(" bytes")
    {
        event.push_str_kind("vsftpd.bytes", Kind::Int, bytes);
    }
}
