use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};

use crate::{SourceId, Time};

/// What kind of value a field held in the evidence; the text is kept beside it in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Text.
    Str,
    /// A whole number, written in decimal.
    Int,
    /// Any other number.
    Float,
    /// `true` or `false`.
    Bool,
    /// Present without a value (JSON `null`, an empty column written `-` in W3C logs).
    Null,
}

/// One value of an event, borrowed from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value<'a> {
    /// What it was in the evidence.
    pub kind: Kind,
    /// Its text; numbers in decimal, empty for [`Kind::Null`].
    pub text: &'a str,
}

/// Where one field of an event lies in the event's text.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Field {
    /// What it was in the evidence.
    pub kind: Kind,
    name: (u32, u32),
    value: (u32, u32),
}

impl Field {
    /// The byte range of the value in [`Event::text`].
    pub const fn value_range(&self) -> std::ops::Range<usize> {
        self.value.0 as usize..self.value.1 as usize
    }

    /// The byte range of the name in [`Event::text`].
    pub const fn name_range(&self) -> std::ops::Range<usize> {
        self.name.0 as usize..self.name.1 as usize
    }
}

/// One record of evidence as flat facts in Sigma's field names.
///
/// All names and values lie in one text buffer, so that a reader fills the same event again and
/// again without an allocation, and a rule engine can fold the case of a whole record at once. A
/// field that holds several values stands several times, in order.
#[derive(Clone, Debug, Default)]
pub struct Event {
    /// When it happened, in UTC; `None` where the record does not say.
    pub time: Option<Time>,
    /// Which log source it is of, as an index into the table of the `observe` room.
    pub source: SourceId,
    /// The record's number as its format counts: an EVTX `EventRecordID`, a line, a message, an
    /// array element. Formats count from 1. Not unique in damaged evidence.
    pub record: u64,
    /// The byte offset at which the record begins in its (unpacked) evidence.
    pub offset: u64,
    facts: Facts,
}

impl Event {
    /// Empties the event for the next record and keeps its buffers.
    pub fn clear(&mut self) {
        self.time = None;
        self.source = SourceId::default();
        self.record = 0;
        self.offset = 0;
        self.facts.text.clear();
        self.facts.fields.clear();
    }

    /// The fields as a finding keeps them.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The buffer that holds all names and values.
    pub fn text(&self) -> &str {
        &self.facts.text
    }

    /// The fields in the order in which they were found.
    pub fn raw_fields(&self) -> &[Field] {
        &self.facts.fields
    }

    /// The name of `field`.
    pub fn name(&self, field: &Field) -> &str {
        &self.facts.text[field.name_range()]
    }

