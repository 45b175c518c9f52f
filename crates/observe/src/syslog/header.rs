//! What stands before the message of a syslog line.

use crate::w3c::clock::{self, Stamp};

/// The parts of one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header<'a> {
    /// Facility times eight plus severity.
    pub(super) priority: Option<u8>,
    pub(super) when: When,
    pub(super) host: Option<&'a str>,
    pub(super) program: Option<&'a str>,
    pub(super) pid: Option<&'a str>,
    /// RFC 5424's `MSGID`.
    pub(super) kind: Option<&'a str>,
    /// RFC 5424's structured data, with its brackets.
    pub(super) data: &'a str,
    pub(super) message: &'a str,
}

/// A time as the line states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// With its year.
    Full(Stamp),
    /// As RFC 3164 has it.
    Yearless(DayOfYear),
    /// RFC 5424's `-`.
    Missing,
}

/// A date without its year, and a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DayOfYear {
    pub(super) month: i64,
    pub(super) day: i64,
    /// Microseconds since midnight.
    pub(super) clock: i64,
}

/// Takes a line apart; `None` if it does not begin as a syslog line does.
pub(super) fn parse(line: &str) -> Option<Header<'_>> {
    let (priority, rest) = priority(line);
    if let Some(rest) = rest.strip_prefix("1 ")
        && let Some(header) = rfc5424(priority, rest)
    {
        return Some(header);
    }
    let (when, length) = when(rest.as_bytes())?;
    // All that was taken so far is ASCII.
    let rest = rest[length..].strip_prefix(' ')?.trim_start_matches(' ');
    Some(rfc3164(priority, when, rest))
}

/// Cuts the next frame off a line whose frames carry their length (RFC 6587): `83 <34>1 ...`.
pub(super) fn counted(line: &str) -> Option<(&str, &str)> {
    let digits = line.bytes().take(8).take_while(u8::is_ascii_digit).count();
    let length = clock::number(line.get(..digits)?.as_bytes())?;
    let frame = line[digits..].strip_prefix(' ').filter(|frame| frame.starts_with('<'))?;
    let end = usize::try_from(length).ok()?.min(frame.len());
    frame.is_char_boundary(end).then(|| frame.split_at(end))
}

/// `<34>`
fn priority(line: &str) -> (Option<u8>, &str) {
    let parsed = line.strip_prefix('<').and_then(|rest| {
        let end = rest.bytes().take(4).position(|byte| byte == b'>')?;
        let number = clock::number(&rest.as_bytes()[..end])?;
        let priority = u8::try_from(number).ok().filter(|priority| *priority < 192)?;
        Some((priority, &rest[end + 1..]))
    });
    parsed.map_or((None, line), |(priority, rest)| (Some(priority), rest))
}

/// What follows `<PRI>1 `.
fn rfc5424(priority: Option<u8>, rest: &str) -> Option<Header<'_>> {
    let mut parts = rest.splitn(6, ' ');
    let time = parts.next()?;
    let when = match time {
        "-" => When::Missing,
        _ => When::Full(clock::iso(time.as_bytes()).filter(|(_, length)| *length == time.len())?.0),
    };
    let mut next = || parts.next().map(|part| Some(part).filter(|part| *part != "-"));
    let (host, program, pid, kind) = (next()?, next()?, next()?, next()?);
    let rest = parts.next().unwrap_or_default();
    let (data, message) = structured(rest);
    let message = message.strip_prefix('\u{feff}').unwrap_or(message);
    Some(Header { priority, when, host, program, pid, kind, data, message })
}

