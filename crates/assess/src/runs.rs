use model::{Level, Time};
use rustc_hash::FxHashMap;

use crate::things::{Named, ThingId};

/// A run's number.
pub(crate) type RunId = u32;
/// A rule's number.
pub(crate) type RuleId = u32;

/// Findings of one rule with the same actors on the same machine, without a long pause.
///
/// Runs, not findings, are what incidents are made of: a million findings of a bulk read are a
/// handful of runs, so that memory follows what is distinct.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) rule: RuleId,
    pub(crate) group: u32,
    pub(crate) own: Option<ThingId>,
    pub(crate) first: Option<Time>,
    pub(crate) last: Option<Time>,
    pub(crate) level: Level,
    pub(crate) count: u64,
    /// Hash of its first finding's id.
    pub(crate) first_id: u64,
    /// What its findings name, in order of first naming; capped.
    pub(crate) things: Vec<ThingId>,
}

/// All runs of one rule with the same actors on the same machine.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) runs: Vec<RunId>,
    /// On how many days it has a finding.
    pub(crate) days: u32,
    last_day: i64,
}

/// What [`Runs::add`] needs of a finding.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sighting<'a> {
    pub(crate) rule: RuleId,
    pub(crate) named: &'a Named,
    pub(crate) time: Option<Time>,
    pub(crate) level: Level,
    pub(crate) id: &'a str,
}

/// Every run, and how to find a finding's run again.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    by_key: FxHashMap<Box<[u32]>, u32>,
    pub(crate) groups: Vec<Group>,
    pub(crate) list: Vec<Run>,
    /// How many findings had to join a coarser run because the room was full.
    pub(crate) coarse: u64,
}

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;
/// Stands in a key for the machine where that is unknown.
const NO_MACHINE: u32 = u32::MAX;
/// How many things a run remembers.
const MOST_THINGS: usize = 48;

impl Runs {
    /// Groups by rule, machine and actors; past it by rule and machine, then by rule alone.
    const MOST_GROUPS: usize = 30_000;
    const MOST_COARSE: usize = 40_000;
    /// Runs; past it a group's last run goes on.
    const MOST_RUNS: usize = 60_000;

    /// Puts a finding into its run. Findings come in order of time.
    pub(crate) fn add(&mut self, sighting: &Sighting) -> RunId {
        let group = self.group_for(sighting);
        let known = &mut self.groups[group as usize];
        let day = sighting.time.map_or(i64::MIN, Time::day);
        if known.last_day != day || known.days == 0 {
            known.last_day = day;
            known.days += 1;
        }
        let full = self.list.len() >= Self::MOST_RUNS;
        let known = &self.groups[group as usize];
        let open = known.runs.last().copied().filter(|&run| {
            let run = &self.list[run as usize];
            full || goes_on(run, sighting.time, known.runs.len())
        });
        let id = open.unwrap_or_else(|| self.begin(group, sighting));
        let run = &mut self.list[id as usize];
        run.last = run.last.max(sighting.time);
        run.level = run.level.max(sighting.level);
        run.count += 1;
        for &thing in &sighting.named.all {
            if run.things.len() < MOST_THINGS && !run.things.contains(&thing) {
                run.things.push(thing);
            }
        }
        id
    }

    /// The run into which [`Runs::add`] put a finding.
    pub(crate) fn find(&self, rule: RuleId, named: &Named, time: Option<Time>) -> Option<RunId> {
        let group = keys(rule, named).into_iter().find_map(|key| self.by_key.get(key.as_slice()))?;
        let runs = &self.groups[*group as usize].runs;
        let after = runs.partition_point(|&run| self.list[run as usize].first <= time);
        let run = *runs.get(after.checked_sub(1)?)?;
        (time <= self.list[run as usize].last).then_some(run)
    }

    fn group_for(&mut self, sighting: &Sighting) -> u32 {
        let [fine, coarse, coarsest] = keys(sighting.rule, sighting.named);
        if let Some(&group) = self.by_key.get(fine.as_slice()) {
            return group;
        }
        let room = if sighting.level >= Level::Medium { Self::MOST_GROUPS } else { Self::MOST_GROUPS / 2 };
        if self.groups.len() < room {
            return self.open_group(fine);
        }
        self.coarse += 1;
        if let Some(&group) = self.by_key.get(coarse.as_slice()) {
            return group;
        }
        if self.groups.len() < Self::MOST_COARSE {
            return self.open_group(coarse);
        }
        match self.by_key.get(coarsest.as_slice()) {
            Some(&group) => group,
            None => self.open_group(coarsest),
        }
    }

