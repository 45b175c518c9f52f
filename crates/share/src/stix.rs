//! The case as a STIX 2.1 bundle.
//!
//! A bundle holds the tool's identity, the TLP 2.0 marking that every object carries, and for the
//! incidents that matter most an `incident`, the techniques as `attack-pattern`s, the rules that
//! held as `indicator`s with a `sighting` each, and the events of the key findings as
//! `observed-data` over observables. A `grouping` keeps together what belongs to one incident. The
//! objects are written one after another; none is held in memory for longer than its turn.
//!
//! Ids depend on the content alone, so that two runs over the same evidence give the same bytes and
//! a second import updates what the first one made (see `id.rs`).

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use model::{Case, Time, Tlp};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::Tally;
use crate::attack::technique_of_tag;
use crate::dates::short_date;
use crate::tally::TOLD;
use id::object_id;

mod id;
mod incident;
mod mailing;
mod marking;
mod observables;
mod technique;

/// The text of a rule, as an indicator states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RulePattern<'a> {
    /// The language: `sigma` or `stix` (STIX 2.1, `pattern-type-ov`).
    pub language: &'static str,
    /// The rule as it was loaded.
    pub text: &'a str,
}

/// What a bundle says of itself.
pub struct StixSettings<'a> {
    /// The marking of every object.
    pub tlp: Tlp,
    /// The time that stands in `created` and `modified`; else the detection, else the last record.
    pub created: Option<Time>,
    /// Tells a rule's text by its id. Without a text there is no indicator: STIX asks for a pattern.
    pub rule_text: &'a dyn Fn(&str) -> Option<RulePattern<'a>>,
}

/// Writes `case.stix.json`.
pub fn write_stix<W: Write>(
    out: W,
    case: &Case,
    tally: &Tally,
    settings: &StixSettings<'_>,
) -> io::Result<()> {
    let created = settings.created.or(case.detected).or_else(|| last_record(case));
    let common = Common::new(settings.tlp, created.unwrap_or(Time::from_micros(0)));
    let mut bundle = Bundle::begin(out, &bundle_id(case, &common))?;
    bundle.add(&common.tool(case))?;
    bundle.add(&marking::object(settings.tlp))?;
    let techniques = technique::ids(case, tally);
    for (id, object) in &techniques {
        bundle.add(&technique::object(&common, id, object))?;
    }
    let indicators = write_indicators(&mut bundle, case, tally, settings, &common, &techniques)?;
    for (_, facts, _) in tally.mailings.told() {
        for indicator in mailing::indicators(&common, facts) {
            bundle.add(&indicator)?;
        }
    }
    for incident in case.incidents.iter().take(TOLD) {
        incident::write(&mut bundle, &common, incident, tally, &indicators, &techniques)?;
    }
    bundle.end()
}

fn last_record(case: &Case) -> Option<Time> {
    case.manifest.evidence.iter().filter_map(|evidence| evidence.last).max()
}

/// A bundle has no version of its own; its id names the incidents and the time.
fn bundle_id(case: &Case, common: &Common) -> String {
    let incidents: Vec<&str> = case.incidents.iter().map(|incident| incident.id.as_str()).collect();
    object_id(
        "bundle",
        &[&case.manifest.rules_sha256, &common.created, &common.marking, &incidents.join(" ")],
    )
}

