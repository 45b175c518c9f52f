//! A published policy as terms (RFC 7208, sections 4.6, 5, 6 and 12).

use std::net::{Ipv4Addr, Ipv6Addr};

use super::macros::Template;

/// What a mechanism that matches says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    Pass,
    Fail,
    SoftFail,
    Neutral,
}

#[derive(Debug)]
pub(super) enum Mechanism {
    All,
    Include(Template),
    Address { of: Option<Template>, four: u8, six: u8 },
    Exchanger { of: Option<Template>, four: u8, six: u8 },
    Pointer(Option<Template>),
    Four(Ipv4Addr, u8),
    Six(Ipv6Addr, u8),
    Exists(Template),
}

/// A record without an error in it.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) mechanisms: Vec<(Says, Mechanism)>,
    pub(super) redirect: Option<Template>,
    pub(super) explanation: Option<Template>,
}

/// Whether a text is such a record: its version, then a space or the end.
pub(super) fn is_record(text: &[u8]) -> bool {
    const VERSION: &[u8] = b"v=spf1";
    text.get(..VERSION.len()).is_some_and(|start| start.eq_ignore_ascii_case(VERSION))
        && matches!(text.get(VERSION.len()), None | Some(b' '))
}

/// Reads a record for which [`is_record`] holds; `None` where anything in it is wrong.
pub(super) fn parse(text: &[u8]) -> Option<Record> {
    let text = str::from_utf8(text).ok()?;
    let mut record = Record::default();
    for term in text.split(' ').skip(1).filter(|term| !term.is_empty()) {
        if !term.bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        match term.find(['=', ':', '/']) {
            Some(end) if term.as_bytes()[end] == b'=' => {
                modifier(&term[..end], &term[end + 1..], &mut record)?;
            }
            _ => record.mechanisms.push(mechanism(term)?),
        }
    }
    Some(record)
}

fn modifier(name: &str, value: &str, record: &mut Record) -> Option<()> {
    let rest = name.strip_prefix(|first: char| first.is_ascii_alphabetic())?;
    if !rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
        return None;
    }
    let place = match name.to_ascii_lowercase().as_str() {
        "redirect" => &mut record.redirect,
        "exp" => &mut record.explanation,
        _ => return Template::parse(value, false).map(drop),
    };
    if place.is_some() {
        return None;
    }
    *place = Some(Template::domain(value)?);
    Some(())
}

fn mechanism(term: &str) -> Option<(Says, Mechanism)> {
    let (says, term) = match term.as_bytes().first()? {
        b'+' => (Says::Pass, &term[1..]),
        b'-' => (Says::Fail, &term[1..]),
        b'~' => (Says::SoftFail, &term[1..]),
        b'?' => (Says::Neutral, &term[1..]),
        _ => (Says::Pass, term),
    };
    let (name, rest) = term.split_at(term.find([':', '/']).unwrap_or(term.len()));
    let argument = rest.strip_prefix(':');
    let mechanism = match name.to_ascii_lowercase().as_str() {
        "all" if rest.is_empty() => Mechanism::All,
        "include" => Mechanism::Include(Template::domain(argument?)?),
        "exists" => Mechanism::Exists(Template::domain(argument?)?),
        "ptr" => Mechanism::Pointer(optional(rest)?),
        "a" => {
            let (rest, four, six) = lengths(rest)?;
            Mechanism::Address { of: optional(rest)?, four, six }
        }
        "mx" => {
            let (rest, four, six) = lengths(rest)?;
            Mechanism::Exchanger { of: optional(rest)?, four, six }
        }
        "ip4" => {
            let (address, length) = network(argument?, 32)?;
            Mechanism::Four(address.parse().ok()?, length)
        }
        "ip6" => {
            let (address, length) = network(argument?, 128)?;
            Mechanism::Six(address.parse().ok()?, length)
        }
        _ => return None,
    };
    Some((says, mechanism))
}

fn optional(rest: &str) -> Option<Option<Template>> {
    if rest.is_empty() {
        return Some(None);
    }
    Template::domain(rest.strip_prefix(':')?).map(Some)
}

/// Takes the two lengths off the end. A slash may stand in the name as well, so they are looked for
/// from behind.
fn lengths(rest: &str) -> Option<(&str, u8, u8)> {
    let (rest, six) = match rest.rsplit_once("//") {
        Some((rest, digits)) if is_number(digits) => (rest, length(digits, 128)?),
        _ => (rest, 128),
    };
    let (rest, four) = match rest.rsplit_once('/') {
        Some((rest, digits)) if is_number(digits) => (rest, length(digits, 32)?),
        _ => (rest, 32),
    };
    Some((rest, four, six))
}

fn network(text: &str, most: u8) -> Option<(&str, u8)> {
    match text.split_once('/') {
        Some((address, digits)) => Some((address, length(digits, most)?)),
        None => Some((text, most)),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn length(digits: &str, most: u8) -> Option<u8> {
    let leads = digits.len() > 1 && digits.starts_with('0');
    if !is_number(digits) || leads {
        return None;
    }
    digits.parse().ok().filter(|length| *length <= most)
}
