//! Moments and days as people write them, always in UTC.

use model::Time;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Microseconds of one day.
pub(crate) const DAY: i64 = 86_400_000_000;

/// The month's name; empty for what is no month.
pub(crate) fn month(number: i8) -> &'static str {
    usize::try_from(i32::from(number) - 1).ok().and_then(|at| MONTHS.get(at)).copied().unwrap_or("")
}

/// `24 August 2021`.
pub(crate) fn date(time: Time) -> String {
    let civil = time.civil();
    format!("{} {} {}", civil.day(), month(civil.month()), civil.year())
}

/// `24 Aug 2021`.
pub(crate) fn short_date(time: Time) -> String {
    let civil = time.civil();
    format!("{} {} {}", civil.day(), month(civil.month()).get(..3).unwrap_or(""), civil.year())
}

/// `24 August 2021, 09:12 UTC`.
pub(crate) fn date_time(time: Time) -> String {
    let civil = time.civil();
    format!("{}, {:02}:{:02} UTC", date(time), civil.hour(), civil.minute())
}

/// The moment in UTC as tables have it, cut to whole seconds: `2021-08-24 09:12:00`.
pub fn stamp(time: Time) -> String {
    let c = time.civil();
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
        c.year(),
        c.month(),
        c.day(),
        c.hour(),
        c.minute(),
        c.second()
    )
}

/// The midnight at which a day since 1970-01-01 begins.
pub(crate) const fn of_day(day: i64) -> Time {
    Time::from_micros(day.saturating_mul(DAY))
}

/// `24 to 27 August 2021`, naming month and year once where they are the same.
pub(crate) fn span(first: Time, last: Time) -> String {
    let (a, b) = (first.civil(), last.civil());
    if a.date() == b.date() {
        return date(first);
    }
    let start = match (a.year() == b.year(), a.month() == b.month()) {
        (true, true) => a.day().to_string(),
        (true, false) => format!("{} {}", a.day(), month(a.month())),
        _ => date(first),
    };
    format!("{start} to {}", date(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Time {
        Time::parse(text).unwrap()
    }

    #[test]
    fn moments_read_as_people_write_them() {
        assert_eq!(date_time(at("2021-08-24T09:12:59Z")), "24 August 2021, 09:12 UTC");
        assert_eq!(short_date(at("2022-05-01")), "1 May 2022");
        assert_eq!(stamp(at("2021-08-24T09:12:59.5Z")), "2021-08-24 09:12:59");
    }

    #[test]
    fn a_span_says_each_thing_once() {
        assert_eq!(span(at("2021-08-24"), at("2021-08-24T23:00:00Z")), "24 August 2021");
        assert_eq!(span(at("2021-08-24"), at("2021-08-27")), "24 to 27 August 2021");
        assert_eq!(span(at("2021-08-24"), at("2021-09-02")), "24 August to 2 September 2021");
        assert_eq!(span(at("2021-12-31"), at("2022-01-01")), "31 December 2021 to 1 January 2022");
    }

    #[test]
    fn times_at_the_ends_of_the_calendar_do_not_panic() {
        for micros in [i64::MIN, i64::MAX, 0] {
            let time = Time::from_micros(micros);
            assert!(!stamp(time).is_empty() && !short_date(time).is_empty() && !span(time, time).is_empty());
        }
    }
}
