//! Correlations over inputs in order of time.
//!
//! A correlation looks at a window that slides over the events of each group. While its condition
//! holds from one event to the next, the windows belong to one burst, and a burst is one finding
//! that lists every event of its windows: a thousand reads in an hour are one finding, not nine
//! hundred. The specification leaves open how often a correlation fires; this is what a person who
//! has to read the result needs.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use model::{EventRef, Group, Time, Window};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::rule::{Correlation, Measure, RuleSet, Seen, Target, Threshold};

/// How many events one correlation finding lists; the rest are counted.
pub const MAX_EVENTS: usize = 10_000;

/// How many different counted values one finding names.
pub const MAX_VALUES: usize = 200;

/// An event that a correlation may count: a rule held on it, or it ends a burst of a correlation
/// further down.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Input {
    /// When; events without a time cannot be correlated.
    pub time: Time,
    /// Where it lies.
    pub event: EventRef,
    /// What held.
    pub target: Target,
    /// The values of the target's `inputs`, in their order.
    pub values: Vec<Option<String>>,
}

/// A correlation that held.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Burst {
    /// Which correlation, by its place in the rule set.
    pub correlation: u32,
    /// Its events in order, at most [`MAX_EVENTS`].
    pub events: Vec<EventRef>,
    /// How many there were.
    pub total: u64,
    /// From the first to the last of them.
    pub window: Window,
    /// Values of the group-by fields.
    pub group: Group,
    /// The values of the correlation's own `inputs`, from its last event.
    pub values: Vec<Option<String>>,
    /// The sum that exceeded the bounds, where it is a number.
    pub measured: Option<f64>,
    /// The different values that were counted, in order, at most [`MAX_VALUES`]: the mailboxes of
    /// “access to several mailboxes”.
    pub counted: Vec<String>,
}

impl Burst {
    /// The burst as an input of correlations further up. It happens when its last event does.
    pub fn input(&self) -> Option<Input> {
        Some(Input {
            time: self.window.last,
            event: self.events.last()?.clone(),
            target: Target::Correlation(self.correlation),
            values: self.values.clone(),
        })
    }
}

/// Evaluates the correlations of one depth. Inputs must come in order of time.
#[derive(Debug)]
pub struct Correlator<'a> {
    set: &'a RuleSet,
    /// Target → correlations that count it, with their member.
    routes: FxHashMap<Target, Vec<(u32, u32)>>,
    groups: BTreeMap<(u32, Vec<Option<String>>), State>,
    done: Vec<Burst>,
    last_sweep: Option<Time>,
}

#[derive(Debug, Default)]
struct State {
    window: VecDeque<Item>,
    burst: Option<Open>,
    /// The values in the window, each with how often, so that a long window costs no more than a
    /// short one.
    tally: FxHashMap<Vec<Option<String>>, u32>,
}

#[derive(Debug)]
struct Item {
    time: Time,
    event: EventRef,
    place: u32,
    values: Vec<Option<String>>,
    carried: Vec<Option<String>>,
    /// Whether a burst lists it.
    listed: bool,
}

#[derive(Debug)]
struct Open {
    events: Vec<EventRef>,
    total: u64,
    first: Time,
    last: Time,
    carried: Vec<Option<String>>,
    measured: Option<f64>,
    counted: BTreeSet<String>,
}

impl<'a> Correlator<'a> {
    /// For the correlations of `set` whose depth is `depth`.
    pub fn new(set: &'a RuleSet, depth: u32) -> Self {
        let mut routes: FxHashMap<Target, Vec<(u32, u32)>> = FxHashMap::default();
        for (place, correlation) in set.correlations.iter().enumerate().filter(|(_, c)| c.depth == depth) {
            for (member, found) in correlation.members.iter().enumerate() {
                routes.entry(found.target).or_default().push((place as u32, member as u32));
            }
        }
        Self { set, routes, groups: BTreeMap::new(), done: Vec::new(), last_sweep: None }
    }

    /// How many depths there are: correlations of depth 0 count rules alone.
    pub fn depths(set: &RuleSet) -> u32 {
        set.correlations.iter().map(|correlation| correlation.depth + 1).max().unwrap_or(0)
    }

    /// Whether any correlation of this depth counts `target`.
    pub fn wants(&self, target: Target) -> bool {
        self.routes.contains_key(&target)
    }

