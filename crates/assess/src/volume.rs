use std::collections::{BTreeMap, BTreeSet};

use model::{Gap, Time};

/// Records of one machine's log on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Volume {
    /// How many.
    pub records: u64,
    /// Time of the first of them.
    pub first: Time,
    /// Time of the last.
    pub last: Time,
}

/// How many records each machine's logs hold, day by day.
#[derive(Debug, Default)]
pub(crate) struct Volumes {
    /// Machine's key and log → its name as a reader should see it, and its days.
    series: BTreeMap<(String, String), (String, BTreeMap<i64, Volume>)>,
    days: usize,
    pub(crate) refused: u64,
}

/// A gap with what it takes to order it among others.
#[derive(Clone, Debug)]
pub(crate) struct FoundGap {
    pub(crate) gap: Gap,
    /// Key of the machine.
    pub(crate) host: String,
}

/// A source with fewer active days has no habits to compare with.
const LEAST_ACTIVE_DAYS: usize = 14;
/// A gap is this many times as long as the usual longest pause.
const UNUSUAL: i64 = 3;
/// A gap has at least this many days without a record.
const LEAST_GAP_DAYS: i64 = 2;

impl Volumes {
    /// Machine-days of logs that are kept; 24 bytes each and the tree around them.
    const MOST_DAYS: usize = 400_000;

    pub(crate) fn add(&mut self, host: (&str, &str), log: &str, volume: Volume) {
        let (key, name) = host;
        let (_, days) = self
            .series
            .entry((key.to_owned(), log.to_owned()))
            .or_insert_with(|| (name.to_owned(), BTreeMap::new()));
        let day = volume.first.day();
        if let Some(known) = days.get_mut(&day) {
            known.records += volume.records;
            known.first = known.first.min(volume.first);
            known.last = known.last.max(volume.last);
        } else if self.days < Self::MOST_DAYS {
            days.insert(day, volume);
            self.days += 1;
        } else {
            self.refused += 1;
        }
    }

    /// The time of the last record of all.
    pub(crate) fn last(&self) -> Option<Time> {
        self.series.values().flat_map(|(_, days)| days.values().map(|day| day.last)).max()
    }

    /// On how many days each machine has a record, by its key.
    pub(crate) fn active_days(&self) -> BTreeMap<&str, u64> {
        let mut days: BTreeMap<&str, BTreeSet<i64>> = BTreeMap::new();
        for ((host, _), (_, series)) in &self.series {
            days.entry(host).or_default().extend(series.keys());
        }
        days.into_iter().map(|(host, days)| (host, days.len() as u64)).collect()
    }

    /// On how many days any machine has a record.
    pub(crate) fn days(&self) -> u64 {
        let days: BTreeSet<i64> = self.series.values().flat_map(|(_, days)| days.keys().copied()).collect();
        days.len() as u64
    }

    /// Spans in which a source is silent for unusually long, in order of source and time.
    pub(crate) fn gaps(&self) -> Vec<FoundGap> {
        let mut found = Vec::new();
        for ((host, log), (name, days)) in &self.series {
            let Some(longest) = usual_longest_pause(days) else { continue };
            let usual = median(days.values().map(|day| day.records).collect());
            for (before, after) in days.iter().zip(days.iter().skip(1)) {
                let silent = after.0 - before.0 - 1;
                if silent >= LEAST_GAP_DAYS && silent > UNUSUAL * longest {
                    let source = format!("{name} {log}").trim().to_owned();
                    let gap = Gap { source, from: before.1.last, until: after.1.first, days: silent, usual };
                    found.push(FoundGap { gap, host: host.clone() });
                }
            }
        }
        found
    }
}

/// The pause that nineteen of twenty pauses do not exceed, in days: a source that rests at every
/// weekend has two, one that writes every day none. `None` for a source without habits.
fn usual_longest_pause(days: &BTreeMap<i64, Volume>) -> Option<i64> {
    if days.len() < LEAST_ACTIVE_DAYS {
        return None;
    }
    let mut pauses: Vec<i64> =
        days.keys().zip(days.keys().skip(1)).map(|(before, after)| after - before - 1).collect();
    pauses.sort_unstable();
    let place = (pauses.len() - 1) * 19 / 20;
    pauses.get(place).copied()
}

fn median(mut numbers: Vec<u64>) -> u64 {
    numbers.sort_unstable();
    numbers.get(numbers.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000_000;

    fn record(day: i64) -> Volume {
        let first = Time::from_micros(day * DAY + 1);
        Volume { records: 10, first, last: first.plus_micros(5) }
    }

    fn gaps(days: impl Iterator<Item = i64>) -> Vec<i64> {
        let mut volumes = Volumes::default();
        for day in days {
            volumes.add(("ex01", "EX01"), "w3c", record(day));
        }
        volumes.gaps().iter().map(|found| found.gap.days).collect()
    }

    #[test]
    fn silence_is_measured_by_the_sources_own_past() {
        let working_day = |day: &i64| day.rem_euclid(7) < 5;
        assert_eq!(gaps((0..60).filter(|day| !(20..30).contains(day))), [10]);
        assert_eq!(gaps((0..60).filter(working_day)), [0_i64; 0]);
        // A long weekend of a source that rests at weekends is nothing; three weeks are.
        assert_eq!(gaps((0..90).filter(|d| working_day(d) && *d != 11)), [0_i64; 0]);
        assert_eq!(gaps((0..90).filter(|d| working_day(d) && !(21..42).contains(d))), [23]);
        // Every fortieth day, and then not: that source has no habits but long pauses.
        assert_eq!(gaps((0..20).map(|turn| turn * 40)), [0_i64; 0]);
        assert_eq!(gaps((0..13).map(|turn| turn * if turn == 12 { 20 } else { 1 })), [0_i64; 0]);
        assert_eq!(gaps((0..60).filter(|day| *day != 30)), [0_i64; 0]);
    }

    #[test]
    fn a_gap_lies_between_two_records_in_whatever_order_they_came() {
        let mut volumes = Volumes::default();
        let days = (0..20).chain(25..40);
        for day in days.rev() {
            volumes.add(("ex01", "EX01"), "w3c", record(day));
            volumes.add(("ex01", "EX01"), "w3c", record(day));
        }
        let found = volumes.gaps();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].gap.source, "EX01 w3c");
        assert_eq!((found[0].gap.from, found[0].gap.until), (record(19).last, record(25).first));
        assert_eq!((found[0].gap.days, found[0].gap.usual), (5, 20));
        assert_eq!(volumes.active_days()["ex01"], 35);
        assert_eq!(volumes.last(), Some(record(39).last));
    }
}
