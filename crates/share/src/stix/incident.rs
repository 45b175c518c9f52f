//! One incident with its sightings, its observed data and the group that holds them together.

use std::collections::BTreeMap;
use std::io::{self, Write};

use model::{Exposure, ExposureKind, Finding, FindingKind, Incident};
use serde_json::{Map, Value, json};

use super::id::{object_id, timestamp};
use super::observables::{id_of, of_event};
use super::{Bundle, Common};
use crate::Tally;
use crate::answer::exposed_noun;
use crate::dates::date_time;
use crate::tally::Sighting;
use crate::text::{count, join};

/// The most that STIX lets a count be.
const MOST: u64 = 999_999_999;

/// Writes an incident and all that belongs to it.
pub(super) fn write<W: Write>(
    bundle: &mut Bundle<W>,
    common: &Common,
    incident: &Incident,
    tally: &Tally,
    indicators: &BTreeMap<String, String>,
    techniques: &BTreeMap<String, String>,
) -> io::Result<()> {
    let id = object_id("incident", &[&incident.id]);
    bundle.add(&object(common, &id, incident))?;
    let mut members = vec![id.clone()];

    let mut observed: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for finding in incident.key.iter().filter_map(|key| tally.finding(&key.finding)) {
        if let Some(data) = write_observed(bundle, common, finding)? {
            let relation = common.relationship("related-to", &id, &data);
            bundle.add(&relation)?;
            members.extend([data.clone(), id_of(&relation).to_owned()]);
            observed.entry(&finding.rule.id).or_default().push(data);
        }
    }
    let seen = tally.incident(&incident.id).map(|told| &told.sightings);
    for (rule, sighting) in seen.into_iter().flatten() {
        let Some(indicator) = indicators.get(rule) else { continue };
        let data = observed.get(rule.as_str()).map(Vec::as_slice).unwrap_or_default();
        let object = sighting_object(common, &id, indicator, sighting, data);
        bundle.add(&object)?;
        members.extend([indicator.clone(), id_of(&object).to_owned()]);
    }
    let named = incident.stages.iter().flat_map(|stage| stage.techniques.keys());
    for technique in named.filter_map(|technique| techniques.get(technique)) {
        let relation = common.relationship("related-to", &id, technique);
        bundle.add(&relation)?;
        members.extend([technique.clone(), id_of(&relation).to_owned()]);
    }
    members.sort();
    members.dedup();
    let mut group = common.object("grouping", &object_id("grouping", &[&incident.id]));
    group.insert("name".into(), incident.title.as_str().into());
    group.insert("context".into(), "suspicious-activity".into());
    group.insert("object_refs".into(), members.into());
    bundle.add(&group)
}

fn object(common: &Common, id: &str, incident: &Incident) -> Map<String, Value> {
    let mut object = common.object("incident", id);
    object.insert("name".into(), incident.title.as_str().into());
    object.insert("description".into(), description(incident).into());
    object.insert("labels".into(), json!([format!("level-{}", incident.level)]));
    object
}

/// The core incident object has no properties for times and losses, so they are told in words.
fn description(incident: &Incident) -> String {
    let mut lines = Vec::new();
    if let (Some(first), Some(last)) = (incident.first, incident.last) {
        lines.push(format!("First trace {}, last trace {}.", date_time(first), date_time(last)));
    }
    if let Some(days) = incident.dwell_days.filter(|&days| days >= 0) {
        lines.push(format!("{} from the first trace to the detection.", count(days as u64, "day")));
    }
    let total = incident.findings.values().sum();
    lines.push(format!("{} on {}.", count(total, "finding"), count(incident.hosts.len() as u64, "host")));
    for (how, words) in [
        (ExposureKind::Taken, "Taken out"),
        (ExposureKind::Read, "Read"),
        (ExposureKind::CouldRead, "Within reach"),
    ] {
        let things: Vec<&Exposure> = incident.exposure.iter().filter(|thing| thing.how == how).collect();
        let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
        for thing in things {
            *kinds.entry(exposed_noun(thing.what)).or_default() += 1;
        }
        let counts: Vec<String> = kinds.into_iter().map(|(noun, n)| count(n, noun)).collect();
        if !counts.is_empty() {
            lines.push(format!("{words}: {}.", join(&counts)));
        }
    }
    lines.join("\n")
}

/// The event of a key finding: its observables, and the observation that names them. `None` where
/// the event has no time or holds nothing that STIX has an object for.
fn write_observed<W: Write>(
    bundle: &mut Bundle<W>,
    common: &Common,
    finding: &Finding,
) -> io::Result<Option<String>> {
    let objects = of_event(common, &finding.event, &finding.id);
    let Some(time) = finding.time.filter(|_| !objects.is_empty()) else { return Ok(None) };
    let mut references: Vec<String> = Vec::new();
    for object in &objects {
        bundle.add(object)?;
        let id = id_of(object).to_owned();
        if !references.contains(&id) {
            references.push(id);
        }
    }
    let first = finding.window.map_or(time, |window| window.first.min(time));
    let last = finding.window.map_or(time, |window| window.last.max(time));
    let number = if finding.kind == FindingKind::Correlation { finding.events_total } else { 1 };
    let id = object_id("observed-data", &[&finding.id]);
    let mut data = common.object("observed-data", &id);
    data.insert("first_observed".into(), timestamp(first).into());
    data.insert("last_observed".into(), timestamp(last).into());
    data.insert("number_observed".into(), number.clamp(1, MOST).into());
    data.insert("object_refs".into(), references.into());
    data.insert("labels".into(), json!([format!("finding-{}", finding.id)]));
    bundle.add(&data)?;
    Ok(Some(id))
}

fn sighting_object(
    common: &Common,
    incident: &str,
    indicator: &str,
    sighting: &Sighting,
    observed: &[String],
) -> Map<String, Value> {
    let mut object = common.object("sighting", &object_id("sighting", &[incident, indicator]));
    if let (Some(first), Some(last)) = (sighting.first, sighting.last) {
        object.insert("first_seen".into(), timestamp(first).into());
        object.insert("last_seen".into(), timestamp(last).into());
    }
    object.insert("count".into(), sighting.count.min(MOST).into());
    object.insert("sighting_of_ref".into(), indicator.into());
    if !observed.is_empty() {
        object.insert("observed_data_refs".into(), observed.into());
    }
    object.insert("where_sighted_refs".into(), json!([common.tool]));
    object
}
