//! Indicators: addresses, domains, hashes and URLs that others have seen an actor use.
//!
//! What an indicator asks for by equality goes into one index, in which every word of every value
//! is looked up; what asks for more is a tree of comparisons, evaluated on events that hold one of
//! its literals. `docs/indicators.md` says what is read and what counts as a match.

mod comparison;
mod evaluate;
mod index;
mod load;
mod plain;
mod stix;
#[cfg(test)]
mod tests;

use model::{Event, Matched, RuleInfo, Time};
use rustc_hash::FxHashSet;

use crate::Rejected;
use evaluate::{Path, Trees};
use index::{Hit, Index, Key};
pub use load::IndicatorLoader;

/// Indicators, indexed so that a hundred thousand cost about as much as one.
#[derive(Debug, Default)]
pub struct Indicators {
    infos: Vec<RuleInfo>,
    sha256: String,
    rejected: Vec<Rejected>,
    /// For each indicator: from when until when its maker held it to be valid.
    validity: Vec<(Option<Time>, Option<Time>)>,
    parts: Vec<Placed>,
    index: Index,
    trees: Trees,
    /// Tree → part.
    tree_parts: Vec<u32>,
}

/// One of the alternatives that an indicator consists of.
#[derive(Clone, Copy, Debug)]
struct Placed {
    indicator: u32,
    /// `START` and `STOP`.
    bounds: Option<(Time, Time)>,
}

/// A longer value is shown by the word that was found in it.
const LONGEST_SHOWN: usize = 512;

/// From so many fields on, a set tells faster than a list which values were seen.
const MANY_FIELDS: usize = 128;

impl Indicators {
    /// What findings say of each indicator.
    pub fn infos(&self) -> &[RuleInfo] {
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

    /// Which indicators match `event`, and by which facts; in the order in which they were loaded.
    pub fn look(&self, event: &Event) -> Vec<(u32, Vec<Matched>)> {
        let mut found: Vec<(u32, Matched)> = Vec::new();
        let mut hits = Vec::new();
        // A field that is a further name of a value, or a piece of it, lies before the end of what
        // was scanned.
        let mut scanned = 0;
        let mut ranges = FxHashSet::default();
        let many = event.raw_fields().len() > MANY_FIELDS;
        for (place, field) in event.raw_fields().iter().enumerate() {
            let range = field.value_range();
            let known = if many {
                !ranges.insert(range.clone())
            } else {
                range.end <= scanned
                    && event.raw_fields()[..place].iter().any(|earlier| earlier.value_range() == range)
            };
            if known {
                continue;
            }
            scanned = scanned.max(range.end);
            self.index.scan(event.value(field).text, &mut hits);
            hits.sort_unstable();
            // One word repeated through a long text is one fact.
            hits.dedup_by_key(|hit| hit.entry);
            for hit in hits.drain(..) {
                self.keep(event, place, hit, &mut found);
            }
        }
        self.trees.look(event, |tree, matched| {
            let part = self.tree_parts[tree];
            if self.in_bounds(part, event.time) {
                let place = self.parts[part as usize].indicator;
                found.extend(matched.into_iter().map(|matched| (place, matched)));
            }
        });
        if found.is_empty() { Vec::new() } else { self.group(found, event.time) }
    }

    fn in_bounds(&self, part: u32, time: Option<Time>) -> bool {
        self.parts[part as usize]
            .bounds
            .is_none_or(|(start, stop)| time.is_some_and(|time| start <= time && time < stop))
    }

    fn keep(&self, event: &Event, place: usize, hit: Hit, found: &mut Vec<(u32, Matched)>) {
        if !self.in_bounds(hit.part, event.time) {
            return;
        }
        let fields = event.raw_fields();
        let (mut field, key) = (&fields[place], self.index.key(hit));
        let value = event.value(field).text;
        let asked = match key {
            Key::Text { text, meaning, .. } => Some((text, *meaning, true)),
            Key::FileName(text) => Path::of("file:name").map(|(_, meaning)| (text, meaning, false)),
            _ => None,
        };
        if let Some((text, meaning, only_there)) = asked {
            let meant = fields.iter().find(|other| {
                other.value_range() == field.value_range()
                    && meaning.fields.iter().any(|name| name == event.name(other))
            });
            match meant {
                Some(meant) if meaning.any(value, |share| share.eq_ignore_ascii_case(text)) => field = meant,
                None if !only_there => {}
                _ => return,
            }
        }
        let shown = if value.len() > LONGEST_SHOWN {
            value.get(hit.start as usize..hit.end as usize).unwrap_or_default()
        } else {
            value
        };
        let matched =
            Matched { field: event.name(field).to_owned(), value: shown.to_owned(), wanted: key.to_string() };
        found.push((self.parts[hit.part as usize].indicator, matched));
    }

    /// Brings together what each indicator found, and says where the event lies outside the time
    /// for which its maker vouched.
    fn group(&self, mut found: Vec<(u32, Matched)>, time: Option<Time>) -> Vec<(u32, Vec<Matched>)> {
        found.sort_unstable();
        found.dedup();
        let mut out: Vec<(u32, Vec<Matched>)> = Vec::new();
        for (place, mut matched) in found {
            matched.wanted += &self.stale(place, time);
            match out.last_mut() {
                Some((last, all)) if *last == place => all.push(matched),
                _ => out.push((place, vec![matched])),
            }
        }
        out
    }

    fn stale(&self, place: u32, time: Option<Time>) -> String {
        let day = |time: Time| time.civil().date();
        match (time, self.validity[place as usize]) {
            (Some(time), (_, Some(until))) if time >= until => format!(" (valid until {})", day(until)),
            (Some(time), (Some(from), _)) if time < from => format!(" (valid from {})", day(from)),
            _ => String::new(),
        }
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Address(address) => write!(f, "address {address}"),
            Self::Network(net) => write!(f, "address in {net}"),
            Self::Domain(name) => write!(f, "domain {name} or a name below it"),
            Self::Url(url) => write!(f, "URL {url}"),
            Self::Email(address) => write!(f, "e-mail address {address}"),
            Self::Hash(hash) => write!(f, "hash {hash}"),
            Self::Mac(address) => write!(f, "MAC address {address}"),
            Self::FileName(name) => write!(f, "file name {name}"),
            Self::Text { text, path, .. } => write!(f, "{path} {text}"),
        }
    }
}
