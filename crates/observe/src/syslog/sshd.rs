//! What OpenSSH's `sshd` says.

use model::{Event, Kind};

use super::auth;
use crate::w3c::clock;

/// How a message begins → result, and whether the name of a method follows it.
const ATTEMPTS: &[(&str, &str)] =
    &[("Accepted ", "accepted"), ("Failed ", "failed"), ("Postponed ", "postponed")];

/// What stands before the address → result, for messages without a method.
const OTHERS: &[(&str, &str)] = &[
    ("Invalid user ", "invalid_user"),
    ("Illegal user ", "invalid_user"),
    ("error: maximum authentication attempts exceeded for ", "too_many_attempts"),
    ("Disconnecting ", "disconnected"),
    ("Disconnected from ", "disconnected"),
    ("Received disconnect from ", "disconnected"),
    ("Connection closed by ", "closed"),
    ("Connection reset by ", "closed"),
    ("Connection from ", "connected"),
    ("Did not receive identification string from ", "no_identification"),
    ("banner exchange: Connection from ", "no_identification"),
    ("Unable to negotiate with ", "not_negotiated"),
];

/// Words that stand between the beginning of a message and the user.
const USER_WORDS: [&str; 3] = ["invalid user ", "authenticating user ", "user "];

/// Adds what `message` says.
pub(super) fn push(event: &mut Event, message: &str) {
    let message = auth::unrepeated(event, message);
    for (begin, result) in ATTEMPTS {
        if let Some(rest) = message.strip_prefix(begin)
            && let Some((method, rest)) = rest.split_once(" for ")
        {
            event.push_str("sshd.result", result);
            event.push_str("sshd.method", method);
            return push_from(event, rest);
        }
    }
    for (begin, result) in OTHERS {
        if let Some(rest) = message.strip_prefix(begin) {
            event.push_str("sshd.result", result);
            return if rest.contains(" from ") || begin.ends_with("user ") || begin.ends_with("for ") {
                push_from(event, rest)
            } else {
                push_peer(event, rest)
            };
        }
    }
    if let Some((user, rest)) = message.strip_prefix("User ").and_then(|rest| rest.split_once(" from "))
        && let Some((address, _)) = rest.split_once(" not allowed because")
    {
        event.push_str("sshd.result", "not_allowed");
        event.push_str("user", user);
        return event.push_str("src_ip", address);
    }
    auth::push_pam(event, message);
}

/// `[invalid user ]USER from ADDRESS port PORT ssh2...`. A user may call himself `x from 192.0.2.1`,
/// so the last address counts.
fn push_from(event: &mut Event, rest: &str) {
    let Some((user, address)) = rest.rsplit_once(" from ") else { return push_user(event, rest) };
    push_user(event, user);
    push_address(event, address);
}

/// `[user USER ]ADDRESS port PORT`
fn push_peer(event: &mut Event, rest: &str) {
    let Some((before, port)) = rest.rsplit_once(" port ") else {
        return push_address(event, rest);
    };
    let (user, address) = before.rsplit_once(' ').unwrap_or(("", before));
    if !user.is_empty() {
        push_user(event, user);
    }
    push_address(event, address);
    push_port(event, port);
}

fn push_user(event: &mut Event, text: &str) {
    let plain = USER_WORDS.iter().find_map(|word| text.strip_prefix(word)).unwrap_or(text);
    if text.starts_with(USER_WORDS[0]) {
        event.push_bool("sshd.invalid_user", true);
    }
    event.push_str("user", plain);
}

/// `ADDRESS[ port PORT][ ssh2][: KEYTYPE FINGERPRINT]`
fn push_address(event: &mut Event, text: &str) {
    let end = text.find([' ', ',']).unwrap_or(text.len());
    let (address, rest) = text.split_at(end);
    // What follows a colon is text, unless it is part of the address.
    let address = address.strip_suffix(':').unwrap_or(address);
    if !address.is_empty() {
        event.push_str("src_ip", address);
    }
    if let Some(port) = rest.strip_prefix(" port ") {
        push_port(event, port);
        if let Some((_, key)) = port.split_once(" ssh2: ") {
            let fingerprint =
                key.split(' ').find(|part| part.starts_with("SHA256:") || part.starts_with("MD5:"));
            event.push_str("sshd.key", fingerprint.unwrap_or(key));
        }
    }
}

fn push_port(event: &mut Event, text: &str) {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if clock::number(&text.as_bytes()[..digits]).is_some() {
        event.push_str_kind("src_port", Kind::Int, &text[..digits]);
    }
}
