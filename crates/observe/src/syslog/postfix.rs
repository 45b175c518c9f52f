//! What Postfix's daemons say.

use model::{Event, Kind};

use crate::w3c::clock;

/// Keys of Postfix's messages → field.
const KEYS: &[(&str, &str)] = &[
    ("from", "postfix.from"),
    ("to", "postfix.to"),
    ("orig_to", "postfix.orig_to"),
    ("relay", "postfix.relay"),
    ("status", "postfix.status"),
    ("dsn", "postfix.dsn"),
    ("delay", "postfix.delay"),
    ("delays", "postfix.delays"),
    ("conn_use", "postfix.conn_use"),
    ("size", "postfix.size"),
    ("nrcpt", "postfix.nrcpt"),
    ("client", "postfix.client"),
    ("orig_client", "postfix.orig_client"),
    ("orig_queue_id", "postfix.orig_queue_id"),
    ("sasl_method", "postfix.sasl_method"),
    ("sasl_username", "postfix.sasl_username"),
    ("sasl_sender", "postfix.sasl_sender"),
    ("message-id", "postfix.message_id"),
    ("resent-message-id", "postfix.resent_message_id"),
    ("proto", "postfix.proto"),
    ("helo", "postfix.helo"),
    ("uid", "postfix.uid"),
];

/// Adds what `message` says, which a `program` such as `postfix/smtpd` wrote.
pub(super) fn push(event: &mut Event, program: &str, message: &str) {
    event.push_str("postfix.daemon", program.rsplit('/').next().unwrap_or(program));
    let (queue_id, rest) = queue_id(message).map_or((None, message), |(id, rest)| (Some(id), rest));
    if let Some(id) = queue_id {
        event.push_str("postfix.queue_id", id);
    }
    if let Some((action, peer)) = connection(rest) {
        event.push_str("postfix.action", action);
        return push_client(event, peer);
    }
    if let Some(verdict) =
        rest.strip_prefix("NOQUEUE: ").or(Some(rest).filter(|rest| rest.starts_with("reject:")))
    {
        return push_verdict(event, verdict);
    }
    match rest.strip_prefix("warning: ") {
        Some(warning) => push_warning(event, warning),
        None => push_values(event, rest),
    }
}

/// `3F1A2B: ` or, with long queue ids, `4Xyz12AbcdzQ: `.
fn queue_id(message: &str) -> Option<(&str, &str)> {
    let (id, rest) = message.split_once(": ")?;
    let plain = (6..=20).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (plain && id != "NOQUEUE" && id.bytes().any(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()))
        .then_some((id, rest))
        .filter(|(id, _)| !matches!(*id, "warning" | "fatal" | "error" | "panic" | "statistics"))
}

/// `connect from host[192.0.2.7]`, `lost connection after AUTH from host[192.0.2.7]`.
fn connection(text: &str) -> Option<(&str, &str)> {
    let known = [
        "connect from ",
        "disconnect from ",
        "lost connection after ",
        "timeout after ",
        "too many errors after ",
    ];
    let begin = known.iter().find(|begin| text.starts_with(**begin))?;
    let (_, peer) = text.split_once("from ")?;
    let end = begin.find(" from").or_else(|| begin.find(" after"))?;
    Some((&text[..end], peer))
}

/// `host[192.0.2.7]...`
fn push_client(event: &mut Event, peer: &str) {
    let Some((name, rest)) = peer.split_once('[') else { return };
    let Some((address, _)) = rest.split_once(']') else { return };
    event.push_str("postfix.client", name);
    event.push_str("postfix.client_ip", address);
}

/// `reject: RCPT from host[192.0.2.7]: 550 5.1.1 <a@b>: TEXT; from=<c@d> to=<a@b> proto=ESMTP helo=<e>`
fn push_verdict(event: &mut Event, verdict: &str) {
    let (action, rest) = verdict.split_once(": ").unwrap_or((verdict, ""));
    event.push_str("postfix.action", action);
    if let Some((_, peer)) = rest.split_once(" from ") {
        push_client(event, peer);
    }
    // The remote side writes the reply's text, so that the envelope is what follows the last mark.
    match rest.rsplit_once("; from=") {
        Some((reason, _)) => {
            let text = reason.split_once("]: ").map_or(reason, |(_, text)| text);
            event.push_str("postfix.reason", text);
            push_values(event, &rest[reason.len() + 2..]);
        }
        None => event.push_str("postfix.reason", rest),
    }
}

/// `host[192.0.2.7]: SASL LOGIN authentication failed: TEXT`, `header Subject: TEXT from ...; from=...`
fn push_warning(event: &mut Event, warning: &str) {
    if let Some((peer, text)) = warning.split_once("]: SASL ") {
        event.push_str("postfix.action", "sasl_failed");
        if let Some((name, address)) = peer.rsplit_once('[') {
            event.push_str("postfix.client", name);
            event.push_str("postfix.client_ip", address);
        }
        if let Some((method, rest)) = text.split_once(' ') {
            event.push_str("postfix.sasl_method", method);
            if let Some((_, user)) = rest.split_once("sasl_username=") {
                event.push_str("postfix.sasl_username", user.split(", ").next().unwrap_or(user));
            }
        }
    } else if let Some(header) = warning.strip_prefix("header ") {
        let end = header.rfind("; from=").unwrap_or(header.len());
        let (header, envelope) = header.split_at(end);
        let header = header.rsplit_once(" from ").map_or(header, |(text, _)| text);
        if let Some(subject) = header.strip_prefix("Subject: ") {
            event.push_str("postfix.subject", subject);
        }
        push_values(event, envelope);
    }
}

/// Adds `key=value` pairs that are separated by commas or blanks, and the text after a status.
fn push_values(event: &mut Event, text: &str) {
    let mut rest = text;
    while let Some((key, value)) = rest.split_once('=') {
        let key = key.rsplit([' ', ',']).next().unwrap_or(key);
        let (value, after) = cut(value);
        if let Some((_, field)) = KEYS.iter().find(|(known, _)| *known == key) {
            push_value(event, key, field, value);
        }
        if key == "status" {
            let reason = after.trim_start();
            let inner =
                reason.strip_prefix('(').map_or(reason, |inner| inner.strip_suffix(')').unwrap_or(inner));
            if !inner.is_empty() {
                event.push_str("postfix.reason", inner);
            }
            return;
        }
        rest = after;
    }
    if text == "removed" {
        event.push_str("postfix.action", text);
    }
}

/// A value, which may stand in angle brackets, and what follows it.
fn cut(text: &str) -> (&str, &str) {
    if let Some(inner) = text.strip_prefix('<')
        && let Some(end) = inner.find('>')
    {
        return (&inner[..end], &inner[end + 1..]);
    }
    let end = text.find([',', ' ']).unwrap_or(text.len());
    text.split_at(end)
}

fn push_value(event: &mut Event, key: &str, field: &str, value: &str) {
    let number = matches!(key, "size" | "nrcpt" | "uid") && clock::number(value.as_bytes()).is_some();
    match key {
        "client" => push_client(event, value),
        _ if number => event.push_str_kind(field, Kind::Int, value),
        _ => event.push_str(field, value),
    }
    if key == "relay"
        && let Some((_, rest)) = value.split_once('[')
        && let Some((address, _)) = rest.split_once(']')
    {
        event.push_str("postfix.relay_ip", address);
    }
}