    /// The value of `field`.
    pub fn value(&self, field: &Field) -> Value<'_> {
        Value { kind: field.kind, text: &self.facts.text[field.value_range()] }
    }

    /// Every field's name and value, in the order in which they were found.
    pub fn fields(&self) -> Fields<'_> {
        Fields { event: self, rest: self.facts.fields.iter() }
    }

    /// The first value under `name`, which must match exactly.
    pub fn get(&self, name: &str) -> Option<Value<'_>> {
        self.get_all(name).next()
    }

    /// Every value under `name`, which must match exactly.
    pub fn get_all<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = Value<'a>> + use<'a, 'n> {
        self.fields().filter(move |(found, _)| *found == name).map(|(_, value)| value)
    }

    /// Adds a field with whatever `write` puts into the buffer as its value.
    pub fn push_with(&mut self, name: &str, kind: Kind, write: impl FnOnce(&mut String)) {
        let name = self.append(|text| text.push_str(name));
        let value = self.append(write);
        self.facts.fields.push(Field { kind, name, value });
    }

    /// Adds a text.
    #[inline]
    pub fn push_str(&mut self, name: &str, value: &str) {
        self.push_with(name, Kind::Str, |text| text.push_str(value));
    }

    /// Adds anything that displays, as `kind`.
    pub fn push_display(&mut self, name: &str, kind: Kind, value: impl fmt::Display) {
        // Writing to a String cannot fail.
        self.push_with(name, kind, |text| {
            let _ = write!(text, "{value}");
        });
    }

    /// Adds a whole number.
    pub fn push_uint(&mut self, name: &str, value: u64) {
        self.push_display(name, Kind::Int, value);
    }

    /// Adds a whole number that may be negative.
    pub fn push_int(&mut self, name: &str, value: i64) {
        self.push_display(name, Kind::Int, value);
    }

    /// Adds a truth value.
    pub fn push_bool(&mut self, name: &str, value: bool) {
        self.push_str_kind(name, Kind::Bool, if value { "true" } else { "false" });
    }

    /// Adds a field that is present without a value.
    #[inline]
    pub fn push_null(&mut self, name: &str) {
        self.push_str_kind(name, Kind::Null, "");
    }

    /// Adds `value` as `kind`.
    #[inline]
    pub fn push_str_kind(&mut self, name: &str, kind: Kind, value: &str) {
        self.push_with(name, kind, |text| text.push_str(value));
    }

    /// Adds all of `facts` behind what is there.
    pub fn extend(&mut self, facts: &Facts) {
        let base = self.facts.text.len() as u32;
        self.facts.text.push_str(&facts.text);
        let moved = |(start, end): (u32, u32)| (start + base, end + base);
        let fields = facts.fields.iter();
        self.facts.fields.extend(fields.map(|field| Field {
            kind: field.kind,
            name: moved(field.name),
            value: moved(field.value),
        }));
    }

    /// Takes the fields out and leaves none.
    pub fn take_facts(&mut self) -> Facts {
        std::mem::take(&mut self.facts)
    }

    /// Gives every value under `from` the second name `to`, without copying the values.
    pub fn alias(&mut self, to: &str, from: &str) {
        let mut name = None;
        for index in 0..self.facts.fields.len() {
            let field = self.facts.fields[index];
            if self.name(&field) == from {
                let name = *name.get_or_insert_with(|| self.append(|text| text.push_str(to)));
                self.facts.fields.push(Field { name, ..field });
            }
        }
    }

    /// Gives the value that was added last the further name `to`, without copying it.
    #[inline]
    pub fn also(&mut self, to: &str) {
        if let Some(field) = self.facts.fields.last().copied() {
            let name = self.append(|text| text.push_str(to));
            self.facts.fields.push(Field { name, ..field });
        }
    }

    /// Gives the value of field number `index` the second name `to`, without copying the value.
    /// Does nothing where there is no such field.
    pub fn alias_field(&mut self, index: usize, to: &str) {
        if let Some(&field) = self.facts.fields.get(index) {
            let name = self.append(|text| text.push_str(to));
            self.facts.fields.push(Field { name, ..field });
        }
    }

    /// Gives the value of field number `index` the end of its name, from byte `skip` on, as a second
    /// name, without copying either. Does nothing where there is no such field or no such end.
    pub fn alias_suffix(&mut self, index: usize, skip: usize) {
        if let Some(&field) = self.facts.fields.get(index)
            && self.name(&field).is_char_boundary(skip)
        {
            self.facts.fields.push(Field { name: (field.name.0 + skip as u32, field.name.1), ..field });
        }
    }

    /// Adds as text, without copying them, the bytes `part` of the value of the field at `index` in
    /// [`Event::raw_fields`]; nothing where there is no such text.
    pub fn push_part(&mut self, name: &str, index: usize, part: std::ops::Range<usize>) {
        let Some(whole) = self.facts.fields.get(index).map(Field::value_range) else { return };
        let value = whole.start.saturating_add(part.start)..whole.start.saturating_add(part.end);
        if value.end <= whole.end && self.facts.text.get(value.clone()).is_some() {
            let name = self.append(|text| text.push_str(name));
            self.facts.fields.push(Field {
                kind: Kind::Str,
                name,
                value: (value.start as u32, value.end as u32),
            });
        }
    }

    #[inline]
    fn append(&mut self, write: impl FnOnce(&mut String)) -> (u32, u32) {
        let start = self.facts.text.len() as u32;
        write(&mut self.facts.text);
        (start, self.facts.text.len() as u32)
    }
}

