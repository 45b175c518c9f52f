//! STIX 2.1 objects, and their patterns in parts that can be looked up or evaluated.

use std::fmt;

use model::{Level, RuleInfo, Time};
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::load::{Draft, Gathered};
use super::{Validity, parts, plain};

/// Reads a bundle, an array of objects, or objects one a line.
pub(super) fn read(source: &str, text: &str, out: &mut Gathered) {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let by_line = lines.next().is_some_and(|line| line.trim_start().starts_with('{'))
        && lines.next().is_none_or(|line| line.trim_start().starts_with('{'));
    if by_line {
        for (number, line) in text.lines().enumerate() {
            if !line.trim().is_empty() {
                document(source, line, number as u32, out);
            }
        }
    } else {
        document(source, text, 0, out);
    }
}

fn document(source: &str, text: &str, lines_before: u32, out: &mut Gathered) {
    let mut cursor = Cursor { text, at: 0, line: lines_before + 1, missed: 0 };
    let mut reader = serde_json::Deserializer::from_str(text);
    let sift = Sift { sink: &mut |object| object_found(source, &object, &mut cursor, out) };
    let read = sift.deserialize(&mut reader).and_then(|()| reader.end());
    if let Err(error) = read {
        let line = lines_before + error.line() as u32;
        out.reject(source, line, "", format!("not readable as JSON from here on: {error}"));
    }
}

/// Tells lines of objects, which come in order.
struct Cursor<'t> {
    text: &'t str,
    at: usize,
    line: u32,
    /// How many ids did not stand in the text as they were read, for which all of it was searched.
    missed: u32,
}

impl Cursor<'_> {
    fn line_of(&mut self, id: &str) -> u32 {
        const MOST_MISSED: u32 = 8;
        let rest = &self.text.as_bytes()[self.at..];
        if self.missed < MOST_MISSED {
            match memchr::memmem::find(rest, id.as_bytes()) {
                Some(found) => {
                    self.line += memchr::memchr_iter(b'\n', &rest[..found]).count() as u32;
                    self.at += found;
                }
                None => self.missed += 1,
            }
        }
        self.line
    }
}

/// Hands every object, in bundles and arrays however deep, to the sink, one at a time.
struct Sift<'s> {
    sink: &'s mut dyn FnMut(Map<String, Value>),
}

impl<'de> DeserializeSeed<'de> for Sift<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Sift<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("STIX objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Sift { sink: &mut *self.sink })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut own = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            match key.as_str() {
                "objects" => members.next_value_seed(Sift { sink: &mut *self.sink })?,
                key if READ.contains(&key) => {
                    own.insert(key.to_owned(), members.next_value()?);
                }
                _ => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
        }
        (self.sink)(own);
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
}

/// The properties that are read; large objects of other types pass by.
const READ: [&str; 20] = [
    "type",
    "id",
    "name",
    "description",
    "pattern",
    "pattern_type",
    "modified",
    "valid_from",
    "valid_until",
    "revoked",
    "confidence",
    "created_by_ref",
    "kill_chain_phases",
    "labels",
    "indicator_types",
    "external_references",
    "relationship_type",
    "source_ref",
    "target_ref",
    "identity_class",
];

fn text<'o>(object: &'o Map<String, Value>, key: &str) -> &'o str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn object_found(source: &str, object: &Map<String, Value>, cursor: &mut Cursor<'_>, out: &mut Gathered) {
    let id = text(object, "id");
    match text(object, "type") {
        "indicator" => {
            let line = cursor.line_of(id);
            indicator(source, object, line, out);
        }
        "relationship" if text(object, "relationship_type") == "indicates" => {
            let pair = (text(object, "source_ref").to_owned(), text(object, "target_ref").to_owned());
            out.indicates.push(pair);
        }
        "identity" | "intrusion-set" | "campaign" | "malware" | "tool" | "threat-actor" => {
            out.names.insert(id.to_owned(), text(object, "name").to_owned());
        }
        _ => {}
    }
}

