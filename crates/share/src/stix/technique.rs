//! The techniques of a case as attack patterns.

use std::collections::BTreeMap;

use model::Case;
use serde_json::{Map, Value, json};

use super::Common;
use super::id::object_id;
use crate::Tally;
use crate::attack::{technique_name, technique_of_tag};
use crate::tally::TOLD;

/// Every technique that a rule of the case or an incident names, with the id of its object.
pub(super) fn ids(case: &Case, tally: &Tally) -> BTreeMap<String, String> {
    let counted = case.rules.values().flat_map(|rule| &rule.tags);
    let seen = tally.rules.values().flat_map(|rule| &rule.tags);
    let of_rules = counted.chain(seen).filter_map(|tag| technique_of_tag(tag));
    let of_incidents = case
        .incidents
        .iter()
        .take(TOLD)
        .flat_map(|incident| &incident.stages)
        .flat_map(|stage| stage.techniques.keys().cloned());
    of_rules.chain(of_incidents).map(|id| (id.clone(), object_id("attack-pattern", &[&id]))).collect()
}

/// The attack pattern of a technique; its id in ATT&CK says the rest.
pub(super) fn object(common: &Common, technique: &str, id: &str) -> Map<String, Value> {
    let mut object = common.object("attack-pattern", id);
    let name = technique_name(technique).unwrap_or(technique);
    object.insert("name".into(), name.into());
    object.insert(
        "external_references".into(),
        json!([{ "source_name": "mitre-attack", "external_id": technique }]),
    );
    object
}
