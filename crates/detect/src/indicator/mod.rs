//! Indicators: addresses, domains, hashes and URLs that others have seen an actor use.
//!
//! What an indicator asks for by equality goes into one index, in which every word of every value
//! is looked up; what asks for more is a tree of comparisons, evaluated on events that hold one of
//! its values or literals. What asks for several events is told by [`Combiner`] over all of them in
//! order of time. `docs/indicators.md` says what is read and what counts as a match.

mod classify;
mod combine;
mod comparison;
mod evaluate;
mod index;
mod load;
mod look;
mod parts;
mod path;
mod plain;
mod stix;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod trees;

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{Event, Matched, RuleInfo, Time};

use crate::Rejected;
use combine::Combination;
pub use combine::{Combined, Combiner, Observed, Partial};
use index::Index;
pub use load::IndicatorLoader;
use trees::Trees;

/// Indicators, indexed so that a hundred thousand cost about as much as one.
#[derive(Debug, Default)]
pub struct Indicators {
    infos: Vec<Arc<RuleInfo>>,
    sha256: String,
    rejected: Vec<Rejected>,
    validity: Vec<Validity>,
    parts: Vec<Placed>,
    index: Index,
    trees: Trees,
    /// Tree → part.
    tree_parts: Vec<u32>,
    /// Indicator → what its members come to.
    combinations: BTreeMap<u32, Combination<u32>>,
}

/// For how long the maker of an indicator vouches for it.
#[derive(Clone, Copy, Debug, Default)]
struct Validity {
    from: Option<Time>,
    until: Option<Time>,
    revoked: bool,
}

/// One of the alternatives that an indicator or a member of its combination consists of.
#[derive(Clone, Copy, Debug)]
struct Placed {
    indicator: u32,
    /// Which observation expression of a combination; `None` when it is enough by itself.
    member: Option<u32>,
    /// `START` and `STOP`.
    bounds: Option<(Time, Time)>,
}

/// Marks what the index looks for on behalf of a tree.
const GATE: u32 = 1 << 31;

/// What of the indicators stands in one event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sightings {
    /// Indicators that match, and by which facts; in the order in which they were loaded.
    pub matches: Vec<(u32, Vec<Matched>)>,
    /// Parts of patterns over several observations, for [`Combiner`].
    pub partial: Vec<Partial>,
}

impl Indicators {
    /// What findings say of each indicator.
    pub fn infos(&self) -> &[Arc<RuleInfo>] {
        &self.infos
    }

    /// What findings say of the indicator at `place`.
    ///
    /// # Panics
    ///
    /// When `place` did not come from [`Indicators::look`] of the same indicators.
    pub fn info(&self, place: u32) -> &RuleInfo {
        &self.infos[place as usize]
    }

    /// What could not be read or is not evaluated, and why.
    pub fn rejected(&self) -> &[Rejected] {
        &self.rejected
    }

    /// Lower-case hexadecimal SHA-256 over all that was loaded.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// What stands in `event`.
    pub fn look(&self, event: &Event) -> Sightings {
        let mut found: Vec<(u32, Option<u32>, Matched)> = Vec::new();
        let mut gates = Vec::new();
        self.index.look(event, &mut |part, fact| {
            if part & GATE != 0 {
                gates.push(part & !GATE);
            } else if let Some(placed) = self.placed(part, event.time) {
                found.push((placed.indicator, placed.member, fact()));
            }
        });
        self.trees.look(event, gates, |tree, matched| {
            if let Some(placed) = self.placed(self.tree_parts[tree], event.time) {
                let fact = |matched| (placed.indicator, placed.member, matched);
                found.extend(matched.into_iter().map(fact));
            }
        });
        if found.is_empty() { Sightings::default() } else { self.group(found, event) }
    }

    /// The part, when `time` lies within its bounds.
    fn placed(&self, part: u32, time: Option<Time>) -> Option<&Placed> {
        let placed = &self.parts[part as usize];
        let within = |(start, stop)| time.is_some_and(|time| start <= time && time < stop);
        placed.bounds.is_none_or(within).then_some(placed)
    }

    /// Brings together what each indicator found, and says where the event lies outside the time
    /// for which its maker vouched.
    fn group(&self, mut found: Vec<(u32, Option<u32>, Matched)>, event: &Event) -> Sightings {
        found.sort_unstable();
        found.dedup();
        let mut out = Sightings::default();
        for (indicator, member, mut matched) in found {
            matched.wanted += &self.stale(indicator, event.time);
            let Some(member) = member else {
                match out.matches.last_mut() {
                    Some((last, all)) if *last == indicator => all.push(matched),
                    _ => out.matches.push((indicator, vec![matched])),
                }
                continue;
            };
            if out.partial.last().is_none_or(|last| last.indicator != indicator) {
                let about = combine::about(event);
                out.partial.push(Partial { indicator, members: Vec::new(), about });
            }
            if let Some(Partial { members, .. }) = out.partial.last_mut() {
                match members.last_mut() {
                    Some((last, all)) if *last == member => all.push(matched),
                    _ => members.push((member, vec![matched])),
                }
            }
        }
        out
    }

    fn stale(&self, indicator: u32, time: Option<Time>) -> String {
        let day = |time: Time| time.civil().date();
        let validity = self.validity[indicator as usize];
        let mut out = match (time, validity.from, validity.until) {
            (Some(time), _, Some(until)) if time >= until => format!(" (valid until {})", day(until)),
            (Some(time), Some(from), _) if time < from => format!(" (valid from {})", day(from)),
            (None, _, Some(until)) => format!(" (valid until {}, event without a time)", day(until)),
            _ => String::new(),
        };
        if validity.revoked {
            out += " (revoked by its maker)";
        }
        out
    }
}
