//! One comparison of a rule with one value of an event.

use std::net::IpAddr;

use model::{Kind, Time};
use serde::{Deserialize, Serialize};

/// How a text is compared with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum How {
    Equals,
    Contains,
    StartsWith,
    EndsWith,
}

impl How {
    pub(crate) fn holds(self, value: &str, text: &str) -> bool {
        match self {
            Self::Equals => value == text,
            Self::Contains => memchr::memmem::find(value.as_bytes(), text.as_bytes()).is_some(),
            Self::StartsWith => value.as_bytes().starts_with(text.as_bytes()),
            Self::EndsWith => value.as_bytes().ends_with(text.as_bytes()),
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Equals => "",
            Self::Contains => "contains ",
            Self::StartsWith => "startswith ",
            Self::EndsWith => "endswith ",
        }
    }
}

/// A part of a text with wildcards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Piece {
    /// This text.
    Text(String),
    /// `*`: any characters, also none.
    Many,
    /// `?`: one character.
    One,
    /// `windash`: any of the characters that Windows programs take for a dash or that editors put
    /// in its place.
    Dash,
}

/// The dashes of the `windash` modifier (Sigma specification, modifiers appendix).
pub(crate) const DASHES: [char; 5] = ['-', '/', '\u{2013}', '\u{2014}', '\u{2015}'];

/// A numeric comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Order {
    Below,
    AtMost,
    Above,
    AtLeast,
}

impl Order {
    fn holds(self, value: f64, bound: f64) -> bool {
        match self {
            Self::Below => value < bound,
            Self::AtMost => value <= bound,
            Self::Above => value > bound,
            Self::AtLeast => value >= bound,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Below => "lt",
            Self::AtMost => "lte",
            Self::Above => "gt",
            Self::AtLeast => "gte",
        }
    }
}

/// A part of a point in time, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum TimePart {
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

impl TimePart {
    fn of(self, time: Time) -> i64 {
        let civil = time.civil();
        match self {
            Self::Minute => i64::from(civil.minute()),
            Self::Hour => i64::from(civil.hour()),
            Self::Day => i64::from(civil.day()),
            Self::Week => i64::from(civil.date().iso_week_date().week()),
            Self::Month => i64::from(civil.month()),
            Self::Year => i64::from(civil.year()),
        }
    }
}

/// What one value has to be. Texts are in lower case unless `cased`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Pattern {
    Text { how: How, text: String, cased: bool },
    Glob { pieces: Vec<Piece>, cased: bool },
    Regex(String),
    Cidr(ipnet::IpNet),
    Int(i64),
    Number(f64),
    Order(Order, f64),
    Null,
    Exists(bool),
    FieldRef { field: String, how: How, cased: bool },
    Part(TimePart, i64),
}

/// One value of an event as it stands and in lower case.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) kind: Kind,
    pub(crate) text: &'a str,
    pub(crate) lower: &'a str,
}

impl Pattern {
    /// Whether the pattern holds on a value. `Regex` and `FieldRef` need more than the value and
    /// are answered by the engine; here they do not hold.
    pub(crate) fn holds(&self, subject: Subject<'_>) -> bool {
        match self {
            Self::Text { how, text, cased } => {
                let value = if *cased { subject.text } else { subject.lower };
                how.holds(value, text) || (subject.kind == Kind::Null && text == "-" && *how == How::Equals)
            }
            Self::Glob { pieces, cased } => glob(pieces, if *cased { subject.text } else { subject.lower }),
            Self::Cidr(net) => address(subject.text).is_some_and(|address| net.contains(&address)),
            Self::Int(wanted) => number(subject.text).is_some_and(|found| found == *wanted as f64),
            Self::Number(wanted) => number(subject.text).is_some_and(|found| found == *wanted),
            Self::Order(order, bound) => number(subject.text).is_some_and(|found| order.holds(found, *bound)),
            Self::Null => subject.kind == Kind::Null,
            Self::Exists(wanted) => *wanted,
            Self::Part(part, wanted) => moment(subject).is_some_and(|time| part.of(time) == *wanted),
            Self::Regex(_) | Self::FieldRef { .. } => false,
        }
    }

    /// What the rule asked for, as a person would write it.
    pub(crate) fn wanted(&self) -> String {
        match self {
            Self::Text { how, text, .. } => format!("{}{text}", how.word()),
            Self::Glob { pieces, .. } => pieces.iter().map(Piece::written).collect(),
            Self::Regex(pattern) => format!("re {pattern}"),
            Self::Cidr(net) => format!("cidr {net}"),
            Self::Int(wanted) => wanted.to_string(),
            Self::Number(wanted) => wanted.to_string(),
            Self::Order(order, bound) => format!("{} {bound}", order.word()),
            Self::Null => "null".to_owned(),
            Self::Exists(wanted) => format!("exists {wanted}"),
            Self::FieldRef { field, how, .. } => format!("{}fieldref {field}", how.word()),
            Self::Part(part, wanted) => format!("{} {wanted}", format!("{part:?}").to_lowercase()),
        }
    }
}

impl Piece {
    fn written(&self) -> String {
        match self {
            Self::Text(text) => text.replace('\\', "\\\\").replace('*', "\\*").replace('?', "\\?"),
            Self::Many => "*".to_owned(),
            Self::One => "?".to_owned(),
            Self::Dash => "-".to_owned(),
        }
    }
}

