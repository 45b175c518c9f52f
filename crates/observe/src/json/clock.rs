use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use model::{Kind, Time, Value};

/// The time that `value` says, and whether `zone` had to be used for it.
///
/// Reads RFC 3339 and ISO 8601 with or without an offset, seconds, milli-, micro- and nanoseconds
/// since 1970 told apart by their size, `/Date(1629796320000)/` as older .NET writes it,
/// `24/Aug/2021:09:12:00 +0000` as web servers do, and `8/24/2021 9:12:00 AM` as the United States
/// do.
pub(super) fn time_of(value: Value<'_>, zone: &TimeZone) -> Option<(Time, bool)> {
    let text = value.text.trim();
    match value.kind {
        Kind::Int | Kind::Float => epoch(text).map(|time| (time, false)),
        Kind::Str => stamp(text).map(|time| (time, false)).or_else(|| written(text, zone)),
        Kind::Bool | Kind::Null => None,
    }
}

fn stamp(text: &str) -> Option<Time> {
    Some(Time::from_micros(text.parse::<Timestamp>().ok()?.as_microsecond()))
}

fn written(text: &str, zone: &TimeZone) -> Option<(Time, bool)> {
    if let Some(inner) = text.strip_prefix("/Date(") {
        let digits = inner.split([')', '+']).next()?;
        return epoch(digits).map(|time| (time, false));
    }
    if text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return epoch(text).map(|time| (time, false));
    }
    if let Some(utc) = text.strip_suffix(" UTC").or_else(|| text.strip_suffix(" GMT")) {
        return Some((Time::from_civil(utc.parse::<DateTime>().ok()?, &TimeZone::UTC)?, false));
    }
    if let Ok(civil) = text.parse::<DateTime>() {
        return Some((Time::from_civil(civil, zone)?, true));
    }
    if let Ok(zoned) = jiff::fmt::strtime::parse("%d/%b/%Y:%H:%M:%S %z", text).and_then(|t| t.to_timestamp())
    {
        return Some((Time::from_micros(zoned.as_microsecond()), false));
    }
    Some((Time::from_civil(american(text)?, zone)?, true))
}

/// Seconds since 1970 with decimals, or a whole number of smaller units: no log is so old or so far
/// ahead that their ranges meet.
fn epoch(text: &str) -> Option<Time> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if decimals.contains(['e', 'E']) || whole.contains(['e', 'E']) {
        return Time::checked((text.parse::<f64>().ok()? * 1e6) as i64);
    }
    let number: i64 = whole.parse().ok()?;
    let micros = match number.unsigned_abs() {
        // Before September 2001 a bare number is more likely a count than a time.
        0..1_000_000_000 if decimals.is_empty() => return None,
        0..100_000_000_000 => return seconds(number, decimals),
        100_000_000_000..100_000_000_000_000 => number.checked_mul(1_000)?,
        100_000_000_000_000..100_000_000_000_000_000 => number,
        _ => number / 1_000,
    };
    Time::checked(micros)
}

fn seconds(number: i64, decimals: &str) -> Option<Time> {
    let fraction =
        decimals.bytes().chain(std::iter::repeat(b'0')).take(6).try_fold(0_i64, |sum, digit| {
            digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0'))
        })?;
    Time::checked(number.checked_mul(1_000_000)? + fraction)
}

/// `month/day/year hour:minute:second` with or without `AM` and `PM`.
fn american(text: &str) -> Option<DateTime> {
    let mut parts = text.split_ascii_whitespace();
    let mut date = parts.next()?.split('/');
    let (month, day, year) = (date.next()?, date.next()?, date.next()?);
    let date = Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()?;
    let mut clock = parts.next()?.split(':').map(|part| part.parse::<i8>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next().unwrap_or(Some(0))?);
    let hour = match parts.next() {
        Some("AM") => hour % 12,
        Some("PM") => hour % 12 + 12,
        Some(_) => return None,
        None => hour,
    };
    let time = jiff::civil::Time::new(hour, minute, second, 0).ok()?;
    Some(date.to_datetime(time))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_a_time() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let moment = "2021-08-24T09:12:00Z";
        for (kind, text, expected, assumed) in [
            (Kind::Str, "2021-08-24T09:12:00Z", moment, false),
            (Kind::Str, "2021-08-24T09:12:00.0000000Z", moment, false),
            (Kind::Str, "2021-08-24T10:12:00+0100", moment, false),
            (Kind::Str, "2021-08-24T11:12:00", moment, true),
            (Kind::Str, "2021-08-24 11:12:00.000", moment, true),
            (Kind::Str, "2021-08-24 09:12:00 UTC", moment, false),
            (Kind::Str, "8/24/2021 11:12:00 AM", moment, true),
            (Kind::Str, "24/Aug/2021:09:12:00 +0000", moment, false),
            (Kind::Str, "/Date(1629796320000)/", moment, false),
            (Kind::Str, "1629796320", moment, false),
            (Kind::Int, "1629796320", moment, false),
            (Kind::Int, "1629796320000", moment, false),
            (Kind::Int, "1629796320000000", moment, false),
            (Kind::Int, "1629796320000000000", moment, false),
            (Kind::Float, "1629796320.25", "2021-08-24T09:12:00.25Z", false),
            (Kind::Float, "1.62979632e9", moment, false),
        ] {
            let (time, zone_used) =
                time_of(Value { kind, text }, &berlin).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((time.to_string().as_str(), zone_used), (expected, assumed), "{text}");
        }
    }

    #[test]
    fn what_is_no_time() {
        for (kind, text) in [
            (Kind::Str, ""),
            (Kind::Str, "yesterday"),
            (Kind::Str, "13/24/2021 1:00:00 AM"),
            (Kind::Str, "8/24/2021 99:00:00"),
            (Kind::Int, "42"),
            (Kind::Int, "99999999999999999999999"),
            (Kind::Float, "1e400"),
            (Kind::Bool, "true"),
            (Kind::Null, ""),
        ] {
            assert_eq!(time_of(Value { kind, text }, &TimeZone::UTC), None, "{text}");
        }
    }
}
