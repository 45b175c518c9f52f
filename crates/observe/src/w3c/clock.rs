//! Times as log lines write them, read by hand: these run once for every record of the largest
//! files, and a general parser costs more than the rest of the line.

use jiff::tz::TimeZone;
use model::Time;

/// Microseconds in a second.
pub(crate) const SECOND: i64 = 1_000_000;
/// Microseconds in a day.
pub(crate) const DAY: i64 = 86_400 * SECOND;

/// A moment as a line states it: what the clock showed, and how far that clock was from UTC where
/// the line says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// What the clock showed, in microseconds since 1970-01-01T00:00:00 on that clock.
    pub(crate) local: i64,
    /// Seconds east of UTC.
    pub(crate) offset: Option<i64>,
}

/// Turns what a clock in some zone showed into UTC, asking the zone once a minute of log time.
#[derive(Debug)]
pub(crate) struct LocalClock<'a> {
    zone: &'a TimeZone,
    minute: i64,
    shift: Option<i64>,
    used: bool,
}

impl<'a> LocalClock<'a> {
    /// A clock in `zone`.
    pub(crate) fn new(zone: &'a TimeZone) -> Self {
        Self { zone, minute: i64::MIN, shift: None, used: false }
    }

    /// The moment of `stamp`, in this clock's zone unless it carries an offset of its own.
    pub(crate) fn time(&mut self, stamp: Stamp) -> Option<Time> {
        match stamp.offset {
            Some(seconds) => Some(Time::from_micros(stamp.local - seconds * SECOND)),
            None => self.local(stamp.local),
        }
    }

    /// The moment at which this clock showed `local`.
    pub(crate) fn local(&mut self, local: i64) -> Option<Time> {
        self.used = true;
        let minute = local.div_euclid(60 * SECOND);
        if minute != self.minute {
            self.minute = minute;
            let start = minute * 60 * SECOND;
            self.shift =
                Time::from_civil(Time::from_micros(start).civil(), self.zone).map(|utc| utc.micros() - start);
        }
        Some(Time::from_micros(local + self.shift?))
    }

    /// What to say of the zone, if any time needed it.
    pub(crate) fn assumption(&self) -> Option<String> {
        self.used.then(|| format!("times without offset read as {}", zone_name(self.zone)))
    }
}

/// The zone's name, or its offset where it has none.
fn zone_name(zone: &TimeZone) -> String {
    match zone.iana_name() {
        Some(name) => name.to_owned(),
        None if *zone == TimeZone::UTC => "UTC".to_owned(),
        None => {
            zone.to_fixed_offset().map_or_else(|_| "local time".to_owned(), |offset| format!("UTC{offset}"))
        }
    }
}

