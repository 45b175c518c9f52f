//! Times as people's programs export them.

use crate::w3c::clock::{self, DAY, SECOND, Stamp};

/// Which of two numbers is the day and which is the month, as far as the file has shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct DateOrder {
    /// Known from a date that can only be read one way.
    day_first: Option<bool>,
    /// How dates were read that can be read both ways.
    assumed: Option<bool>,
}

impl DateOrder {
    /// What to say of the order, if it never became clear.
    pub(super) fn assumption(&self) -> Option<String> {
        let day_first = self.assumed.filter(|_| self.day_first.is_none())?;
        let order = if day_first { "day before month" } else { "month before day" };
        Some(format!("dates such as 03/04/2021 read {order}"))
    }

    /// Whether what is now known contradicts what was `before` assumed.
    pub(super) fn contradicts(&self, before: Self) -> bool {
        before.day_first.is_none()
            && self
                .day_first
                .is_some_and(|day_first| before.assumed.is_some_and(|assumed| assumed != day_first))
    }

    /// Day and month out of two numbers.
    fn settle(&mut self, first: i64, second: i64, american: bool) -> (i64, i64) {
        if first > 12 || second > 12 {
            self.day_first = Some(first > 12);
        }
        let day_first = self.day_first.unwrap_or_else(|| *self.assumed.get_or_insert(!american));
        if day_first { (first, second) } else { (second, first) }
    }
}

/// Reads a moment: ISO 8601, seconds or milliseconds since 1970, or the parts of a date and a time
/// in most orders that are in use. A date alone is its midnight.
pub(super) fn parse(text: &str, order: &mut DateOrder) -> Option<Stamp> {
    let text = text.trim();
    if !(8..=48).contains(&text.len()) || !text.is_ascii() {
        return None;
    }
    match clock::iso(text.as_bytes()) {
        Some((stamp, length)) if length == text.len() => Some(stamp),
        _ => epoch(text).or_else(|| Parts::gather(text)?.stamp(order)),
    }
}

/// `1629795120`, the same in milli- or microseconds, or with decimals.
fn epoch(text: &str) -> Option<Stamp> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let number = clock::number(whole.as_bytes())?;
    let local = match whole.len() {
        10 if fraction.len() <= 9 && fraction.bytes().all(|byte| byte.is_ascii_digit()) => {
            let micros = fraction.bytes().chain(std::iter::repeat(b'0')).take(6);
            number * SECOND + micros.fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'))
        }
        13 if fraction.is_empty() => number * 1000,
        16 if fraction.is_empty() => number,
        _ => return None,
    };
    Some(Stamp { local, offset: Some(0) })
}

/// The parts of a written moment, whatever their order.
#[derive(Debug, Default)]
struct Parts {
    numbers: [(i64, usize); 3],
    count: usize,
    month: Option<i64>,
    of_day: Option<i64>,
    afternoon: Option<bool>,
    offset: Option<i64>,
}

impl Parts {
    fn gather(text: &str) -> Option<Self> {
        let mut parts = Self::default();
        for token in text.split([' ', ',', '@', '\u{9}']).filter(|token| !token.is_empty()) {
            parts.token(token)?;
        }
        Some(parts)
    }

    fn token(&mut self, token: &str) -> Option<()> {
        let bytes = token.as_bytes();
        if matches!(bytes[0], b'+' | b'-') {
            let (seconds, length) = clock::offset(bytes).filter(|_| self.of_day.is_some())?;
            self.offset = Some(seconds);
            (length == bytes.len()).then_some(())
        } else if let Some((date, time)) = token.split_once(':').filter(|(date, _)| date.contains('/')) {
            self.date(date)?;
            self.clock(time)
        } else if token.contains(':') {
            self.clock(token)
        } else if bytes.iter().all(u8::is_ascii_alphabetic) {
            self.word(bytes)
        } else {
            self.date(token)
        }
    }

    /// `9:12`, `09:12:00.5`, `09:12:00Z`
    fn clock(&mut self, token: &str) -> Option<()> {
        let end = token.find(['Z', '+', '-']).unwrap_or(token.len());
        let (time, zone) = token.split_at(end);
        if !zone.is_empty() {
            self.offset = Some(if zone == "Z" { 0 } else { clock::offset(zone.as_bytes())?.0 });
        }
        let (hour, rest) = time.split_once(':')?;
        let (minute, second) = rest.split_once(':').unwrap_or((rest, "00"));
        let (second, fraction) = second.split_once('.').unwrap_or((second, "0"));
        let written = [hour, minute, second].map(|part| clock::number(part.as_bytes()));
        let [Some(hour @ 0..=23), Some(minute @ 0..=59), Some(second @ 0..=60)] = written else {
            return None;
        };
        let micros = clock::time_of_day(format!("00:00:00.{fraction}").as_bytes())?;
        self.of_day.is_none().then_some(())?;
        self.of_day = Some((hour * 3600 + minute * 60 + second) * SECOND + micros);
        Some(())
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        const DAYS: [&[u8; 3]; 7] = [b"mon", b"tue", b"wed", b"thu", b"fri", b"sat", b"sun"];
        if word.eq_ignore_ascii_case(b"am") || word.eq_ignore_ascii_case(b"pm") {
            self.afternoon = Some(word[0].eq_ignore_ascii_case(&b'p'));
        } else if [&b"utc"[..], b"gmt", b"z"].iter().any(|zone| word.eq_ignore_ascii_case(zone)) {
            self.offset = Some(0);
        } else {
            let short = word.get(..3)?;
            match clock::month(short) {
                Some(month) => self.month = Some(month),
                None => return DAYS.iter().any(|day| short.eq_ignore_ascii_case(*day)).then_some(()),
            }
        }
        Some(())
    }

