//! Patterns over several observations, judged over the observations in order of time.
//!
//! Each observation expression of such a pattern is matched on single events; what was seen goes
//! through the tree of `AND`, `OR`, `FOLLOWEDBY` and qualifiers. A node keeps the newest sets of
//! observations that fulfilled it, and of those that end with the same event the tightest: no other
//! can lie within a shorter time or begin later. Sets that overlap make one finding, as the windows
//! of a correlation do.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use model::{Event, EventRef, Fact, Facts, Kind, Matched, Time, Window};
use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use super::Indicators;
use crate::correlate::{Burst, MAX_EVENTS};

/// How many sets of observations each part of a pattern remembers, the newest; and how often
/// `REPEATS` may ask for one.
pub(super) const MOST_SETS: usize = 1024;

/// How many sets that end with one event a part of a pattern goes on with.
const MOST_AT_ONCE: usize = 4;

/// How many facts one finding shows.
const MOST_FACTS: usize = 64;

/// What a finding over several events says of its last one, beside the facts that matched.
const CARRIED: [&str; 12] = [
    "Computer",
    "s-computername",
    "host",
    "server-hostname",
    "User",
    "TargetUserName",
    "SubjectUserName",
    "cs-username",
    "UserId",
    "IpAddress",
    "c-ip",
    "src_ip",
];

/// What holds over several observations. `L` is how a single observation is told.
#[derive(Clone, Debug)]
pub(super) enum Combination<L> {
    /// One event fulfils this.
    Observation(L),
    /// Both, by different events.
    And(Box<(Self, Self)>),
    Or(Box<(Self, Self)>),
    /// The second by events that are not earlier than those of the first.
    FollowedBy(Box<(Self, Self)>),
    Repeats(Box<Self>, usize),
    /// From the first to the last event no more than so many microseconds.
    Within(Box<Self>, i64),
}

/// One event that fulfils a part of a pattern over several observations.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Observed {
    /// When; events without a time cannot be combined.
    pub time: Time,
    /// Where it lies.
    pub event: EventRef,
    /// Which parts it fulfils, and what it is about.
    pub partial: Partial,
}

/// Which parts of a pattern over several observations an event fulfils.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Partial {
    /// Which indicator, by its place.
    pub indicator: u32,
    /// Observation expression → the facts that made it hold.
    pub members: Vec<(u32, Vec<Matched>)>,
    /// Host, account and address of the event, as field and value.
    pub about: Vec<(String, String)>,
}

/// An indicator over several observations that held.
#[derive(Clone, Debug, PartialEq)]
pub struct Combined {
    /// Which indicator, by its place.
    pub indicator: u32,
    /// Its events; the place of the correlation has no meaning here.
    pub burst: Burst,
    /// The facts that made its events count, the first 64.
    pub matched: Vec<Matched>,
    /// What its last event is about.
    pub event: Facts,
}

/// What an event is about.
pub(super) fn about(event: &Event) -> Vec<(String, String)> {
    let known = CARRIED.iter().filter_map(|name| Some((*name, event.get(name)?)));
    known
        .filter(|(_, value)| value.kind != Kind::Null && !value.text.is_empty())
        .map(|(name, value)| (name.to_owned(), value.text.to_owned()))
        .collect()
}

/// Judges the indicators that speak of several observations. Events must come in order of time.
#[derive(Debug)]
pub struct Combiner<'a> {
    indicators: &'a Indicators,
    states: BTreeMap<u32, State>,
    done: Vec<Combined>,
    count: u64,
}

#[derive(Debug)]
struct State {
    node: Node,
    open: Option<Open>,
}

impl<'a> Combiner<'a> {
    /// For those of `indicators` that speak of several observations.
    pub fn new(indicators: &'a Indicators) -> Self {
        Self { indicators, states: BTreeMap::new(), done: Vec::new(), count: 0 }
    }

    /// Takes the next event.
    pub fn see(&mut self, observed: &Observed) {
        let place = observed.partial.indicator;
        let Some(combination) = self.indicators.combinations.get(&place) else { return };
        self.count += 1;
        let seen = Rc::new(Seen {
            number: self.count,
            time: observed.time,
            event: observed.event.clone(),
            partial: observed.partial.clone(),
        });
        let state = self
            .states
            .entry(place)
            .or_insert_with(|| State { node: Node::new(combination, None), open: None });
        // What begins earlier and ends with the same event lies around the tightest set.
        if let Some(set) = state.node.see(&seen).into_iter().next() {
            if state.open.as_ref().is_some_and(|open| open.last < set.first) {
                self.done.extend(state.open.take().map(|open| open.close(place)));
            }
            state.open.get_or_insert_with(|| Open::new(set.first)).add(&set);
        }
    }

