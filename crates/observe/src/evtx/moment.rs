//! Texts of moments, to the 100 ns that a FILETIME counts.

use super::text::push_ascii;
use super::value::Odd;

/// Calendar parts of a moment.
struct Civil {
    year: u64,
    month: u64,
    day: u64,
    hour: u64,
    minute: u64,
    second: u64,
    ticks: u64,
}

impl Civil {
    /// `2021-08-24T09:12:00.1234567Z`: seven decimals are what a FILETIME counts.
    fn push(&self, out: &mut String) {
        let mut text = *b"0000-00-00T00:00:00.0000000Z";
        for (range, value) in [
            (0..4, self.year % 10_000),
            (5..7, self.month),
            (8..10, self.day),
            (11..13, self.hour),
            (14..16, self.minute),
            (17..19, self.second),
            (20..27, self.ticks),
        ] {
            let mut value = value;
            for byte in text[range].iter_mut().rev() {
                *byte = b'0' + (value % 10) as u8;
                value /= 10;
            }
        }
        push_ascii(out, &text);
    }
}

pub(super) fn push_filetime(out: &mut String, filetime: u64) {
    const TICKS_PER_SECOND: u64 = 10_000_000;
    const TICKS_PER_DAY: u64 = 86_400 * TICKS_PER_SECOND;
    if i64::try_from(filetime).is_err() {
        // Windows shows zeros for what its own conversion refuses.
        return push_ascii(out, b"0000-00-00T00:00:00.0000000Z");
    }
    let (year, month, day) = civil_from_days(filetime / TICKS_PER_DAY);
    let seconds = filetime % TICKS_PER_DAY / TICKS_PER_SECOND;
    Civil {
        year,
        month,
        day,
        hour: seconds / 3600,
        minute: seconds / 60 % 60,
        second: seconds % 60,
        ticks: filetime % TICKS_PER_SECOND,
    }
    .push(out);
}

/// The Gregorian date `days` after 1601-01-01, counted in cycles of 400 years that begin in March.
const fn civil_from_days(days: u64) -> (u64, u64, u64) {
    let days = days + 584_694;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = era * 400 + year_of_era + (month <= 2) as u64;
    (year, month, day)
}

/// Appends a `SYSTEMTIME`; one that states no time is left to a reader that knows what Windows
/// makes of it.
pub(super) fn push_systemtime(out: &mut String, bytes: &[u8; 16]) -> Result<(), Odd> {
    let field = |index: usize| u64::from(u16::from_le_bytes([bytes[2 * index], bytes[2 * index + 1]]));
    let civil = Civil {
        year: field(0),
        month: field(1),
        day: field(3),
        hour: field(4),
        minute: field(5),
        second: field(6),
        ticks: field(7) * 10_000,
    };
    let sane = (1601..=9999).contains(&civil.year)
        && (1..=12).contains(&civil.month)
        && civil.day >= 1
        && civil.day <= days_in_month(civil.year, civil.month)
        && civil.hour < 24
        && civil.minute < 60
        && civil.second < 60
        && field(7) < 1_000;
    if !sane {
        return Err(Odd);
    }
    civil.push(out);
    Ok(())
}

const fn days_in_month(year: u64, month: u64) -> u64 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