/// A whole number of one to eighteen decimal digits.
pub(crate) fn number(text: &[u8]) -> Option<i64> {
    if text.is_empty() || text.len() > 18 {
        return None;
    }
    text.iter().try_fold(0_i64, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
}

/// Days from 1970-01-01 to a date of the Gregorian calendar; `None` if there is no such date.
pub(crate) fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    const LENGTHS: [i64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = LENGTHS.get(usize::try_from(month - 1).ok()?)? + i64::from(leap && month == 2);
    if !(1..=length).contains(&day) || !(0..=9999).contains(&year) {
        return None;
    }
    // Years that begin in March put the leap day last, so that the days before a month are linear.
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let in_era = shifted.rem_euclid(400);
    let in_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(era * 146_097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719_468)
}

/// `2021-08-24` or `2021/08/24` as days since 1970-01-01.
pub(crate) fn date(text: &[u8]) -> Option<i64> {
    let [y1, y2, y3, y4, s1 @ (b'-' | b'/'), m1, m2, s2, d1, d2] = *text else { return None };
    if s1 != s2 {
        return None;
    }
    days(number(&[y1, y2, y3, y4])?, number(&[m1, m2])?, number(&[d1, d2])?)
}

/// `09:12:00` with an optional fraction after a point or a comma, as microseconds since midnight.
/// The sixtieth second of a leap second counts as the first of the next minute.
pub(crate) fn time_of_day(text: &[u8]) -> Option<i64> {
    let (clock, fraction) = text.split_at_checked(8)?;
    let [h1, h2, b':', m1, m2, b':', s1, s2] = *clock else { return None };
    let (hour, minute, second) = (number(&[h1, h2])?, number(&[m1, m2])?, number(&[s1, s2])?);
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let micros = match fraction {
        [] => 0,
        [b'.' | b',', digits @ ..] => micros(digits)?,
        _ => return None,
    };
    Some((hour * 3600 + minute * 60 + second) * SECOND + micros)
}

/// The digits after a decimal point, cut to microseconds.
fn micros(digits: &[u8]) -> Option<i64> {
    let kept = &digits[..digits.len().min(6)];
    let scale = 10_i64.pow(6 - kept.len() as u32);
    if digits.len() > 12 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(number(kept)? * scale)
}

/// ISO 8601 as logs write it at the start of `text`: date, `T` or a blank, time, optional
/// fraction, optional `Z` or offset. Returns how many bytes it took.
pub(crate) fn iso(text: &[u8]) -> Option<(Stamp, usize)> {
    let day = date(text.get(..10)?)?;
    if !matches!(text.get(10)?, b'T' | b't' | b' ') {
        return None;
    }
    let mut end = 19;
    if matches!(text.get(end), Some(b'.' | b',')) && text.get(end + 1).is_some_and(u8::is_ascii_digit) {
        end += 1 + text[end + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    }
    let local = day * DAY + time_of_day(text.get(11..end)?)?;
    let (offset, length) = match text.get(end) {
        Some(b'Z' | b'z') => (Some(0), 1),
        Some(b'+' | b'-') => {
            offset(&text[end..]).map_or((None, 0), |(seconds, length)| (Some(seconds), length))
        }
        _ => (None, 0),
    };
    Some((Stamp { local, offset }, end + length))
}

/// `+0100`, `+01:00` or `-07` as seconds east of UTC, and how many bytes it took.
pub(crate) fn offset(text: &[u8]) -> Option<(i64, usize)> {
    let (sign, hours) = match text {
        [b'+', h1, h2, ..] => (1, number(&[*h1, *h2])?),
        [b'-', h1, h2, ..] => (-1, number(&[*h1, *h2])?),
        _ => return None,
    };
    let (minutes, length) = match text.get(3..) {
        Some([b':', m1, m2, ..]) => (number(&[*m1, *m2])?, 6),
        Some([m1, m2, ..]) if m1.is_ascii_digit() => (number(&[*m1, *m2])?, 5),
        _ => (0, 3),
    };
    (hours <= 18 && minutes <= 59).then_some((sign * (hours * 3600 + minutes * 60), length))
}

/// The month (1 to 12) of an English three-letter name.
pub(crate) fn month(name: &[u8]) -> Option<i64> {
    const NAMES: [&[u8; 3]; 12] =
        [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];
    let place = NAMES.iter().position(|known| name.eq_ignore_ascii_case(*known))?;
    Some(place as i64 + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn utc(text: &str) -> Option<String> {
        let (stamp, _) = iso(text.as_bytes())?;
        LocalClock::new(&TimeZone::UTC).time(stamp).map(|time| time.to_string())
    }

    #[test]
    fn reads_what_logs_write() {
        for (text, expected) in [
            ("2021-08-24T09:12:00Z", Some("2021-08-24T09:12:00Z")),
            ("2021-08-24T09:12:00.1234567+01:00 host", Some("2021-08-24T08:12:00.123456Z")),
            ("2021/08/24 09:12:00", Some("2021-08-24T09:12:00Z")),
            ("2020-02-29T23:59:60-0730", Some("2020-03-01T07:30:00Z")),
            ("2021-02-29T00:00:00Z", None),
            ("2021-08/24T00:00:00Z", None),
            ("2021-08-24T24:00:00Z", None),
            ("2021-08-24", None),
        ] {
            assert_eq!(utc(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_zone_is_asked_for_what_has_no_offset_and_then_named() {
        let zone = TimeZone::get("Europe/London").unwrap();
        let mut clock = LocalClock::new(&zone);
        let (with, _) = iso(b"2021-08-24T09:12:00Z").unwrap();
        clock.time(with).unwrap();
        assert_eq!(clock.assumption(), None);
        for (text, expected) in
            [("2021-08-24 09:12:30", "2021-08-24T08:12:30Z"), ("2021-12-24 09:12:30", "2021-12-24T09:12:30Z")]
        {
            let (stamp, _) = iso(text.as_bytes()).unwrap();
            assert_eq!(clock.time(stamp).unwrap().to_string(), expected);
        }
        assert_eq!(clock.assumption().unwrap(), "times without offset read as Europe/London");
    }

    proptest! {
        #[test]
        fn agrees_with_a_calendar_library(day in -719_528_i64..2_932_896) {
            let civil = Time::from_micros(day * DAY).civil();
            prop_assert_eq!(
                days(civil.year().into(), civil.month().into(), civil.day().into()),
                Some(day)
            );
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            if let Some((_, length)) = iso(&bytes) {
                prop_assert!(length <= bytes.len());
            }
        }
    }
}