    /// Every indicator that held, in order of the last event.
    pub fn finish(mut self) -> Vec<Combined> {
        for (place, state) in self.states {
            self.done.extend(state.open.map(|open| open.close(place)));
        }
        self.done.sort_by_key(|done| (done.burst.window.last, done.indicator, done.burst.window.first));
        self.done
    }
}

/// An event, shared by every set that it belongs to.
#[derive(Debug)]
struct Seen {
    number: u64,
    time: Time,
    event: EventRef,
    partial: Partial,
}

/// Different events that together fulfil a part of a pattern, in the order in which they were seen.
#[derive(Clone, Debug)]
struct Set {
    first: Time,
    last: Time,
    events: Vec<Rc<Seen>>,
}

impl Set {
    fn one(seen: &Rc<Seen>) -> Self {
        Self { first: seen.time, last: seen.time, events: vec![Rc::clone(seen)] }
    }

    fn apart(&self, other: &Self) -> bool {
        let (mut mine, mut theirs) = (self.events.iter().peekable(), other.events.iter().peekable());
        while let (Some(a), Some(b)) = (mine.peek(), theirs.peek()) {
            match a.number.cmp(&b.number) {
                std::cmp::Ordering::Less => mine.next(),
                std::cmp::Ordering::Greater => theirs.next(),
                std::cmp::Ordering::Equal => return false,
            };
        }
        true
    }

    fn same_as(&self, other: &Self) -> bool {
        self.events.iter().map(|seen| seen.number).eq(other.events.iter().map(|seen| seen.number))
    }

    fn with(&self, other: &Self) -> Self {
        let mut events = [&self.events[..], &other.events[..]].concat();
        events.sort_by_key(|seen| seen.number);
        Self { first: self.first.min(other.first), last: self.last.max(other.last), events }
    }
}

/// The newest sets of one part, in the order in which they were completed.
#[derive(Debug, Default)]
struct Ring(VecDeque<Set>);

impl Ring {
    /// Forgets what lies too far back for any set to come.
    fn forget(&mut self, now: Time, reach: Option<i64>) {
        let Some(reach) = reach else { return };
        let start = now.plus_micros(reach.saturating_neg());
        while self.0.front().is_some_and(|set| set.last < start) {
            self.0.pop_front();
        }
    }

    fn keep(&mut self, set: Set) {
        if self.0.len() == MOST_SETS {
            self.0.pop_front();
        }
        self.0.push_back(set);
    }

    /// Of the sets that end at `from` or later and fit, those that begin last. More than one, since
    /// the tightest may hold an event that is needed elsewhere.
    fn tightest(&self, from: Option<Time>, fits: impl Fn(&Set) -> bool) -> Vec<&Set> {
        let mut best: Vec<&Set> = Vec::new();
        for set in self.0.iter().rev() {
            // What ended before the last of the best begins cannot begin later.
            let last = best.get(MOST_AT_ONCE - 1).map(|last| last.first);
            if from.max(last).is_some_and(|floor| set.last < floor) {
                break;
            }
            if last.is_none_or(|last| set.first > last) && fits(set) {
                let at = best.partition_point(|better| better.first >= set.first);
                best.insert(at, set);
                best.truncate(MOST_AT_ONCE);
            }
        }
        best
    }

    /// The newest `count` sets of which no two share an event, `set` among them.
    fn several(&self, set: &Set, count: usize) -> Option<Set> {
        let mut all = set.clone();
        let mut taken: FxHashSet<u64> = set.events.iter().map(|seen| seen.number).collect();
        let mut found = 1;
        for earlier in self.0.iter().rev() {
            if found == count {
                break;
            }
            if earlier.events.iter().all(|seen| !taken.contains(&seen.number)) {
                taken.extend(earlier.events.iter().map(|seen| seen.number));
                all.first = all.first.min(earlier.first);
                all.events.extend(earlier.events.iter().cloned());
                found += 1;
            }
        }
        all.events.sort_by_key(|seen| seen.number);
        (found == count).then_some(all)
    }
}

/// A combination with what it has seen.
#[derive(Debug)]
enum Node {
    Observation(u32),
    Or(Box<(Self, Self)>),
    Both { parts: Box<(Self, Self)>, rings: (Ring, Ring), ordered: bool, reach: Option<i64> },
    Repeats { part: Box<Self>, ring: Ring, count: usize, reach: Option<i64> },
    Within(Box<Self>, i64),
}

impl Node {
    /// `reach` is the time within which all of it must lie.
    fn new(combination: &Combination<u32>, reach: Option<i64>) -> Self {
        let both = |parts: &(Combination<u32>, Combination<u32>)| {
            Box::new((Self::new(&parts.0, reach), Self::new(&parts.1, reach)))
        };
        match combination {
            Combination::Observation(member) => Self::Observation(*member),
            Combination::Or(parts) => Self::Or(both(parts)),
            Combination::And(parts) => {
                Self::Both { parts: both(parts), rings: Default::default(), ordered: false, reach }
            }
            Combination::FollowedBy(parts) => {
                Self::Both { parts: both(parts), rings: Default::default(), ordered: true, reach }
            }
            Combination::Repeats(part, count) => Self::Repeats {
                part: Box::new(Self::new(part, reach)),
                ring: Ring::default(),
                count: *count,
                reach,
            },
            Combination::Within(part, micros) => {
                let reach = reach.map_or(*micros, |outer| outer.min(*micros));
                Self::Within(Box::new(Self::new(part, Some(reach))), *micros)
            }
        }
    }