/// Cuts structured data off the message.
fn structured(rest: &str) -> (&str, &str) {
    if let Some(message) = rest.strip_prefix('-') {
        return ("", message.strip_prefix(' ').unwrap_or(message));
    }
    let bytes = rest.as_bytes();
    let (mut at, mut quoted) = (0, false);
    let mut end = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' if quoted => at += 1,
            b'"' => quoted = !quoted,
            b']' if !quoted => {
                end = at + 1;
                if bytes.get(end) != Some(&b'[') {
                    break;
                }
            }
            b'[' if !quoted && at == end => {}
            _ if at == end => break,
            _ => {}
        }
        at += 1;
    }
    let (data, message) = rest.split_at(end);
    (data, message.strip_prefix(' ').unwrap_or(message))
}

/// `Aug 24 09:12:00`, the same with a year, or ISO 8601; and how many bytes it took.
fn when(text: &[u8]) -> Option<(When, usize)> {
    if text.first()?.is_ascii_digit() {
        let (stamp, length) = clock::iso(text)?;
        return Some((When::Full(stamp), length));
    }
    if let Some(full) = text.get(4..).filter(|_| WEEKDAYS.iter().any(|day| text.starts_with(day))) {
        return short_full(full).map(|(when, length)| (when, 4 + length));
    }
    let month = clock::month(text.get(..3)?)?;
    let mut at = 3 + blanks(text.get(3..)?)?;
    let (day, length) = digits(&text[at..])?;
    at += length + blanks(&text[at + length..])?;
    let mut year = None;
    if let Some((number, 4)) = digits(&text[at..]) {
        year = Some(number);
        at += 4 + blanks(&text[at + 4..])?;
    }
    let length =
        text[at..].iter().take_while(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.')).count();
    // Cisco and some others put a colon behind the time.
    let written = &text[at..at + length];
    let clock = clock::time_of_day(written.strip_suffix(b":").unwrap_or(written))?;
    at += length;
    let day_of_year = DayOfYear { month, day, clock };
    let when = match year {
        Some(year) => When::Full(Stamp { local: day_of_year.in_year(year)?, offset: None }),
        None if (1..=31).contains(&day) => When::Yearless(day_of_year),
        None => return None,
    };
    Some((when, at))
}

const WEEKDAYS: [&[u8]; 7] = [b"Mon ", b"Tue ", b"Wed ", b"Thu ", b"Fri ", b"Sat ", b"Sun "];

/// `2021-08-24 09:12:00 CEST`, as `journalctl -o short-full` writes it behind the day of the week.
/// Of the names of zones only UTC means one offset everywhere.
fn short_full(text: &[u8]) -> Option<(When, usize)> {
    let (mut stamp, length) = clock::iso(text)?;
    let zone = text.get(length..)?.strip_prefix(b" ")?;
    let name = zone.iter().take(6).take_while(|byte| byte.is_ascii_alphabetic()).count();
    if stamp.offset.is_none() && &zone[..name] == b"UTC" {
        stamp.offset = Some(0);
    }
    (name > 0).then_some((When::Full(stamp), length + 1 + name))
}

fn blanks(text: &[u8]) -> Option<usize> {
    let count = text.iter().take(3).take_while(|byte| **byte == b' ').count();
    (count > 0).then_some(count)
}

fn digits(text: &[u8]) -> Option<(i64, usize)> {
    let length = text.iter().take(5).take_while(|byte| byte.is_ascii_digit()).count();
    Some((clock::number(&text[..length])?, length))
}

impl DayOfYear {
    /// The moment in `year` on the clock that wrote it.
    pub(super) fn in_year(self, year: i64) -> Option<i64> {
        Some(clock::days(year, self.month, self.day)? * clock::DAY + self.clock)
    }
}

/// What follows the time: host, tag and message, the first two of which may be missing.
fn rfc3164(priority: Option<u8>, when: When, rest: &str) -> Header<'_> {
    let (first, after) = word(rest);
    let (host, (program, pid, message)) = match tag(first, after) {
        // Some programs leave their host out when they write to a local file.
        Some(tagged) => (None, tagged),
        None => {
            let (second, after_second) = word(after);
            let tagged = tag(second, after_second).map_or((None, None, after), |tagged| tagged);
            (Some(first).filter(|host| !host.is_empty()), tagged)
        }
    };
    Header { priority, when, host, program, pid, kind: None, data: "", message }
}

