use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment in UTC, in microseconds since 1970-01-01T00:00:00Z.
///
/// Microseconds keep the order of Windows records (100 ns ticks, cut) and fit an `i64` for every
/// year that a log can hold. Serialised as RFC 3339 with as many decimals as are needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

/// A text that is not a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeError {
    /// The text as it stood in the input.
    pub text: String,
}

impl fmt::Display for TimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "“{}” is not a time such as 2021-08-24T09:12:00Z or 2021-08-24", self.text)
    }
}

impl std::error::Error for TimeError {}

impl Time {
    /// The moment `micros` microseconds after 1970-01-01T00:00:00Z.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The moment of a Windows `FILETIME`: 100 ns ticks since 1601-01-01. `None` for zero, which
    /// Windows writes where it has no time, and for what lies outside the years 1601 to 9999.
    pub fn from_filetime(ticks: u64) -> Option<Self> {
        const EPOCH_GAP_MICROS: i64 = 11_644_473_600_000_000;
        if ticks == 0 {
            return None;
        }
        Self::checked(i64::try_from(ticks / 10).ok()? - EPOCH_GAP_MICROS)
    }

    /// The moment, when it lies within the years that can be written as RFC 3339.
    pub fn checked(micros: i64) -> Option<Self> {
        let stamp = Timestamp::from_microsecond(micros).ok()?;
        (stamp.to_zoned(TimeZone::UTC).year() >= 0).then_some(Self(micros))
    }

    /// Reads RFC 3339, the same with a blank for the `T`, a civil time, or a date (its midnight);
    /// what carries no offset is taken as UTC.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        Self::parse_in(text, &TimeZone::UTC)
    }

    /// As [`Time::parse`], taking what carries no offset as local time in `zone`.
    pub fn parse_in(text: &str, zone: &TimeZone) -> Result<Self, TimeError> {
        let trimmed = text.trim();
        if let Ok(stamp) = trimmed.parse::<Timestamp>() {
            return Ok(Self(stamp.as_microsecond()));
        }
        trimmed
            .parse::<DateTime>()
            .ok()
            .and_then(|civil| Self::from_civil(civil, zone))
            .ok_or_else(|| TimeError { text: text.to_owned() })
    }

    /// The moment at which clocks in `zone` showed `civil`; in a repeated hour the earlier one, in
    /// a skipped hour the moment it would have been.
    pub fn from_civil(civil: DateTime, zone: &TimeZone) -> Option<Self> {
        let stamp = zone.to_ambiguous_timestamp(civil).compatible().ok()?;
        Some(Self(stamp.as_microsecond()))
    }

    /// The calendar parts in UTC.
    pub fn civil(self) -> DateTime {
        Timestamp::from_microsecond(self.0)
            .map(|stamp| TimeZone::UTC.to_datetime(stamp))
            .unwrap_or(DateTime::ZERO)
    }

    /// Days since 1970-01-01, for charts and gaps.
    pub const fn day(self) -> i64 {
        self.0.div_euclid(86_400_000_000)
    }

    /// Whole days from this moment to `later`, as dwell time counts them; `None` where `later` is
    /// earlier.
    pub const fn whole_days_until(self, later: Self) -> Option<i64> {
        if later.0 < self.0 { None } else { Some(later.0.saturating_sub(self.0) / 86_400_000_000) }
    }

    /// Moved by `micros` microseconds; stays where it is at the ends of the calendar.
    #[must_use]
    pub const fn plus_micros(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_microsecond(self.0) {
            Ok(stamp) => fmt::Display::fmt(&stamp, f),
            Err(_) => write!(f, "{} µs since 1970", self.0),
        }
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_i64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            Self::parse(&text).map_err(serde::de::Error::custom)
        } else {
            i64::deserialize(deserializer).map(Self)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_counts_when_it_is_over() {
        let at = |text| Time::parse(text).unwrap();
        let days = |from, until| at(from).whole_days_until(at(until));
        assert_eq!(days("2021-08-24T01:30:25Z", "2022-10-15"), Some(416));
        assert_eq!(days("2021-08-24T00:00:00Z", "2022-10-15"), Some(417));
        assert_eq!(days("2021-08-24", "2021-08-24"), Some(0));
        assert_eq!(days("2021-08-25", "2021-08-24"), None);
    }

    #[test]
    fn reads_and_writes_the_same_moment() {
        for (text, written) in [
            ("2021-08-24T09:12:00Z", "2021-08-24T09:12:00Z"),
            ("2021-08-24T10:12:00.5+01:00", "2021-08-24T09:12:00.5Z"),
            ("2021-08-24 09:12:00", "2021-08-24T09:12:00Z"),
            ("2021-08-24", "2021-08-24T00:00:00Z"),
        ] {
            assert_eq!(Time::parse(text).unwrap().to_string(), written, "{text}");
        }
        assert!(Time::parse("yesterday").is_err());
    }

    #[test]
    fn a_zone_moves_what_has_no_offset() {
        let london = TimeZone::get("Europe/London").unwrap();
        let time = Time::parse_in("2021-08-24 10:12:00", &london).unwrap();
        assert_eq!(time.to_string(), "2021-08-24T09:12:00Z");
    }

    #[test]
    fn filetime_zero_is_no_time() {
        assert_eq!(Time::from_filetime(0), None);
        let time = Time::from_filetime(132_742_687_200_000_000).unwrap();
        assert_eq!(time.to_string(), "2021-08-24T08:52:00Z");
        assert_eq!(Time::from_filetime(u64::MAX), None);
    }
}
