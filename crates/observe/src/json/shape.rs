use jiff::tz::TimeZone;
use model::{Event, Kind, SourceId};

use super::clock::time_of;
use super::flatten::Flattener;
use super::table::{Alias, Derived, Shape, Table};
use crate::syslog::Journal;
use crate::{Context, LogSources};

/// Gives flat records their log source, their time and the second names that rules use.
pub(super) struct Settler<'a> {
    table: &'static Table,
    zone: &'a TimeZone,
    all_sources: &'a LogSources,
    /// The log sources of [`Table::sources`], in their order, as far as they have been asked for.
    sources: Vec<Option<SourceId>>,
    /// Whether a time without an offset was taken as local time.
    pub(super) assumed_zone: bool,
    journal: Option<Journal>,
}

impl<'a> Settler<'a> {
    /// A settler for one piece of evidence.
    pub(super) fn new(table: &'static Table, context: &Context<'a>) -> Self {
        Self {
            table,
            zone: &context.settings.zone,
            all_sources: context.sources,
            sources: vec![None; table.sources.len()],
            assumed_zone: false,
            journal: None,
        }
    }

    /// Settles the record that `flat` has just put into `event`.
    pub(super) fn settle(&mut self, flat: &mut Flattener, event: &mut Event) {
        let Some(shape) = self.table.shapes.iter().find(|shape| self.fits(shape, flat, event)) else {
            return;
        };
        for alias in &shape.aliases {
            apply_alias(alias, flat, event);
        }
        for derived in &shape.derived {
            apply_derived(derived, flat, event);
        }
        self.time(shape, flat, event);
        event.source = self.source(shape, flat, event);
        if shape.journal {
            self.journal.get_or_insert_with(|| Journal::new(self.all_sources)).push(event);
        }
        if shape.windows {
            if let Some(name) = &shape.unnamed {
                crate::windows::name_data(event, name);
            }
            without_blanks(event);
            crate::windows::route(event);
        }
    }

    fn fits(&self, shape: &Shape, flat: &Flattener, event: &Event) -> bool {
        shape.all.iter().all(|&slot| flat.slots.has(slot))
            && (shape.any.is_empty() || shape.any.iter().any(|&slot| flat.slots.has(slot)))
            && !shape.none.iter().any(|&slot| flat.slots.has(slot))
            && shape.is.iter().all(|(slot, values)| {
                text(flat, event, *slot).is_some_and(|text| values.iter().any(|value| value == text))
            })
    }

    fn source(&mut self, shape: &Shape, flat: &Flattener, event: &Event) -> SourceId {
        let routed = shape.route.as_ref().and_then(|(slot, to)| to.get(text(flat, event, *slot)?));
        let index = *routed.unwrap_or(&shape.source);
        *self.sources[index].get_or_insert_with(|| self.all_sources.named(&self.table.sources[index]))
    }

    fn time(&mut self, shape: &Shape, flat: &Flattener, event: &mut Event) {
        let found = shape.time.iter().find_map(|&(slot, utc)| {
            let field = event.raw_fields().get(flat.slots.field(slot)?)?;
            let zone = if utc { &TimeZone::UTC } else { self.zone };
            time_of(event.value(field), zone).map(|(time, zone_used)| (time, zone_used && !utc))
        });
        if let Some((time, assumed)) = found {
            event.time = Some(time);
            self.assumed_zone |= assumed;
        }
    }
}

/// Adds the spellings that rules use for names with blanks: without them, and with `_`.
fn without_blanks(event: &mut Event) {
    for index in 0..event.raw_fields().len() {
        let field = event.raw_fields()[index];
        let name = event.name(&field);
        if name.contains(' ') {
            let (joined, underlined) = (name.replace(' ', ""), name.replace(' ', "_"));
            event.alias_field(index, &joined);
            event.alias_field(index, &underlined);
        }
    }
}

fn text<'e>(flat: &Flattener, event: &'e Event, slot: u16) -> Option<&'e str> {
    let field = event.raw_fields().get(flat.slots.field(slot)?)?;
    Some(event.value(field).text)
}

fn apply_alias(alias: &Alias, flat: &mut Flattener, event: &mut Event) {
    if flat.slots.field(alias.slot).is_some() {
        return;
    }
    let Some((slot, name)) = alias.from.iter().find(|(slot, _)| flat.slots.field(*slot).is_some()) else {
        return;
    };
    let before = event.raw_fields().len();
    match flat.slots.field(*slot) {
        Some(field) if !flat.slots.many(*slot) => event.alias_field(field, &alias.to),
        _ => event.alias(&alias.to, name),
    }
    flat.slots.mark(alias.slot, before);
}

fn apply_derived(derived: &Derived, flat: &mut Flattener, event: &mut Event) {
    if flat.slots.field(derived.slot).is_some() {
        return;
    }
    let value = text(flat, event, derived.from).and_then(|text| derived.map.get(text));
    if let Some(value) = value.or(derived.otherwise.as_ref()) {
        flat.slots.mark(derived.slot, event.raw_fields().len());
        event.push_str_kind(&derived.to, Kind::Str, value);
    }
}