    /// The sets that the next event completes, the tightest first.
    fn see(&mut self, seen: &Rc<Seen>) -> Vec<Set> {
        let mut out = match self {
            Self::Observation(member) => {
                let holds = seen.partial.members.iter().any(|(held, _)| held == member);
                if holds { vec![Set::one(seen)] } else { Vec::new() }
            }
            Self::Or(parts) => [parts.0.see(seen), parts.1.see(seen)].concat(),
            Self::Both { parts, rings, ordered, reach } => {
                rings.0.forget(seen.time, *reach);
                rings.1.forget(seen.time, *reach);
                let new = (parts.0.see(seen), parts.1.see(seen));
                let follows = |a: &Set, b: &Set| !*ordered || a.last <= b.first;
                let fits = |a: &Set, b: &Set| follows(a, b) && a.apart(b);
                let mut out = Vec::new();
                for a in &new.0 {
                    let partners = rings.1.tightest(ordered.then_some(a.last), |b| fits(a, b));
                    out.extend(partners.into_iter().map(|b| a.with(b)));
                }
                for b in &new.1 {
                    let partners = rings.0.tightest(None, |a| fits(a, b));
                    out.extend(partners.into_iter().map(|a| a.with(b)));
                }
                for a in &new.0 {
                    out.extend(new.1.iter().filter(|b| fits(a, b)).map(|b| a.with(b)));
                }
                new.0.into_iter().rev().for_each(|set| rings.0.keep(set));
                new.1.into_iter().rev().for_each(|set| rings.1.keep(set));
                out
            }
            Self::Repeats { part, ring, count, reach } => {
                ring.forget(seen.time, *reach);
                let new = part.see(seen);
                let out = new.iter().filter_map(|set| ring.several(set, *count)).collect();
                new.into_iter().rev().for_each(|set| ring.keep(set));
                out
            }
            Self::Within(part, micros) => {
                let mut sets = part.see(seen);
                sets.retain(|set| set.last.micros().saturating_sub(set.first.micros()) <= *micros);
                sets
            }
        };
        out.sort_by_key(|set| std::cmp::Reverse(set.first));
        out.dedup_by(|a, b| a.same_as(b));
        out.truncate(MOST_AT_ONCE);
        out
    }
}

/// Sets that overlap, as they are joined to one finding.
#[derive(Debug)]
struct Open {
    first: Time,
    last: Time,
    listed: FxHashSet<u64>,
    events: Vec<EventRef>,
    total: u64,
    /// The number of the newest event that was counted.
    counted: u64,
    matched: Vec<Matched>,
    newest: Option<Rc<Seen>>,
}

impl Open {
    fn new(first: Time) -> Self {
        Self {
            first,
            last: first,
            listed: FxHashSet::default(),
            events: Vec::new(),
            total: 0,
            counted: 0,
            matched: Vec::new(),
            newest: None,
        }
    }

    fn add(&mut self, set: &Set) {
        self.first = self.first.min(set.first);
        self.last = self.last.max(set.last);
        for seen in &set.events {
            let full = self.events.len() == MAX_EVENTS;
            // Once the list is full, only what is newer than all before can be told to be new.
            let new = if full { seen.number > self.counted } else { self.listed.insert(seen.number) };
            if !new {
                continue;
            }
            self.total += 1;
            self.counted = self.counted.max(seen.number);
            if !full {
                self.events.push(seen.event.clone());
            }
            for fact in seen.partial.members.iter().flat_map(|(_, facts)| facts) {
                if self.matched.len() < MOST_FACTS && !self.matched.contains(fact) {
                    self.matched.push(fact.clone());
                }
            }
            if self.newest.as_ref().is_none_or(|newest| newest.number < seen.number) {
                self.newest = Some(Rc::clone(seen));
            }
        }
    }

    fn close(mut self, indicator: u32) -> Combined {
        self.events.sort();
        let about = self.newest.map(|seen| seen.partial.about.clone()).unwrap_or_default();
        Combined {
            indicator,
            burst: Burst {
                correlation: indicator,
                events: self.events,
                total: self.total,
                window: Window { first: self.first, last: self.last },
                group: Vec::new(),
                values: Vec::new(),
                measured: None,
                counted: Vec::new(),
            },
            matched: self.matched,
            event: about.iter().map(|(field, text)| Fact { field, kind: Kind::Str, text }).collect(),
        }
    }
}