    /// Takes the next input.
    pub fn see(&mut self, input: &Input) {
        self.sweep(input.time);
        let Some(routes) = self.routes.get(&input.target) else { return };
        for &(place, member) in routes {
            let correlation = &self.set.correlations[place as usize];
            let member = &correlation.members[member as usize];
            let pick = |places: &[u32]| -> Vec<Option<String>> {
                places.iter().map(|&at| input.values.get(at as usize).cloned().flatten()).collect()
            };
            let group = pick(&member.group);
            let carried = carried(self.set, correlation, member.target, input);
            let item = Item {
                time: input.time,
                event: input.event.clone(),
                place: member.place,
                values: pick(&member.values),
                carried,
                listed: false,
            };
            let key = (place, group);
            let state = self.groups.entry(key.clone()).or_default();
            if let Some(burst) = state.see(correlation, item) {
                self.done.push(close(place, correlation, &key.1, burst));
            }
        }
    }

    /// Ends every burst that is still open and returns all, in order of their last event.
    pub fn finish(mut self) -> Vec<Burst> {
        for ((place, group), state) in std::mem::take(&mut self.groups) {
            if let Some(burst) = state.burst {
                let correlation = &self.set.correlations[place as usize];
                self.done.push(close(place, correlation, &group, burst));
            }
        }
        self.done.sort_by(|a, b| {
            let key = |burst: &Burst| (burst.window.last, burst.correlation, burst.group.clone());
            key(a).cmp(&key(b))
        });
        self.done
    }

    /// Drops groups that have been silent for longer than any window, once a while.
    fn sweep(&mut self, now: Time) {
        const EVERY: i64 = 3_600_000_000;
        if self.last_sweep.is_some_and(|last| now.micros() - last.micros() < EVERY) {
            return;
        }
        self.last_sweep = Some(now);
        let (set, done) = (self.set, &mut self.done);
        self.groups.retain(|(place, group), state| {
            let correlation = &set.correlations[*place as usize];
            let live =
                state.window.back().is_some_and(|item| now.micros() - item.time.micros() <= correlation.span);
            if !live && let Some(burst) = state.burst.take() {
                done.push(close(*place, correlation, group, burst));
            }
            live
        });
    }
}

/// What the correlation itself carries upwards: its own inputs are fields of its members.
fn carried(set: &RuleSet, correlation: &Correlation, target: Target, input: &Input) -> Vec<Option<String>> {
    let names = match target {
        Target::Rule(place) => &set.rules[place as usize].inputs,
        Target::Correlation(place) => &set.correlations[place as usize].inputs,
    };
    correlation
        .inputs
        .iter()
        .map(|field| {
            let at = names.iter().position(|name| name == field)?;
            input.values.get(at).cloned().flatten()
        })
        .collect()
}

fn close(place: u32, correlation: &Correlation, group: &[Option<String>], burst: Open) -> Burst {
    let group: Group = correlation
        .group_by
        .iter()
        .zip(group)
        .map(|(field, value)| (field.clone(), value.clone().unwrap_or_default()))
        .collect();
    Burst {
        correlation: place,
        events: burst.events,
        total: burst.total,
        window: Window { first: burst.first, last: burst.last },
        group,
        values: burst.carried,
        measured: burst.measured,
        counted: burst.counted.into_iter().collect(),
    }
}

impl State {
    /// Slides the window to `item`; returns the burst that ended before it.
    fn see(&mut self, correlation: &Correlation, item: Item) -> Option<Open> {
        let start = item.time.plus_micros(-correlation.span);
        while self.window.front().is_some_and(|first| first.time < start) {
            if let Some(gone) = self.window.pop_front() {
                self.forget(correlation, gone);
            }
        }
        if correlation.measure == Measure::ValueCount && item.values.iter().all(Option::is_some) {
            *self.tally.entry(item.values.clone()).or_default() += 1;
        }
        self.window.push_back(item);
        let over = self.burst.as_ref().is_some_and(|open| open.last < self.window[0].time);
        let ended = if over { self.burst.take() } else { None };
        if let Some(measured) = holds(correlation, &self.window, &self.tally) {
            let open = self.burst.get_or_insert_with(|| Open::new(self.window[0].time));
            open.measured = match (open.measured, measured) {
                (Some(before), Some(now)) => Some(before.max(now)),
                (before, now) => now.or(before),
            };
            // From the end: what is listed already lies before what is not.
            let unlisted = self.window.iter().rev().take_while(|item| !item.listed).count();
            let from = self.window.len() - unlisted;
            for item in self.window.range_mut(from..) {
                item.listed = true;
                open.add(item);
            }
        }
        ended
    }