fn word(text: &str) -> (&str, &str) {
    text.split_once(' ').unwrap_or((text, ""))
}

type Tagged<'a> = (Option<&'a str>, Option<&'a str>, &'a str);

/// `sshd[123]:` or `kernel:` as program and process number.
fn tag<'a>(word: &'a str, after: &'a str) -> Option<Tagged<'a>> {
    let (name, pid) = match word.split_once('[') {
        Some((name, rest)) => {
            let (pid, end) = rest.split_once(']')?;
            matches!(end, ":" | "").then_some((name, Some(pid)))?
        }
        None => (word.strip_suffix(':')?, None),
    };
    // An IPv6 address may end in a colon and stand where the host does.
    let plain = !name.is_empty() && !name.contains(':');
    plain.then_some((Some(name), pid, after))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn brief(line: &str) -> Option<String> {
        let header = parse(line)?;
        let text = |part: Option<&str>| part.unwrap_or("-").to_owned();
        let priority = header.priority.map_or("-".to_owned(), |priority| priority.to_string());
        Some(format!(
            "{priority}|{}|{}|{}|{}|{}",
            text(header.host),
            text(header.program),
            text(header.pid),
            header.data,
            header.message
        ))
    }

    #[test]
    fn takes_lines_apart() {
        for (line, expected) in [
            ("Aug 24 09:12:00 nas sshd[77]: Accepted x", Some("-|nas|sshd|77||Accepted x")),
            ("<86>Aug  4 09:12:00 nas sudo:     bob : TTY", Some("86|nas|sudo|-||    bob : TTY")),
            ("Aug 24 09:12:00 cron[1]: text", Some("-|-|cron|1||text")),
            (
                "Aug 24 09:12:00 nas last message repeated 2 times",
                Some("-|nas|-|-||last message repeated 2 times"),
            ),
            ("Aug 24 2021 09:12:00: fw %ASA-6-1: text", Some("-|fw|%ASA-6-1|-||text")),
            (
                "2021-08-24T09:12:00.123456+01:00 gw postfix/smtpd[9]: connect",
                Some("-|gw|postfix/smtpd|9||connect"),
            ),
            ("Aug 24 09:12:00 2001:db8::1 kernel: x: y", Some("-|2001:db8::1|kernel|-||x: y")),
            (
                r#"<34>1 2021-08-24T09:12:00Z nas app 5 ID [a@1 x="1\"]" y="2"][b z="3"] text"#,
                Some(r#"34|nas|app|5|[a@1 x="1\"]" y="2"][b z="3"]|text"#),
            ),
            ("<34>1 - - - - - - ", Some("34|-|-|-||")),
            ("<34>1 2021-08-24T09:12:00Z h a - - -", Some("34|h|a|-||")),
            ("<999>Aug 24 09:12:00 nas a: b", None),
            ("Aug 24 nas a: b", None),
            ("Foo 24 09:12:00 nas a: b", None),
            ("", None),
        ] {
            assert_eq!(brief(line).as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn frames_are_cut_by_their_length() {
        assert_eq!(counted("5 <1>ab6 <1>cde"), Some(("<1>ab", "6 <1>cde")));
        assert_eq!(counted("99 <1>ab"), Some(("<1>ab", "")));
        assert_eq!(counted("99 bottles"), None);
    }

    proptest! {
        #[test]
        fn any_line_is_taken_apart_or_refused(line in "(<[0-9]{1,3}>)?(1 )?(Aug 2[0-9] 09:12:00|2021-08-24T09:12:00Z|\\PC{0,9})( [\\[\\]a\"=\\\\:é-]{0,9}){0,8}") {
            parse(&line);
            counted(&line);
        }
    }
}
