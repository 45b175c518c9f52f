use model::{Event, Field, Kind};

use super::table::FieldRow;

/// Adds the field of `row` to `event`, where the record has what it is made of.
pub(super) fn apply(row: &FieldRow, event: &mut Event) {
    if !row.beside && event.get(&row.to).is_some() {
        return;
    }
    if let Some(values) = &row.translate {
        if let Some(value) = row.from.first().and_then(|from| values.get(event.get(from)?.text)) {
            event.push_str(&row.to, value);
        }
        return;
    }
    match row.from.as_slice() {
        [from] if row.prefixes.is_empty() => {
            if source(event, from).is_some() {
                event.alias(&row.to, from);
            }
        }
        [first, rest @ ..] => joined(row, first, rest, event),
        [] => {}
    }
}

/// The first value under `name`, if it says something.
fn source(event: &Event, name: &str) -> Option<Field> {
    let field = event.raw_fields().iter().find(|field| event.name(field) == name).copied()?;
    (!matches!(event.value(&field).text, "" | "-")).then_some(field)
}

fn joined(row: &FieldRow, first: &str, rest: &[String], event: &mut Event) {
    let Some(head) = source(event, first) else { return };
    // Two is what the rows join; none needs a list on the heap.
    let mut tail = [None; 2];
    if rest.len() > tail.len() {
        return;
    }
    for (slot, name) in tail.iter_mut().zip(rest) {
        let Some(field) = source(event, name) else { return };
        *slot = Some(field);
    }
    let text = event.value(&head).text;
    let prefix = row.prefixes.iter().find(|(from, _)| {
        text.get(..from.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(from))
    });
    let mut range = head.value_range();
    range.start += prefix.map_or(0, |(from, _)| from.len());
    event.push_with(&row.to, Kind::Str, |out| {
        out.push_str(prefix.map_or("", |(_, to)| to));
        out.extend_from_within(range);
        for field in tail.iter().flatten() {
            out.push_str(&row.join);
            out.extend_from_within(field.value_range());
        }
    });
}