    fn forget(&mut self, correlation: &Correlation, gone: Item) {
        if correlation.measure != Measure::ValueCount {
            return;
        }
        if let Some(count) = self.tally.get_mut(&gone.values) {
            *count -= 1;
            if *count == 0 {
                self.tally.remove(&gone.values);
            }
        }
    }
}

impl Open {
    fn new(first: Time) -> Self {
        Self {
            events: Vec::new(),
            total: 0,
            first,
            last: first,
            carried: Vec::new(),
            measured: None,
            counted: BTreeSet::new(),
        }
    }

    fn add(&mut self, item: &Item) {
        self.total += 1;
        self.last = item.time;
        self.carried.clone_from(&item.carried);
        if let Some(Some(value)) = item.values.first()
            && (self.counted.len() < MAX_VALUES || self.counted.contains(value))
        {
            self.counted.insert(value.clone());
        }
        if self.events.len() < MAX_EVENTS {
            self.events.push(item.event.clone());
        }
    }
}

/// `Some` when the window fulfils the correlation, with the measure where it is a number.
fn holds(
    correlation: &Correlation,
    window: &VecDeque<Item>,
    tally: &FxHashMap<Vec<Option<String>>, u32>,
) -> Option<Option<f64>> {
    let bounds = |value: f64| match &correlation.threshold {
        Threshold::Bounds(bounds) => bounds.iter().all(|bound| bound.holds(value)).then_some(Some(value)),
        Threshold::Seen(_) => None,
    };
    match correlation.measure {
        Measure::EventCount => bounds(window.len() as f64),
        Measure::ValueCount => bounds(tally.len() as f64),
        Measure::Temporal => temporal(correlation, window).then_some(None),
        Measure::TemporalOrdered => ordered(correlation, window).then_some(None),
        Measure::ValueSum => bounds(numbers(window).iter().sum()),
        Measure::ValueAvg => {
            let numbers = numbers(window);
            if numbers.is_empty() { None } else { bounds(numbers.iter().sum::<f64>() / numbers.len() as f64) }
        }
        Measure::ValuePercentile(rank) => bounds(percentile(numbers(window), f64::from(rank))?),
        Measure::ValueMedian => bounds(percentile(numbers(window), 50.0)?),
    }
}

fn numbers(window: &VecDeque<Item>) -> Vec<f64> {
    window.iter().filter_map(|item| item.values.first()?.as_ref()?.trim().parse().ok()).collect()
}

/// The value at the rank, interpolated linearly between neighbours.
fn percentile(mut numbers: Vec<f64>, rank: f64) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    let at = rank / 100.0 * (numbers.len().checked_sub(1)? as f64);
    let (below, above) = (numbers[at.floor() as usize], numbers[at.ceil() as usize]);
    Some(below + (above - below) * at.fract())
}

fn temporal(correlation: &Correlation, window: &VecDeque<Item>) -> bool {
    let seen = |place: u32| window.iter().any(|item| item.place == place);
    match &correlation.threshold {
        Threshold::Seen(expr) => expr.holds(&seen),
        Threshold::Bounds(_) => places(correlation).into_iter().all(seen),
    }
}

/// The rules in the order in which they are listed, each after the one before.
fn ordered(correlation: &Correlation, window: &VecDeque<Item>) -> bool {
    let mut places = places(correlation).into_iter().peekable();
    for item in window {
        if places.peek() == Some(&item.place) {
            places.next();
        }
    }
    match &correlation.threshold {
        Threshold::Seen(_) => temporal(correlation, window) && places.peek().is_none(),
        Threshold::Bounds(_) => places.peek().is_none(),
    }
}

fn places(correlation: &Correlation) -> Vec<u32> {
    let mut places: Vec<u32> = correlation.members.iter().map(|member| member.place).collect();
    places.dedup();
    places
}

