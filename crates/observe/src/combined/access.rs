use std::net::IpAddr;

use memchr::memchr_iter;
use model::{Event, Kind};

use super::Scratch;
use crate::w3c::clock::{self, DAY, Stamp};

/// One line of an access log; quoted values still hold their escapes.
#[derive(Debug)]
pub(super) struct Access<'a> {
    host: Option<&'a str>,
    client: &'a str,
    forwarded: Option<&'a str>,
    ident: &'a str,
    user: &'a str,
    pub(super) stamp: Stamp,
    request: &'a str,
    status: &'a str,
    bytes: &'a str,
    /// What follows: in the combined format the referrer and the user agent, then whatever the
    /// operator added.
    rest: &'a str,
    /// Whether the request is not closed by a quotation mark.
    pub(super) torn: bool,
}

/// Reads `HOST? CLIENT IDENT USER [TIME] "REQUEST" STATUS BYTES ...`.
pub(super) fn parse(line: &str) -> Option<Access<'_>> {
    let (at, stamp) = memchr_iter(b'[', line.as_bytes())
        .take(8)
        .find_map(|at| Some((at, stamp(line.as_bytes().get(at + 1..at + 28)?)?)))?;
    let (host, forwarded, client, ident, user) = who(line[..at].trim_end())?;
    // The stamp is ASCII, so the byte after it begins a character.
    let rest = line[at + 28..].trim_start();
    let (request, rest, closed) = quoted(rest)?;
    let (status, rest) = word(rest);
    let (bytes, rest) = word(rest);
    let numbers = clock::number(status.as_bytes()).is_some() || status == "-";
    (numbers || !closed).then_some(Access {
        host,
        client,
        forwarded,
        ident,
        user,
        stamp,
        request,
        status,
        bytes,
        rest,
        torn: !closed,
    })
}

/// `24/Aug/2021:09:12:00 +0100]`
fn stamp(text: &[u8]) -> Option<Stamp> {
    let [d1, d2, b'/', m1, m2, m3, b'/', y1, y2, y3, y4, b':', time @ ..] = text else { return None };
    let (time, zone) = time.split_at_checked(8)?;
    let [b' ', zone @ .., b']'] = zone else { return None };
    let month = clock::month(&[*m1, *m2, *m3])?;
    let days = clock::days(clock::number(&[*y1, *y2, *y3, *y4])?, month, clock::number(&[*d1, *d2])?)?;
    let (offset, _) = clock::offset(zone)?;
    Some(Stamp { local: days * DAY + clock::time_of_day(time)?, offset: Some(offset) })
}

type Who<'a> = (Option<&'a str>, Option<&'a str>, &'a str, &'a str, &'a str);

/// Takes apart what stands before the time. The user name may hold blanks, and a list of
/// forwarding addresses separated by commas may stand in the client's place.
fn who(text: &str) -> Option<Who<'_>> {
    let (first, rest) = word(text);
    let (second, after_second) = word(rest);
    let is_address = |text: &str| text.parse::<IpAddr>().is_ok();
    let hosted = !is_address(first) && !first.ends_with(',') && is_address(second);
    let (host, client, mut rest) =
        if hosted { (Some(first), second, after_second) } else { (None, first, rest) };
    let mut forwarded = None;
    if client.ends_with(',') {
        let mut last = client;
        while last.ends_with(',') && !rest.is_empty() {
            (last, rest) = word(rest);
        }
        let start = text.len() - text.trim_start().len();
        forwarded = Some(text[start..text.len() - rest.len()].trim());
    }
    let (ident, user) = word(rest);
    (!ident.is_empty()).then_some((
        host,
        forwarded,
        client.trim_end_matches(','),
        ident,
        if user.is_empty() { "-" } else { user },
    ))
}

/// The text up to the next blank, and what follows.
fn word(text: &str) -> (&str, &str) {
    let text = text.trim_start_matches(' ');
    text.split_once(' ').map_or((text, ""), |(word, rest)| (word, rest.trim_start_matches(' ')))
}

/// A value in quotation marks, what follows, and whether it was closed. A mark inside is escaped
/// or, in old logs, not followed by a blank.
fn quoted(text: &str) -> Option<(&str, &str, bool)> {
    let inner = text.strip_prefix('"')?;
    let bytes = inner.as_bytes();
    let mut escaped_at = usize::MAX;
    for at in memchr::memchr2_iter(b'"', b'\\', bytes) {
        if escaped_at == at {
            continue;
        }
        if bytes[at] == b'\\' {
            escaped_at = at + 1;
        } else if bytes.get(at + 1).is_none_or(|next| *next == b' ') {
            return Some((&inner[..at], inner[at + 1..].trim_start_matches(' '), true));
        }
    }
    Some((inner, "", false))
}

impl Access<'_> {
    pub(super) fn push(&self, event: &mut Event, scratch: &mut Scratch) {
        if let Some(host) = self.host {
            match host.rsplit_once(':') {
                Some((name, port)) if clock::number(port.as_bytes()).is_some() => {
                    event.push_str("cs-host", name);
                    event.push_str_kind("s-port", Kind::Int, port);
                }
                _ => event.push_str("cs-host", host),
            }
        }
        event.push_str("c-ip", self.client);
        if let Some(forwarded) = self.forwarded {
            event.push_str("x-forwarded-for", forwarded);
        }
        push(event, "cs-ident", self.ident);
        scratch.push_quoted(event, "cs-username", self.user.trim_matches('"'));
        scratch.push_request(event, self.request);
        push(event, "sc-status", self.status);
        push(event, "sc-bytes", self.bytes);
        self.push_rest(event, scratch);
    }

    fn push_rest(&self, event: &mut Event, scratch: &mut Scratch) {
        let mut rest = self.rest;
        for name in ["cs-referer", "cs-user-agent"] {
            if let Some((value, after, _)) = quoted(rest) {
                scratch.push_quoted(event, name, value);
                rest = after;
            }
        }
        while !rest.is_empty() {
            if let Some((value, after, _)) = quoted(rest) {
                scratch.push_quoted(event, "extra", value);
                rest = after;
            } else {
                let (value, after) = word(rest);
                push(event, "extra", value);
                rest = after;
            }
        }
    }
}

/// Adds a value that is a number, a word, or `-` for none.
fn push(event: &mut Event, name: &str, value: &str) {
    match value {
        "" => {}
        "-" => event.push_null(name),
        _ if clock::number(value.as_bytes()).is_some() => event.push_str_kind(name, Kind::Int, value),
        _ => event.push_str(name, value),
    }
}
