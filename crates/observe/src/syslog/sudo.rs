//! What `sudo` says.

use model::Event;

use super::auth;

/// Adds what `message` says: `USER : [REASON ; ]TTY=... ; PWD=... ; USER=... ; COMMAND=...`.
pub(super) fn push(event: &mut Event, message: &str) {
    let Some((user, mut rest)) = message.split_once(" : ").filter(|(_, rest)| rest.contains('=')) else {
        return auth::push_pam(event, message);
    };
    event.push_str("sudo.user", user.trim());
    event.also("user");
    let mut refused = false;
    loop {
        // The command comes last and may hold anything.
        if let Some(command) = rest.strip_prefix("COMMAND=") {
            event.push_str("sudo.command", command);
            event.also("COMMAND");
            break;
        }
        let (part, after) = rest.split_once(" ; ").unwrap_or((rest, ""));
        refused |= push_part(event, part);
        if after.is_empty() {
            break;
        }
        rest = after;
    }
    event.push_str("sudo.result", if refused { "refused" } else { "allowed" });
}

/// Adds one part; tells whether it is the reason of a refusal.
fn push_part(event: &mut Event, part: &str) -> bool {
    let Some((key, value)) =
        part.split_once('=').filter(|(key, _)| key.bytes().all(|b| b.is_ascii_uppercase()))
    else {
        event.push_str("sudo.reason", part.trim());
        return true;
    };
    let name = match key {
        "TTY" => "sudo.tty",
        "PWD" => "sudo.pwd",
        "USER" => "sudo.target",
        "GROUP" => "sudo.group",
        "CHROOT" => "sudo.chroot",
        "ENV" => "sudo.env",
        "TSID" => "sudo.tsid",
        "HOST" => "sudo.host",
        _ => return false,
    };
    event.push_str(name, value);
    event.also(key);
    false
}