impl Seen {
    fn holds(&self, seen: &impl Fn(u32) -> bool) -> bool {
        match self {
            Self::Rule(place) => seen(*place),
            Self::All(parts) => parts.iter().all(|part| part.holds(seen)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(seen)),
            Self::Not(part) => !part.holds(seen),
            Self::AtLeast(count, parts) => {
                parts.iter().filter(|part| part.holds(seen)).count() >= *count as usize
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Loader;
    use model::EvidenceId;

    const BASE: &str = r"
title: base
id: 00000000-0000-4000-8000-000000000001
name: base
logsource: {product: windows}
detection: {s: {A: 1}, condition: s}
---
title: other
id: 00000000-0000-4000-8000-000000000002
name: other
logsource: {product: windows}
detection: {s: {A: 2}, condition: s}
";

    fn bursts(correlation: &str, inputs: &[(i64, u32, &[&str])]) -> Vec<(usize, i64, i64)> {
        let mut loader = Loader::default();
        loader.add("base.yml", BASE);
        loader.add("c.yml", &format!("title: c\nname: c\ncorrelation:\n{correlation}\nlevel: high\n"));
        let set = loader.finish();
        assert!(set.rejected.is_empty(), "{:?}", set.rejected);
        let mut correlator = Correlator::new(&set, 0);
        for (record, &(second, rule, values)) in inputs.iter().enumerate() {
            let event = EventRef {
                time: Some(Time::from_micros(second * 1_000_000)),
                evidence: EvidenceId::default(),
                record: record as u64,
                seq: record as u64,
            };
            correlator.see(&Input {
                time: Time::from_micros(second * 1_000_000),
                event,
                target: Target::Rule(rule),
                values: values.iter().map(|v| Some((*v).to_owned())).collect(),
            });
        }
        correlator
            .finish()
            .iter()
            .map(|b| {
                (b.events.len(), b.window.first.micros() / 1_000_000, b.window.last.micros() / 1_000_000)
            })
            .collect()
    }

    #[test]
    fn a_burst_is_one_finding_with_all_its_events() {
        let count =
            "  type: event_count\n  rules: [base]\n  group-by: [U]\n  timespan: 10s\n  condition: {gte: 3}";
        let quiet: Vec<_> = [0, 20, 40].map(|t| (t, 0, &["x"][..])).to_vec();
        assert_eq!(bursts(count, &quiet), []);
        let long: Vec<_> = (0..8).map(|t| (t * 4, 0, &["x"][..])).collect();
        assert_eq!(bursts(count, &long), [(8, 0, 28)]);
        let twice: Vec<_> = [0, 1, 2, 60, 61, 62].map(|t| (t, 0, &["x"][..])).to_vec();
        assert_eq!(bursts(count, &twice), [(3, 0, 2), (3, 60, 62)]);
        let two_groups = [(0, 0, &["x"][..]), (1, 0, &["y"]), (2, 0, &["x"]), (3, 0, &["y"])];
        assert_eq!(bursts(count, &two_groups), []);
    }

    #[test]
    fn each_measure() {
        let values = [(0, 0, &["x", "1"][..]), (1, 0, &["x", "5"]), (2, 0, &["x", "5"]), (3, 0, &["x", "9"])];
        for (kind, bound, holds) in [
            ("value_count", "gte: 3, field: V", true),
            ("value_count", "gte: 4, field: V", false),
            ("value_sum", "gte: 20, field: V", true),
            ("value_sum", "gt: 20, field: V", false),
            ("value_avg", "gte: 5, field: V", true),
            ("value_median", "gte: 6, field: V", false),
            ("value_percentile", "gte: 9, field: V, percentile: 100", true),
        ] {
            let rule = format!(
                "  type: {kind}\n  rules: [base]\n  group-by: [U]\n  timespan: 10s\n  condition: {{{bound}}}"
            );
            assert_eq!(!bursts(&rule, &values).is_empty(), holds, "{kind} {bound}");
        }
    }

    #[test]
    fn order_matters_where_it_is_asked_for() {
        let rule = |kind| format!("  type: {kind}\n  rules: [base, other]\n  group-by: [U]\n  timespan: 10s");
        let forwards = [(0, 0, &["x"][..]), (1, 1, &["x"])];
        let backwards = [(0, 1, &["x"][..]), (1, 0, &["x"])];
        assert_eq!(bursts(&rule("temporal"), &backwards), [(2, 0, 1)]);
        assert_eq!(bursts(&rule("temporal_ordered"), &forwards), [(2, 0, 1)]);
        assert_eq!(bursts(&rule("temporal_ordered"), &backwards), []);
        let extended = rule("temporal") + "\n  condition: base and not other";
        assert_eq!(bursts(&extended, &forwards), [(1, 0, 0)]);
    }
}