    fn open_group(&mut self, key: Vec<u32>) -> u32 {
        let group = self.groups.len() as u32;
        self.groups.push(Group { runs: Vec::new(), days: 0, last_day: i64::MIN });
        self.by_key.insert(key.into_boxed_slice(), group);
        group
    }

    fn begin(&mut self, group: u32, sighting: &Sighting) -> RunId {
        let id = self.list.len() as RunId;
        self.list.push(Run {
            rule: sighting.rule,
            group,
            own: sighting.named.own,
            first: sighting.time,
            last: sighting.time,
            level: sighting.level,
            count: 0,
            first_id: crate::stable_hash(sighting.id),
            things: Vec::new(),
        });
        self.groups[group as usize].runs.push(id);
        id
    }
}

/// The keys under which a finding's group may be known, the finest first.
fn keys(rule: RuleId, named: &Named) -> [Vec<u32>; 3] {
    let coarse = vec![rule, named.own.unwrap_or(NO_MACHINE)];
    let mut fine = coarse.clone();
    fine.extend(&named.actors);
    [fine, coarse, vec![rule]]
}

/// Whether a finding at `time` still belongs to `run`, the last of `runs` runs. The more runs
/// there were, the longer a pause must be: what fires every hour needs no run an hour.
fn goes_on(run: &Run, time: Option<Time>, runs: usize) -> bool {
    let (Some(first), Some(last), Some(time)) = (run.first, run.last, time) else {
        return run.last == time;
    };
    let pause = time.micros() - last.micros();
    match runs {
        0..16 => pause <= HOUR && time.micros() - first.micros() <= DAY,
        16..32 => pause <= DAY,
        32..64 => pause <= 7 * DAY,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64) -> Option<Time> {
        Some(Time::from_micros(hours * HOUR))
    }

    fn named(actors: &[u32]) -> Named {
        Named { own: Some(0), all: actors.to_vec(), actors: actors.to_vec() }
    }

    fn add(runs: &mut Runs, actors: &[u32], time: Option<Time>) -> RunId {
        runs.add(&Sighting { rule: 7, named: &named(actors), time, level: Level::Medium, id: "x" })
    }

    #[test]
    fn a_pause_parts_runs_and_each_finding_is_found_again() {
        let mut runs = Runs::default();
        let mut placed = Vec::new();
        for (actors, time) in [
            (&[1][..], None),
            (&[1], at(0)),
            (&[2], at(0)),
            (&[1], at(1)),
            (&[1], at(5)),
            (&[1, 2], at(5)),
            (&[1], at(5)),
        ] {
            placed.push((actors, time, add(&mut runs, actors, time)));
        }
        assert_eq!(placed.iter().map(|p| p.2).collect::<Vec<_>>(), [0, 1, 2, 1, 3, 4, 3]);
        for (actors, time, run) in placed {
            assert_eq!(runs.find(7, &named(actors), time), Some(run));
        }
        assert_eq!(runs.find(8, &named(&[1]), at(0)), None);
        assert_eq!(runs.find(7, &named(&[1]), at(3)), None);
    }

    #[test]
    fn what_fires_for_ever_makes_few_runs() {
        let mut runs = Runs::default();
        for hour in 0..100_000 {
            add(&mut runs, &[1], at(hour * 2));
        }
        assert!(runs.list.len() <= 64, "{}", runs.list.len());
    }

    #[test]
    fn a_million_strangers_fit() {
        let mut runs = Runs::default();
        for stranger in 0..1_000_000_u32 {
            add(&mut runs, &[stranger], at(i64::from(stranger) / 100));
        }
        assert!(runs.list.len() <= Runs::MOST_RUNS && runs.groups.len() <= Runs::MOST_COARSE + 1);
        assert!(runs.find(7, &named(&[999_999]), at(9_999)).is_some());
        assert!(runs.coarse > 900_000);
    }
}