/// One indicator for each rule that held and whose text is known, by rule id.
fn write_indicators<W: Write>(
    bundle: &mut Bundle<W>,
    case: &Case,
    tally: &Tally,
    settings: &StixSettings<'_>,
    common: &Common,
    techniques: &BTreeMap<String, String>,
) -> io::Result<BTreeMap<String, String>> {
    let mut ids = BTreeMap::new();
    for (rule_id, count) in &case.rules {
        let Some(pattern) = (settings.rule_text)(rule_id) else { continue };
        let id = object_id("indicator", &[rule_id, pattern.language, pattern.text]);
        let info = tally.rules.get(rule_id);
        let description = info.map(|info| info.description.as_str()).filter(|text| !text.is_empty());
        let mut indicator = common.object("indicator", &id);
        indicator.insert("name".into(), count.title.as_str().into());
        let text = match (description, count.author.as_str()) {
            (Some(text), "") => text.to_owned(),
            (Some(text), author) => format!("{text}\n\nRule by {author}."),
            (None, "") => format!("The rule “{}”.", count.title),
            (None, author) => format!("The rule “{}” by {author}.", count.title),
        };
        indicator.insert("description".into(), text.into());
        indicator.insert("indicator_types".into(), json!(["malicious-activity"]));
        indicator.insert("pattern".into(), pattern.text.into());
        indicator.insert("pattern_type".into(), pattern.language.into());
        indicator.insert("valid_from".into(), common.created.as_str().into());
        indicator.insert("labels".into(), json!([format!("level-{}", count.level)]));
        bundle.add(&indicator)?;
        let named: BTreeSet<String> = count.tags.iter().filter_map(|tag| technique_of_tag(tag)).collect();
        for technique in named.iter().filter_map(|technique| techniques.get(technique)) {
            bundle.add(&common.relationship("indicates", &id, technique))?;
        }
        ids.insert(rule_id.clone(), id);
    }
    Ok(ids)
}

/// What every object of one bundle has in common.
struct Common {
    created: String,
    marking: String,
    tool: String,
}

impl Common {
    fn new(tlp: Tlp, created: Time) -> Self {
        Self {
            created: id::timestamp(created),
            marking: marking::id(tlp).to_owned(),
            tool: object_id("identity", &["portcullis"]),
        }
    }

    /// An object with the properties that every domain and relationship object must have.
    fn object(&self, kind: &str, id: &str) -> Map<String, Value> {
        let mut object = self.observable(kind, id);
        object.insert("created".into(), self.created.as_str().into());
        object.insert("modified".into(), self.created.as_str().into());
        if id != self.tool {
            object.insert("created_by_ref".into(), self.tool.as_str().into());
        }
        object
    }

    /// An object with the properties that every observable must have.
    fn observable(&self, kind: &str, id: &str) -> Map<String, Value> {
        let mut object = Map::new();
        object.insert("type".into(), kind.into());
        object.insert("spec_version".into(), "2.1".into());
        object.insert("id".into(), id.into());
        object.insert("object_marking_refs".into(), json!([self.marking]));
        object
    }

    fn relationship(&self, kind: &str, source: &str, target: &str) -> Map<String, Value> {
        let mut relationship =
            self.object("relationship", &object_id("relationship", &[kind, source, target]));
        relationship.insert("relationship_type".into(), kind.into());
        relationship.insert("source_ref".into(), source.into());
        relationship.insert("target_ref".into(), target.into());
        relationship
    }

    fn tool(&self, case: &Case) -> Map<String, Value> {
        let mut tool = self.object("identity", &self.tool);
        tool.insert("name".into(), "Portcullis".into());
        let read = case.manifest.evidence.len();
        let until = last_record(case).map(|time| format!(", until {}", short_date(time))).unwrap_or_default();
        tool.insert(
            "description".into(),
            format!("{}; {read} pieces of evidence{until}", case.manifest.program).into(),
        );
        tool.insert("identity_class".into(), "system".into());
        tool
    }
}

/// Writes the objects of a bundle one after another, each id once.
struct Bundle<W> {
    out: W,
    first: bool,
    written: BTreeSet<String>,
}

impl<W: Write> Bundle<W> {
    fn begin(mut out: W, id: &str) -> io::Result<Self> {
        write!(out, "{{\"type\":\"bundle\",\"id\":\"{id}\",\"objects\":[")?;
        Ok(Self { out, first: true, written: BTreeSet::new() })
    }

    fn add(&mut self, object: &Map<String, Value>) -> io::Result<()> {
        let id = object.get("id").and_then(Value::as_str).unwrap_or_default();
        if !self.written.insert(id.to_owned()) {
            return Ok(());
        }
        self.out.write_all(if self.first { b"\n" } else { b",\n" })?;
        self.first = false;
        object.serialize(&mut serde_json::Serializer::new(&mut self.out))?;
        Ok(())
    }

    fn end(mut self) -> io::Result<()> {
        self.out.write_all(b"\n]}\n")?;
        self.out.flush()
    }
}