/// Lower case without regard to context, so that a part of a text folds as the whole does.
pub(crate) fn fold(text: &str) -> String {
    if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        text.chars().flat_map(char::to_lowercase).collect()
    }
}

/// Whether `pieces` cover the whole of `value`. Time is at most pieces × length: a piece that does
/// not fit moves only the last `*` on.
pub(crate) fn glob(pieces: &[Piece], value: &str) -> bool {
    let (mut at, mut piece) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    loop {
        let fits = match pieces.get(piece) {
            None if at == value.len() => return true,
            None => None,
            Some(Piece::Many) => {
                if piece + 1 == pieces.len() {
                    return true;
                }
                star = Some((piece, at));
                piece += 1;
                continue;
            }
            Some(Piece::Text(text)) => {
                value.as_bytes()[at..].starts_with(text.as_bytes()).then_some(text.len())
            }
            Some(Piece::One) => value[at..].chars().next().map(char::len_utf8),
            Some(Piece::Dash) => {
                value[at..].chars().next().filter(|c| DASHES.contains(c)).map(char::len_utf8)
            }
        };
        if let Some(length) = fits {
            at += length;
            piece += 1;
            continue;
        }
        let Some((star_piece, star_at)) = star else { return false };
        let Some(next) = next_start(&pieces[star_piece + 1], value, star_at) else { return false };
        star = Some((star_piece, next));
        (piece, at) = (star_piece + 1, next);
    }
}

/// The next place after `from` where the piece behind a `*` may begin.
fn next_start(piece: &Piece, value: &str, from: usize) -> Option<usize> {
    let step = value[from..].chars().next()?.len_utf8();
    let from = from + step;
    match piece {
        Piece::Text(text) => {
            memchr::memmem::find(&value.as_bytes()[from..], text.as_bytes()).map(|found| from + found)
        }
        _ => Some(from),
    }
}

/// The address in a value; an IPv4 address in IPv6 clothes counts as IPv4.
pub(crate) fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_start_matches('[').trim_end_matches(']');
    Some(text.parse::<IpAddr>().ok()?.to_canonical())
}

/// The number that a value is.
pub(crate) fn number(text: &str) -> Option<f64> {
    let first = *text.as_bytes().first()?;
    if first.is_ascii_digit() || matches!(first, b'-' | b'+' | b'.') { text.parse().ok() } else { None }
}

fn moment(subject: Subject<'_>) -> Option<Time> {
    match subject.kind {
        Kind::Int | Kind::Float => {
            let number: f64 = subject.text.parse().ok()?;
            let seconds = if number > 1e12 { number / 1e3 } else { number };
            Time::checked((seconds * 1e6) as i64)
        }
        _ => Time::parse(subject.text).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str) -> Vec<Piece> {
        let mut out = Vec::new();
        for part in text.split_inclusive(['*', '?']) {
            let (plain, wild) = match part.strip_suffix('*') {
                Some(plain) => (plain, Some(Piece::Many)),
                None => match part.strip_suffix('?') {
                    Some(plain) => (plain, Some(Piece::One)),
                    None => (part, None),
                },
            };
            if !plain.is_empty() {
                out.push(Piece::Text(plain.to_owned()));
            }
            out.extend(wild);
        }
        out
    }

    #[test]
    fn wildcards_cover_the_whole_value() {
        for (pattern, value, holds) in [
            ("*", "", true),
            ("*", "x", true),
            ("a*c", "abc", true),
            ("a*c", "ac", true),
            ("a*c", "abcd", false),
            ("a?c", "abc", true),
            ("a?c", "aéc", true),
            ("a?c", "ac", false),
            ("*ab*ab", "abxab", true),
            ("*ab*ab", "ababab", true),
            ("*aab", "aaab", true),
            ("*.aspx?*", "/owa/x.aspx", false),
            ("*.aspx?*", "/owa/x.aspx?y", true),
            ("*a?b*c", "xxaababc", true),
        ] {
            assert_eq!(glob(&pieces(pattern), value), holds, "{pattern} on {value}");
        }
    }

    #[test]
    fn a_mapped_address_is_its_ipv4_address() {
        let net: ipnet::IpNet = "10.0.0.0/8".parse().unwrap();
        for (text, holds) in
            [("10.1.2.3", true), ("::ffff:10.1.2.3", true), ("11.0.0.1", false), ("-", false)]
        {
            let subject = Subject { kind: Kind::Str, text, lower: text };
            assert_eq!(Pattern::Cidr(net).holds(subject), holds, "{text}");
        }
    }

    #[test]
    fn time_parts_are_in_utc() {
        let subject = |text| Subject { kind: Kind::Str, text, lower: text };
        assert!(Pattern::Part(TimePart::Hour, 23).holds(subject("2021-10-28T00:30:00+01:00")));
        assert!(Pattern::Part(TimePart::Week, 43).holds(subject("2021-10-28")));
        let epoch = Subject { kind: Kind::Int, text: "1635380000", lower: "1635380000" };
        assert!(Pattern::Part(TimePart::Year, 2021).holds(epoch));
    }
}
