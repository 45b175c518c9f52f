//! Every key of an index that stands in an event, with the fact that shows it.

use model::{Event, Matched};
use rustc_hash::FxHashSet;

use super::index::{Hit, Index, Key, Sought};
use super::path::Scope;

/// A longer value is shown by the word that was found in it.
const LONGEST_SHOWN: usize = 512;

/// From so many fields on, a set tells faster than a list which values were seen.
const MANY_FIELDS: usize = 128;

impl Index {
    /// Calls `found` with the part that asked for each key that stands in `event`, and with what
    /// writes the fact down. Parts that are gates pay for no fact.
    pub(super) fn look(&self, event: &Event, found: &mut dyn FnMut(u32, &mut dyn FnMut() -> Matched)) {
        if self.is_empty() {
            return;
        }
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
            self.scan(event.value(field).text, &mut hits);
            hits.sort_unstable();
            // One word repeated through a long text is one fact.
            hits.dedup_by_key(|hit| hit.entry);
            for hit in hits.drain(..) {
                let sought = self.sought(hit);
                if let Some(named) = place_of(event, place, sought) {
                    found(hit.part, &mut || fact(event, named, hit, sought));
                }
            }
        }
    }
}

/// The field under whose name a value counts that was found in the field at `place`; `None` when it
/// does not count there.
fn place_of(event: &Event, place: usize, sought: &Sought) -> Option<usize> {
    let (fields, scope) = (event.raw_fields(), sought.scope);
    let value = event.value(&fields[place]).text;
    let within = |scope: Scope| {
        fields.iter().position(|other| {
            other.value_range() == fields[place].value_range()
                && scope.meaning.fields.iter().any(|name| name == event.name(other))
        })
    };
    match (&sought.key, scope) {
        (Key::Text(text), Some(scope)) => {
            let meant = within(scope)?;
            scope.meaning.any(value, |share| share.eq_ignore_ascii_case(text)).then_some(meant)
        }
        // Where paths are logged, the last part of one; elsewhere, a word of a command line.
        (Key::FileName(text), None) => match Scope::of("file:name") {
            Some(scope) => match within(scope) {
                Some(meant) => {
                    scope.meaning.any(value, |share| share.eq_ignore_ascii_case(text)).then_some(meant)
                }
                None => Some(place),
            },
            None => Some(place),
        },
        (_, Some(scope)) => within(scope),
        (_, None) => Some(place),
    }
}

fn fact(event: &Event, named: usize, hit: Hit, sought: &Sought) -> Matched {
    let field = &event.raw_fields()[named];
    let value = event.value(field).text;
    let shown = if value.len() > LONGEST_SHOWN {
        value.get(hit.start as usize..hit.end as usize).unwrap_or_default()
    } else {
        value
    };
    Matched { field: event.name(field).to_owned(), value: shown.to_owned(), wanted: sought.to_string() }
}
