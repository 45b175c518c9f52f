//! Findings as JSON lines: one line per rule and event, in the shape of
//! `docs/schema/finding.schema.json`.

use std::io::{self, Write};

use model::{EventRef, Fact, Facts, Finding, FindingKind, Kind, Level, Matched, Time, Window};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use crate::Origins;

/// Writes one finding as a JSON object and a line feed.
///
/// `incident` is the id of the incident that took the finding in. The writer is written to in small
/// pieces, so it should be buffered.
pub fn write_finding<W: Write>(
    out: &mut W,
    finding: &Finding,
    incident: Option<&str>,
    origins: &Origins<'_>,
) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &FindingLine::new(finding, incident, origins))?;
    out.write_all(b"\n")
}

/// One line, borrowed from the finding; what only a correlation has is left out for the others.
#[derive(Serialize)]
struct FindingLine<'a, 'o> {
    id: &'a str,
    kind: FindingKind,
    time: Option<Time>,
    level: Level,
    rule: RuleView<'a>,
    evidence: RecordView<'a>,
    event: EventView<'a>,
    matched: &'a [Matched],
    incident: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    window: Option<Window>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<GroupView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    events_total: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<EventsView<'a, 'o>>,
}

impl<'a, 'o> FindingLine<'a, 'o> {
    fn new(finding: &'a Finding, incident: Option<&'a str>, origins: &'a Origins<'o>) -> Self {
        let place = &finding.event_ref;
        let (path, sha256) = origins(place.evidence);
        let several = finding.window.is_some();
        let grouped = finding.kind == FindingKind::Correlation;
        Self {
            id: &finding.id,
            kind: finding.kind,
            time: finding.time,
            level: finding.level,
            rule: RuleView {
                id: &finding.rule.id,
                title: &finding.rule.title,
                tags: &finding.rule.tags,
                author: &finding.rule.author,
                source: &finding.rule.source,
            },
            evidence: RecordView { path, sha256, record: place.record },
            event: EventView(&finding.event),
            matched: &finding.matched,
            incident,
            window: finding.window,
            group: grouped.then_some(GroupView(&finding.group)),
            events_total: several.then_some(finding.events_total),
            events: several.then_some(EventsView { events: &finding.events, origins }),
        }
    }
}

#[derive(Serialize)]
struct RuleView<'a> {
    id: &'a str,
    title: &'a str,
    tags: &'a [String],
    author: &'a str,
    source: &'a str,
}

#[derive(Serialize)]
struct RecordView<'a> {
    path: &'a str,
    sha256: &'a str,
    record: u64,
}

#[derive(Serialize)]
struct OriginView<'a> {
    path: &'a str,
    sha256: &'a str,
}

#[derive(Serialize)]
struct EventRefView<'a> {
    evidence: OriginView<'a>,
    record: u64,
    time: Option<Time>,
}

struct EventsView<'a, 'o> {
    events: &'a [EventRef],
    origins: &'a Origins<'o>,
}

impl Serialize for EventsView<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.events.iter().map(|event| {
            let (path, sha256) = (self.origins)(event.evidence);
            EventRefView { evidence: OriginView { path, sha256 }, record: event.record, time: event.time }
        }))
    }
}

struct GroupView<'a>(&'a [(String, String)]);

impl Serialize for GroupView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(field, value)| (field, value)))
    }
}

/// The fields in the order in which they were found; a name that stands several times stands where
/// it stood first, with all its values.
struct EventView<'a>(&'a Facts);

