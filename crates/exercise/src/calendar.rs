//! Days, hours and the rhythm in which an organisation works.

use jiff::civil::{Date, DateTime, Weekday};
use model::Time;
use serde::Deserialize;

use crate::dice::Dice;

/// Microseconds in a second.
pub(crate) const SECOND: i64 = 1_000_000;
/// Microseconds in a minute.
pub(crate) const MINUTE: i64 = 60 * SECOND;
/// Microseconds in an hour.
pub(crate) const HOUR: i64 = 60 * MINUTE;
/// Microseconds in a day.
pub(crate) const DAY: i64 = 24 * HOUR;

/// When a stream has its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Rhythm {
    /// What people do: in working hours on working days.
    Office,
    /// What machines do: around the clock, somewhat more by day.
    Machine,
    /// What outsiders do: mail and visits by day and in the evening, also at weekends.
    Outside,
}

const OFFICE: [u32; 24] =
    [1, 1, 1, 1, 1, 2, 6, 22, 60, 100, 105, 98, 72, 80, 102, 98, 88, 56, 18, 9, 7, 6, 4, 2];
const MACHINE: [u32; 24] =
    [38, 40, 36, 34, 34, 34, 36, 44, 58, 68, 70, 68, 60, 64, 68, 66, 62, 50, 42, 40, 38, 38, 38, 38];
const OUTSIDE: [u32; 24] =
    [10, 8, 6, 6, 6, 8, 16, 34, 60, 80, 84, 80, 66, 70, 78, 76, 70, 56, 40, 34, 32, 30, 24, 16];

impl Rhythm {
    const fn hours(self) -> &'static [u32; 24] {
        match self {
            Self::Office => &OFFICE,
            Self::Machine => &MACHINE,
            Self::Outside => &OUTSIDE,
        }
    }

    /// How much of an ordinary working day's traffic falls on a day.
    pub(crate) const fn share(self, free: bool) -> f64 {
        match (self, free) {
            (_, false) => 1.0,
            (Self::Office, true) => 0.08,
            (Self::Machine, true) => 0.75,
            (Self::Outside, true) => 0.4,
        }
    }

    /// A moment within the day that begins at `midnight`.
    pub(crate) fn moment(self, dice: &mut Dice, midnight: i64) -> i64 {
        let hour = dice.weighted(self.hours()) as i64;
        midnight + hour * HOUR + dice.within(0..HOUR as u64) as i64
    }
}

/// The first moment of `date`, in microseconds since 1970.
pub(crate) fn midnight(date: Date) -> i64 {
    let civil = date.at(0, 0, 0, 0);
    Time::from_civil(civil, &jiff::tz::TimeZone::UTC).map_or(0, Time::micros)
}

/// The calendar parts of a moment.
pub(crate) fn civil(micros: i64) -> DateTime {
    Time::from_micros(micros).civil()
}

/// Whether few are at work: a weekend or one of `holidays`.
pub(crate) fn is_free(date: Date, holidays: &[Date]) -> bool {
    matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday) || holidays.contains(&date)
}

/// Abbreviated names of months, as mail and syslog write them.
pub(crate) const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `2021-08-24 09:12:07` with whatever stands between date and time.
pub(crate) struct Stamp {
    /// Year.
    pub year: i16,
    /// Month, from 1.
    pub month: i8,
    /// Day of the month, from 1.
    pub day: i8,
    /// Hour.
    pub hour: i8,
    /// Minute.
    pub minute: i8,
    /// Second.
    pub second: i8,
    /// Milliseconds within the second.
    pub millis: u16,
}

impl Stamp {
    /// The parts of a moment.
    pub(crate) fn new(micros: i64) -> Self {
        let civil = civil(micros);
        let part = micros.rem_euclid(SECOND);
        Self {
            year: civil.year(),
            month: civil.month(),
            day: civil.day(),
            hour: civil.hour(),
            minute: civil.minute(),
            second: civil.second(),
            millis: (part / 1000) as u16,
        }
    }

    /// `2021-08-24`
    pub(crate) fn date(&self) -> String {
        format!("{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }

    /// `09:12:07`
    pub(crate) fn time(&self) -> String {
        format!("{:02}:{:02}:{:02}", self.hour, self.minute, self.second)
    }

    /// `2021-08-24T09:12:07`
    pub(crate) fn iso(&self) -> String {
        format!("{}T{}", self.date(), self.time())
    }

    /// `2021-08-24T09:12:07.123Z`
    pub(crate) fn iso_millis(&self) -> String {
        format!("{}.{:03}Z", self.iso(), self.millis)
    }

    /// `Aug 24 09:12:07`, as RFC 3164 has it.
    pub(crate) fn bsd(&self) -> String {
        format!("{} {:2} {}", MONTHS[self.month as usize - 1], self.day, self.time())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_read_as_logs_write_them() {
        let stamp = Stamp::new(1_629_796_327_123_456);
        assert_eq!(stamp.iso_millis(), "2021-08-24T09:12:07.123Z");
        assert_eq!(stamp.bsd(), "Aug 24 09:12:07");
        assert_eq!(Stamp::new(midnight(jiff::civil::date(2022, 3, 5))).bsd(), "Mar  5 00:00:00");
    }

    #[test]
    fn offices_sleep_at_night() {
        let mut dice = Dice::new(1, "rhythm");
        let night = (0..1000).filter(|_| Rhythm::Office.moment(&mut dice, 0) < 5 * HOUR).count();
        assert!(night < 30, "{night}");
    }
}
