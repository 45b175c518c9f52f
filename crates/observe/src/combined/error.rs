use model::{Event, Kind};

use super::Scratch;
use crate::w3c::clock::{self, DAY};

/// One line of an error log.
#[derive(Debug)]
pub(super) struct Failure<'a> {
    /// Whether nginx wrote it; else Apache httpd.
    pub(super) nginx: bool,
    /// When, on the server's clock, in microseconds since 1970.
    pub(super) local: i64,
    module: Option<&'a str>,
    level: &'a str,
    pid: Option<&'a str>,
    client: Option<&'a str>,
    message: &'a str,
}

/// Reads a line of Apache's or nginx's error log.
pub(super) fn parse(line: &str) -> Option<Failure<'_>> {
    apache(line).or_else(|| nginx(line))
}

/// `[Tue Aug 24 09:12:00.123456 2021] [core:error] [pid 1:tid 2] [client 192.0.2.7:5] TEXT`
fn apache(line: &str) -> Option<Failure<'_>> {
    let (time, mut rest) = bracketed(line)?;
    let local = apache_time(time)?;
    let mut failure =
        Failure { nginx: false, local, module: None, level: "", pid: None, client: None, message: "" };
    while let Some((part, after)) = bracketed(rest) {
        if let Some(pid) = part.strip_prefix("pid ") {
            failure.pid = Some(pid.split_once(':').map_or(pid, |(pid, _)| pid));
        } else if let Some(client) = part.strip_prefix("client ").or_else(|| part.strip_prefix("remote ")) {
            failure.client = Some(client);
        } else if failure.level.is_empty() {
            let (module, level) = part.split_once(':').unwrap_or(("", part));
            failure.module = Some(module).filter(|module| !module.is_empty());
            failure.level = level;
        } else {
            break;
        }
        rest = after;
    }
    failure.message = rest;
    (!failure.level.is_empty()).then_some(failure)
}

fn bracketed(text: &str) -> Option<(&str, &str)> {
    // An IPv6 client stands in brackets of its own, so the end is a bracket before a blank.
    let inner = text.strip_prefix('[')?;
    inner.split_once("] ").or_else(|| Some((inner.strip_suffix(']')?, "")))
}

/// `Tue Aug 24 09:12:00.123456 2021`
fn apache_time(text: &str) -> Option<i64> {
    let mut parts = text.split_ascii_whitespace().skip(1).map(str::as_bytes);
    let (month, day, time, year) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let days = clock::days(clock::number(year)?, clock::month(month)?, clock::number(day)?)?;
    Some(days * DAY + clock::time_of_day(time)?)
}

/// `2021/08/24 09:12:00 [error] 1#2: *3 TEXT, client: 192.0.2.7, server: _, request: "..."`
fn nginx(line: &str) -> Option<Failure<'_>> {
    let (stamp, length) = clock::iso(line.as_bytes())?;
    if line.as_bytes()[4] != b'/' {
        return None;
    }
    let (level, rest) = bracketed(line[length..].strip_prefix(' ')?)?;
    let (process, message) = rest.split_once(": ")?;
    let (pid, _) = process.split_once('#')?;
    clock::number(pid.as_bytes())?;
    let client =
        message.split_once(", client: ").map(|(_, after)| after.split_once(',').map_or(after, |(ip, _)| ip));
    Some(Failure { nginx: true, local: stamp.local, module: None, level, pid: Some(pid), client, message })
}

/// The address of `192.0.2.7:5678`, `[2001:db8::7]:5678` or either without a port.
fn address(client: &str) -> &str {
    if let Some((address, _)) = client.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return address;
    }
    match client.split_once(':') {
        Some((address, port)) if !port.contains(':') => address,
        _ => client,
    }
}

impl Failure<'_> {
    pub(super) fn push(&self, event: &mut Event, scratch: &mut Scratch) {
        event.push_str("message", self.message);
        event.push_str("level", self.level);
        if let Some(module) = self.module {
            event.push_str("module", module);
        }
        if let Some(pid) = self.pid {
            event.push_str_kind("pid", Kind::Int, pid);
        }
        if let Some(client) = self.client {
            event.push_str("c-ip", address(client));
        }
        if let Some((_, request)) = self.message.split_once("request: \"")
            && let Some((request, _)) = request.split_once('"')
        {
            scratch.push_request(event, request);
        }
    }
}