fn indicator(source: &str, object: &Map<String, Value>, line: u32, out: &mut Gathered) {
    const LONGEST_ID: usize = 256;
    let pattern = text(object, "pattern");
    let name = Some(text(object, "name")).filter(|name| !name.is_empty()).unwrap_or(pattern);
    if text(object, "id").len() > LONGEST_ID {
        return out.reject(source, line, &title(name), format!("its id is longer than {LONGEST_ID} bytes"));
    }
    let mut draft = Draft {
        info: info(source, object, name),
        modified: Time::parse(text(object, "modified")).ok(),
        created_by: text(object, "created_by_ref").to_owned(),
        line,
        validity: Validity {
            from: Time::parse(text(object, "valid_from")).ok(),
            until: Time::parse(text(object, "valid_until")).ok(),
            revoked: object.get("revoked").and_then(Value::as_bool).unwrap_or(false),
        },
        ..Draft::default()
    };
    if !object.get("pattern").is_some_and(Value::is_string) {
        return out.reject(source, line, &draft.info.title, "it has no pattern");
    }
    let kind = text(object, "pattern_type");
    if pattern_of(source, kind, pattern, &mut draft, out) {
        out.keep(draft);
    }
}

/// Takes a pattern into `draft`; what of it is not evaluated is reported. Whether anything is left.
pub(super) fn pattern_of(
    source: &str,
    kind: &str,
    pattern: &str,
    draft: &mut Draft,
    out: &mut Gathered,
) -> bool {
    let title = draft.info.title.clone();
    if !kind.is_empty() && kind != "stix" {
        let kind = capped(kind, 40);
        out.reject(source, draft.line, &title, format!("patterns of the type “{kind}” are not evaluated"));
        return false;
    }
    let pattern = match parts::of(pattern) {
        Ok(pattern) => pattern,
        Err(reason) => {
            out.reject(source, draft.line, &title, capped(&reason, 300));
            return false;
        }
    };
    let whole = pattern.parts.is_empty();
    for fault in pattern.faults {
        let reason = if whole { fault } else { format!("a part of it is not evaluated: {fault}") };
        out.reject(source, draft.line, &title, capped(&reason, 300));
    }
    draft.parts = pattern.parts;
    draft.combination = pattern.combination;
    !whole
}

/// A text of bearable length.
pub(super) fn capped(text: &str, longest: usize) -> String {
    let mut short: String = text.chars().take(longest).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

fn info(source: &str, object: &Map<String, Value>, name: &str) -> RuleInfo {
    let list = |key: &str| object.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut tags: Vec<String> = list("kill_chain_phases")
        .iter()
        .filter(|phase| {
            phase.get("kill_chain_name").and_then(Value::as_str).is_some_and(|name| name.starts_with("mitre"))
        })
        .filter_map(|phase| phase.get("phase_name").and_then(Value::as_str))
        .map(|phase| format!("attack.{}", phase.to_lowercase().replace(' ', "-")))
        .collect();
    const MOST: usize = 32;
    tags.extend(list("labels").iter().filter_map(Value::as_str).take(MOST).map(|label| capped(label, 200)));
    tags.truncate(2 * MOST);
    let low = object.get("confidence").and_then(Value::as_u64).is_some_and(|confidence| confidence < 30)
        || object.get("revoked").and_then(Value::as_bool).unwrap_or(false);
    let id = text(object, "id");
    RuleInfo {
        id: if id.is_empty() { format!("indicator:{}", text(object, "pattern")) } else { id.to_owned() },
        title: title(name),
        level: Some(if low { Level::Medium } else { Level::High }),
        tags,
        author: plain::file_name(source).to_owned(),
        source: source.to_owned(),
        description: capped(text(object, "description"), 4000),
        references: list("external_references")
            .iter()
            .filter_map(|reference| reference.get("url").and_then(Value::as_str))
            .take(MOST)
            .map(|url| capped(url, 2000))
            .collect(),
        ..RuleInfo::default()
    }
}

/// A title of bearable length.
pub(super) fn title(name: &str) -> String {
    format!("Indicator: {}", capped(name, 120))
}