/// An iterator over an event's fields.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    event: &'a Event,
    rest: std::slice::Iter<'a, Field>,
}

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a str, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let field = self.rest.next()?;
        Some((self.event.name(field), self.event.value(field)))
    }
}

/// A field and its value, borrowed from [`Facts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fact<'a> {
    /// Field name.
    pub field: &'a str,
    /// What kind of value it was.
    pub kind: Kind,
    /// The value's text.
    pub text: &'a str,
}

/// The fields of an event in the order in which they were found, all names and values in one text.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Facts {
    text: String,
    fields: Vec<Field>,
}

/// [`Facts`] as they were stored; what was changed since may point anywhere.
#[derive(Deserialize)]
struct Unchecked {
    text: String,
    fields: Vec<Field>,
}

impl TryFrom<Unchecked> for Facts {
    type Error = &'static str;

    fn try_from(Unchecked { text, fields }: Unchecked) -> Result<Self, Self::Error> {
        let holds = |field: &Field| text.get(field.name_range()).and(text.get(field.value_range())).is_some();
        if fields.iter().all(holds) {
            Ok(Self { text, fields })
        } else {
            Err("a field lies outside of its text")
        }
    }
}

impl Facts {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Every field and its value.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Fact<'_>> + Clone {
        self.fields.iter().map(|field| Fact {
            field: &self.text[field.name_range()],
            kind: field.kind,
            text: &self.text[field.value_range()],
        })
    }

    /// The first value under `field`.
    pub fn get(&self, field: &str) -> Option<&str> {
        self.iter().find(|fact| fact.field == field).map(|fact| fact.text)
    }
}

impl<'a> FromIterator<Fact<'a>> for Facts {
    fn from_iter<T: IntoIterator<Item = Fact<'a>>>(facts: T) -> Self {
        let mut event = Event::default();
        facts.into_iter().for_each(|fact| event.push_str_kind(fact.field, fact.kind, fact.text));
        event.facts
    }
}

impl PartialEq for Facts {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_may_stand_several_times_and_under_two_names() {
        let mut event = Event::default();
        event.push_str("NewProcessName", r"C:\Windows\System32\cmd.exe");
        event.push_str("Data", "one");
        event.push_str("Data", "two");
        event.push_null("Hashes");
        event.alias("Image", "NewProcessName");
        assert_eq!(event.get("Image").unwrap().text, r"C:\Windows\System32\cmd.exe");
        assert_eq!(event.get_all("Data").map(|v| v.text).collect::<Vec<_>>(), ["one", "two"]);
        assert_eq!(event.get("Hashes").unwrap().kind, Kind::Null);
        assert_eq!(event.get("data"), None);
        event.push_str("properties.userPrincipalName", "a@example.org");
        event.alias_suffix(5, "properties.".len());
        event.alias_field(5, "user");
        event.alias_field(99, "nobody");
        assert_eq!(event.get("userPrincipalName"), event.get("user"));
        assert_eq!(event.get("nobody"), None);
        event.also("name");
        assert_eq!(event.get("name"), event.get("user"));
        event.push_part("Drive", 0, 0..2);
        assert_eq!(event.get("Drive").unwrap().text, "C:");
        #[allow(clippy::reversed_empty_ranges)] // a wrong range is what is tried
        for (index, part) in [(0, 0..99), (0, 2..1), (99, 0..1), (0, usize::MAX..usize::MAX)] {
            event.push_part("None", index, part);
        }
        assert_eq!(event.get("None"), None);
        let facts = event.take_facts();
        event.push_str("before", "all");
        event.extend(&facts);
        assert_eq!(event.fields().count(), facts.len() + 1);
        assert_eq!(event.get("Drive").unwrap().text, "C:");
        event.clear();
        assert_eq!(event.fields().count(), 0);
    }
}