impl Serialize for EventView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let facts: Vec<Fact<'_>> = self.0.iter().collect();
        // Sorted by name and then by place, the values of one name lie side by side.
        let mut by_name: Vec<usize> = (0..facts.len()).collect();
        by_name.sort_by(|&a, &b| facts[a].field.cmp(facts[b].field).then(a.cmp(&b)));
        let mut names: Vec<&[usize]> = by_name.chunk_by(|&a, &b| facts[a].field == facts[b].field).collect();
        names.sort_by_key(|places| places[0]);
        let mut map = serializer.serialize_map(Some(names.len()))?;
        for places in names {
            let name = facts[places[0]].field;
            match places {
                [one] => map.serialize_entry(name, &FactValue(facts[*one]))?,
                several => map.serialize_entry(name, &FactValues { facts: &facts, places: several })?,
            }
        }
        map.end()
    }
}

struct FactValues<'a> {
    facts: &'a [Fact<'a>],
    places: &'a [usize],
}

impl Serialize for FactValues<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.places.len()))?;
        for &place in self.places {
            list.serialize_element(&FactValue(self.facts[place]))?;
        }
        list.end()
    }
}

/// A value in JSON's words. A number that JSON could not give back as it stood stays text.
struct FactValue<'a>(Fact<'a>);

impl Serialize for FactValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.0.text;
        match self.0.kind {
            Kind::Null => serializer.serialize_none(),
            Kind::Bool => match text {
                "true" => serializer.serialize_bool(true),
                "false" => serializer.serialize_bool(false),
                _ => serializer.serialize_str(text),
            },
            Kind::Int if is_plain_integer(text) => match (text.parse::<u64>(), text.parse::<i64>()) {
                (Ok(n), _) => serializer.serialize_u64(n),
                (_, Ok(n)) => serializer.serialize_i64(n),
                _ => serializer.serialize_str(text),
            },
            Kind::Float => match text.parse::<f64>() {
                Ok(n) if n.is_finite() => serializer.serialize_f64(n),
                _ => serializer.serialize_str(text),
            },
            Kind::Int | Kind::Str => serializer.serialize_str(text),
        }
    }
}

/// Whether an integer is written as JSON would write it: no sign but a minus, no leading zero.
fn is_plain_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.starts_with(['0', '+']) || text == "0"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact<'a>(field: &'a str, kind: Kind, text: &'a str) -> Fact<'a> {
        Fact { field, kind, text }
    }

    fn json(facts: &[Fact<'_>]) -> String {
        serde_json::to_string(&EventView(&facts.iter().copied().collect())).unwrap()
    }

    #[test]
    fn values_keep_their_kind_and_what_json_cannot_hold_stays_text() {
        let facts = [
            fact("a", Kind::Int, "18446744073709551615"),
            fact("b", Kind::Int, "-5"),
            fact("c", Kind::Int, "18446744073709551616"),
            fact("d", Kind::Int, "007"),
            fact("e", Kind::Float, "1.5"),
            fact("f", Kind::Float, "inf"),
            fact("g", Kind::Bool, "true"),
            fact("h", Kind::Null, ""),
            fact("i", Kind::Str, "1"),
            fact("j", Kind::Int, "0"),
        ];
        assert_eq!(
            json(&facts),
            r#"{"a":18446744073709551615,"b":-5,"c":"18446744073709551616","d":"007","e":1.5,"f":"inf","g":true,"h":null,"i":"1","j":0}"#
        );
    }

    #[test]
    fn a_repeated_field_is_an_array_where_it_stood_first() {
        let facts = [
            fact("Data", Kind::Str, "one"),
            fact("Computer", Kind::Str, "EX01"),
            fact("Data", Kind::Int, "2"),
            fact("Data", Kind::Null, ""),
        ];
        assert_eq!(json(&facts), r#"{"Data":["one",2,null],"Computer":"EX01"}"#);
    }

    #[test]
    fn many_fields_of_one_name_do_not_take_long() {
        let numbers: Vec<String> = (0..100_000).map(|n| n.to_string()).collect();
        let facts: Vec<Fact<'_>> = numbers.iter().map(|n| fact("x", Kind::Int, n)).collect();
        let line = json(&facts);
        assert!(line.starts_with(r#"{"x":[0,1,2"#) && line.ends_with(",99999]}"), "order is kept");
    }
}
