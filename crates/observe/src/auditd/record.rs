//! One line of an audit log.

use crate::w3c::clock::{self, SECOND};

/// A record: `[node=HOST ]type=TYPE msg=audit(SECONDS.MILLIS:SERIAL): BODY`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record<'a> {
    pub(super) node: &'a str,
    pub(super) kind: &'a str,
    /// Microseconds since 1970.
    pub(super) time: i64,
    pub(super) serial: u64,
    pub(super) body: &'a str,
}

/// Takes a line apart; what a syslog daemon wrote before the record is left out.
pub(super) fn parse(line: &str) -> Option<Record<'_>> {
    let at = memchr::memmem::find(line.as_bytes(), b"type=")?;
    let (before, record) = line.split_at(at);
    if !(before.is_empty() || before.ends_with(' ')) {
        return None;
    }
    let node = before.trim_end().rsplit(' ').find_map(|word| word.strip_prefix("node=")).unwrap_or_default();
    let (kind, rest) = record["type=".len()..].split_once(" msg=audit(")?;
    let (stamp, body) = rest.split_once(')')?;
    let (time, serial) = stamp.split_once(':')?;
    let (seconds, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let millis = clock::number(fraction.get(..3).unwrap_or(fraction).as_bytes())?;
    let seconds = clock::number(seconds.as_bytes()).filter(|seconds| *seconds < 253_402_300_800)?;
    Some(Record {
        node,
        kind: Some(kind).filter(|kind| !kind.is_empty() && !kind.contains(' '))?,
        time: seconds * SECOND + millis * 1000,
        serial: u64::try_from(clock::number(serial.as_bytes())?).ok()?,
        body: body.strip_prefix(':').unwrap_or(body),
    })
}

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// In quotation marks: text as it is.
    Quoted(&'a str),
    /// In single ones: further pairs, from a program.
    Nested(&'a str),
    /// Bare: a number, a word, or hexadecimal digits for what would need quoting.
    Bare(&'a str),
}

/// The pairs of a record's body, words without `=` left out.
pub(super) struct Pairs<'a> {
    rest: &'a str,
}

impl<'a> Pairs<'a> {
    pub(super) fn new(body: &'a str) -> Self {
        Self { rest: body }
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a str, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            // Names that the daemon resolved follow a group separator.
            let rest = self.rest.trim_start_matches([' ', ',', '(', '\u{1d}']);
            let end = rest.find([' ', '=', '\u{1d}'])?;
            let (key, after) = rest.split_at(end);
            let Some(text) = after.strip_prefix('=') else {
                self.rest = after;
                continue;
            };
            let (value, rest) = value(text);
            self.rest = rest;
            return Some((key, value));
        }
    }
}

/// Bytes of a value in braces.
const MAX_BRACED: usize = 256;

fn value(text: &str) -> (Value<'_>, &str) {
    let closed = |mark: char| {
        let inner = text.strip_prefix(mark)?;
        inner.split_once(mark)
    };
    if let Some((inner, rest)) = closed('"') {
        return (Value::Quoted(inner), rest);
    }
    // A program's text may hold single marks; it ends with the last one before the resolved names.
    if let Some(inner) = text.strip_prefix('\'') {
        let end = inner.find('\u{1d}').unwrap_or(inner.len());
        if let Some(last) = inner[..end].rfind('\'') {
            return (Value::Nested(&inner[..last]), &inner[last + 1..]);
        }
        return (Value::Nested(inner), "");
    }
    // `{ saddr_fam=inet laddr=192.0.2.7 }`; looking further would take time with the square of a line.
    let near = text.as_bytes().iter().take(MAX_BRACED).position(|byte| *byte == b'}');
    if let Some(end) = near.filter(|_| text.starts_with('{')) {
        return (Value::Bare(&text[..=end]), &text[end + 1..]);
    }
    let end = text.find([' ', '\u{1d}']).unwrap_or(text.len());
    let (bare, rest) = text.split_at(end);
    // Older programs write lists: `(hostname=nas, addr=?, res=failed)`.
    let bare = bare.strip_suffix([',']).unwrap_or(bare);
    (Value::Bare(bare.strip_suffix(')').filter(|bare| !bare.contains('(')).unwrap_or(bare)), rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn takes_lines_apart() {
        let record =
            parse("node=nas type=SYSCALL msg=audit(1629796320.123:4567): arch=c000003e a0=1").unwrap();
        assert_eq!((record.node, record.kind, record.serial), ("nas", "SYSCALL", 4567));
        assert_eq!(record.time, 1_629_796_320_123_000);
        assert_eq!(record.body, " arch=c000003e a0=1");
        for line in [
            "type=SYSCALL",
            "type= msg=audit(1.1:1): x",
            "mytype=A msg=audit(1.1:1): x",
            "type=A msg=audit(1.1:): x",
            "type=A msg=audit(99999999999999.1:1): x",
            "",
        ] {
            assert_eq!(parse(line), None, "{line}");
        }
        let relayed = parse("Aug 24 09:12:00 nas audispd: node=nas type=EOE msg=audit(1.002:3):").unwrap();
        assert_eq!((relayed.node, relayed.time), ("nas", 1_002_000));
    }

    #[test]
    fn pairs_are_read_however_they_are_written() {
        let body = " avc:  denied  { read } for  pid=1 comm=\"a b\" name=2F746D70 msg='op=x res=failed'\u{1d}UID=\"root\"";
        let pairs: Vec<_> = Pairs::new(body).collect();
        assert_eq!(
            pairs,
            [
                ("pid", Value::Bare("1")),
                ("comm", Value::Quoted("a b")),
                ("name", Value::Bare("2F746D70")),
                ("msg", Value::Nested("op=x res=failed")),
                ("UID", Value::Quoted("root")),
            ]
        );
    }

    proptest! {
        #[test]
        fn any_line_is_taken_apart_or_refused(line in "(type=A msg=audit\\(1\\.1:1\\): )?[a-c=\"' ,{}\u{1d}é]{0,60}") {
            if let Some(record) = parse(&line) {
                Pairs::new(record.body).for_each(drop);
            }
        }
    }
}
