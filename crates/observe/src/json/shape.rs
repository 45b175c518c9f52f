use jiff::tz::TimeZone;
use model::{Event, Kind, SourceId};

use super::clock::time_of;
use super::flatten::Flattener;
use super::table::{Alias, Derived, Shape, Table};
use crate::Context;

/// Gives flat records their log source, their time and the second names that rules use.
pub(super) struct Settler<'a> {
    table: &'static Table,
    zone: &'a TimeZone,
    /// The last part of the path.
    file: &'a str,
    /// The log sources of [`Table::sources`], in their order.
    sources: Vec<SourceId>,
    /// Whether a time without an offset was taken as local time.
    pub(super) assumed_zone: bool,
}

impl<'a> Settler<'a> {
    /// A settler for one piece of evidence.
    pub(super) fn new(table: &'static Table, context: &Context<'a>) -> Self {
        Self {
            table,
            zone: &context.settings.zone,
            file: context.path.rsplit(['/', '\\', '!']).next().unwrap_or_default(),
            sources: table.sources.iter().map(|name| context.sources.named(name)).collect(),
            assumed_zone: false,
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
        if shape.windows {
            crate::windows::route_json(event);
        }
    }

    fn fits(&self, shape: &Shape, flat: &Flattener, event: &Event) -> bool {
        shape.all.iter().all(|&slot| flat.has(slot))
            && (shape.any.is_empty() || shape.any.iter().any(|&slot| flat.has(slot)))
            && !shape.none.iter().any(|&slot| flat.has(slot))
            && (shape.path.is_empty() || self.file.starts_with(&shape.path))
            && shape.is.iter().all(|(slot, values)| {
                text(flat, event, *slot).is_some_and(|text| values.iter().any(|value| value == text))
            })
    }

    fn source(&self, shape: &Shape, flat: &Flattener, event: &Event) -> SourceId {
        let routed = shape.route.as_ref().and_then(|(slot, to)| to.get(text(flat, event, *slot)?));
        self.sources.get(*routed.unwrap_or(&shape.source)).copied().unwrap_or_default()
    }

    fn time(&mut self, shape: &Shape, flat: &Flattener, event: &mut Event) {
        let zone = if shape.utc { &TimeZone::UTC } else { self.zone };
        let found = shape.time.iter().find_map(|&slot| {
            let field = event.raw_fields().get(flat.field(slot)?)?;
            time_of(event.value(field), zone)
        });
        if let Some((time, zone_used)) = found {
            event.time = Some(time);
            self.assumed_zone |= zone_used && !shape.utc;
        }
    }
}

fn text<'e>(flat: &Flattener, event: &'e Event, slot: u16) -> Option<&'e str> {
    let field = event.raw_fields().get(flat.field(slot)?)?;
    Some(event.value(field).text)
}

fn apply_alias(alias: &Alias, flat: &mut Flattener, event: &mut Event) {
    if flat.field(alias.slot).is_some() {
        return;
    }
    let Some((slot, name)) = alias.from.iter().find(|(slot, _)| flat.field(*slot).is_some()) else { return };
    let before = event.raw_fields().len();
    match flat.field(*slot) {
        Some(field) if !flat.many(*slot) => event.alias_field(field, &alias.to),
        _ => event.alias(&alias.to, name),
    }
    flat.mark(alias.slot, before);
}

fn apply_derived(derived: &Derived, flat: &mut Flattener, event: &mut Event) {
    if flat.field(derived.slot).is_some() {
        return;
    }
    let value = text(flat, event, derived.from).and_then(|text| derived.map.get(text));
    if let Some(value) = value.or(derived.otherwise.as_ref()) {
        flat.mark(derived.slot, event.raw_fields().len());
        event.push_str_kind(&derived.to, Kind::Str, value);
    }
}