    /// `24`, `24/08/2021`, `24-Aug-21`
    fn date(&mut self, token: &str) -> Option<()> {
        for part in token.split(['/', '-', '.']).filter(|part| !part.is_empty()) {
            match clock::number(part.as_bytes()) {
                Some(number) => {
                    *self.numbers.get_mut(self.count)? = (number, part.len());
                    self.count += 1;
                }
                None => self.month = Some(clock::month(part.as_bytes().get(..3)?)?),
            }
        }
        Some(())
    }

    fn stamp(self, order: &mut DateOrder) -> Option<Stamp> {
        let american = self.afternoon.is_some();
        let of_day = match (self.of_day.unwrap_or(0), self.afternoon) {
            (time, None) => time,
            (time, Some(afternoon)) => time % (DAY / 2) + if afternoon { DAY / 2 } else { 0 },
        };
        let (year, month, day) = match (self.month, &self.numbers[..self.count]) {
            (Some(month), [(year, 4), (day, _)] | [(day, _), (year, 4)]) => (*year, month, *day),
            (Some(month), [(day, _), (year, 2)]) => (century(*year), month, *day),
            (None, [(year, 4), (month, _), (day, _)]) => (*year, *month, *day),
            (None, [(first, _), (second, _), (year, length @ (2 | 4))]) => {
                let (day, month) = order.settle(*first, *second, american);
                (if *length == 2 { century(*year) } else { *year }, month, day)
            }
            _ => return None,
        };
        let local = clock::days(year, month, day)? * DAY + of_day;
        Some(Stamp { local, offset: self.offset })
    }
}

/// The year that two digits stand for.
fn century(year: i64) -> i64 {
    if year < 70 { 2000 + year } else { 1900 + year }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str, order: &mut DateOrder) -> Option<(String, Option<i64>)> {
        let stamp = parse(text, order)?;
        Some((model::Time::from_micros(stamp.local).to_string(), stamp.offset))
    }

    #[test]
    fn reads_what_programs_export() {
        for (text, expected, offset) in [
            ("2021-08-24T09:12:00Z", "2021-08-24T09:12:00Z", Some(0)),
            ("2021-08-24 09:12:00.123 +01:00", "2021-08-24T09:12:00.123Z", Some(3600)),
            ("2021-08-24", "2021-08-24T00:00:00Z", None),
            ("24/08/2021 09:12", "2021-08-24T09:12:00Z", None),
            ("24.08.21 9:12:01", "2021-08-24T09:12:01Z", None),
            ("8/24/2021 1:12:00 PM", "2021-08-24T13:12:00Z", None),
            ("8/24/2021 12:12:00 AM", "2021-08-24T00:12:00Z", None),
            ("Aug 24, 2021 @ 09:12:00.500", "2021-08-24T09:12:00.5Z", None),
            ("Tue, 24 Aug 2021 09:12:00 +0000", "2021-08-24T09:12:00Z", Some(0)),
            ("Tue Aug 24 09:12:00 2021", "2021-08-24T09:12:00Z", None),
            ("24/Aug/2021:09:12:00 -0700", "2021-08-24T09:12:00Z", Some(-25_200)),
            ("24-Aug-21 09:12:00 UTC", "2021-08-24T09:12:00Z", Some(0)),
            ("1629796320", "2021-08-24T09:12:00Z", Some(0)),
            ("1629796320.25", "2021-08-24T09:12:00.25Z", Some(0)),
            ("1629796320123", "2021-08-24T09:12:00.123Z", Some(0)),
        ] {
            assert_eq!(shown(text, &mut DateOrder::default()), Some((expected.into(), offset)), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_time() {
        for text in [
            "",
            "yesterday",
            "192.0.2.7 0",
            "2021-13-01",
            "31/02/2021 00:00",
            "12345678",
            "a:b:c:d:e",
            "10.0.0.1",
        ] {
            assert_eq!(shown(text, &mut DateOrder::default()), None, "{text}");
        }
    }

    #[test]
    fn the_order_of_day_and_month_is_learnt_or_assumed() {
        let mut order = DateOrder::default();
        assert_eq!(shown("03/04/2021 00:00", &mut order).unwrap().0, "2021-04-03T00:00:00Z");
        assert_eq!(order.assumption().unwrap(), "dates such as 03/04/2021 read day before month");
        let before = order;
        assert_eq!(shown("04/13/2021 00:00", &mut order).unwrap().0, "2021-04-13T00:00:00Z");
        assert!(order.contradicts(before));
        assert_eq!(order.assumption(), None);
        assert_eq!(shown("03/04/2021 00:00", &mut order).unwrap().0, "2021-03-04T00:00:00Z");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[0-9/:. AaugPpMmZ+,@-]{0,40}|\\PC{0,40}") {
            parse(&text, &mut DateOrder::default());
        }
    }
}
