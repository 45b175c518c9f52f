//! The year of dates that carry none.

use model::Time;

use super::header::DayOfYear;
use crate::w3c::clock::DAY;

/// A fall back by more than this is a new year; by less, disorder.
const FALL: i64 = 120 * DAY;
/// A leap forward by more than this is a straggler of the old year: from early January to late
/// December.
const LEAP: i64 = 330 * DAY;

/// Follows the dates of one file through the turns of the year.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Turns {
    last: Option<DayOfYear>,
    count: i64,
}

impl Turns {
    /// How many years after the first date `date` lies.
    pub(super) fn follow(&mut self, date: DayOfYear) -> i64 {
        // A leap year has every date.
        let place = |date: DayOfYear| date.in_year(2020).unwrap_or(0);
        let moved = self.last.map_or(0, |last| place(date) - place(last));
        if moved > LEAP && self.count > 0 {
            return self.count - 1;
        }
        if moved < -FALL {
            self.count += 1;
        }
        self.last = Some(date);
        self.count
    }
}

/// Gives dates their year.
#[derive(Clone, Debug)]
pub(super) struct Years {
    first: First,
    turns: Turns,
    missed: bool,
    used: bool,
}

/// What is known of the year of the first date.
#[derive(Clone, Copy, Debug)]
enum First {
    /// It was set.
    Set(i64),
    /// It follows from when the file was last changed.
    Derived(i64, Time),
    /// It will, once the first date is seen.
    Open(Time),
    /// Nothing.
    Unknown,
}

impl Years {
    /// The first date is of the year `set`, or else follows from when the file was `modified`.
    pub(super) fn new(set: Option<i64>, modified: Option<Time>) -> Self {
        let first = match (set, modified) {
            (Some(year), _) => First::Set(year),
            (None, Some(modified)) => First::Open(modified),
            (None, None) => First::Unknown,
        };
        Self { first, turns: Turns::default(), missed: false, used: false }
    }

    /// The first date is of the year `first`, which was derived from `modified`.
    pub(super) fn derived(first: i64, modified: Time) -> Self {
        Self { first: First::Derived(first, modified), ..Self::new(None, None) }
    }

    /// The moment of `date` on the clock that wrote it.
    pub(super) fn local(&mut self, date: DayOfYear) -> Option<i64> {
        let turns = self.turns.follow(date);
        if let First::Open(modified) = self.first {
            self.first = First::Derived(first_year(date, turns, modified), modified);
        }
        match self.first {
            First::Set(year) | First::Derived(year, _) => {
                self.used = true;
                date.in_year(year + turns)
            }
            First::Open(_) | First::Unknown => {
                self.missed = true;
                None
            }
        }
    }

    /// Whether a date had to go without its year.
    pub(super) fn missed(&self) -> bool {
        self.missed
    }

    /// What to say of the year, if any date needed it.
    pub(super) fn assumption(&self) -> Option<String> {
        match self.first {
            First::Set(year) if self.used => Some(format!("dates without a year begin in {year}, as set")),
            First::Derived(year, modified) if self.used => {
                Some(format!("dates without a year begin in {year}, as the file was last changed {modified}"))
            }
            _ => None,
        }
    }
}

/// The year of the first date of a file, given its last date and the years between the two: the
/// latest in which the last date does not lie after the file was last written (a day is allowed
/// for the zone).
pub(super) fn first_year(last: DayOfYear, turns: i64, modified: Time) -> i64 {
    let year = i64::from(modified.civil().year());
    let after = last.in_year(year).is_some_and(|moment| moment > modified.micros() + DAY);
    year - turns - i64::from(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(month: i64, day: i64) -> DayOfYear {
        DayOfYear { month, day, clock: 0 }
    }

    #[test]
    fn years_turn_at_new_year_and_nowhere_else() {
        let mut turns = Turns::default();
        for (month, day, expected) in
            [(8, 24, 0), (8, 23, 0), (12, 31, 0), (1, 1, 1), (12, 31, 0), (1, 2, 1), (10, 15, 1), (2, 1, 2)]
        {
            assert_eq!(turns.follow(date(month, day)), expected, "{month}/{day}");
        }
    }

    #[test]
    fn the_last_date_lies_before_the_file_was_written() {
        for (last, turns, modified, expected) in [
            (date(10, 15), 1, "2022-10-15T23:00:00Z", 2021),
            (date(10, 15), 0, "2022-10-14T23:00:00Z", 2022),
            (date(12, 30), 0, "2022-01-02T00:00:00Z", 2021),
        ] {
            assert_eq!(first_year(last, turns, Time::parse(modified).unwrap()), expected);
        }
    }
}
