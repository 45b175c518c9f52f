//! A layer for the ATT&CK Navigator: which techniques were seen, how often, and by which rules.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use model::{Case, Level, RuleCount};
use serde::Serialize;

use crate::attack::{technique_of_tag, version};
use crate::text::{clip, number};

/// Colours by level, light enough for the black text of the Navigator.
const COLOURS: [(Level, &str); 5] = [
    (Level::Informational, "#d9dee3"),
    (Level::Low, "#b3cde3"),
    (Level::Medium, "#fde0a0"),
    (Level::High, "#f5a46b"),
    (Level::Critical, "#d9706f"),
];

/// Writes `navigator.json`, a layer of format 4.5. A technique's score is its number of findings,
/// its colour the highest level among them, and its comment names the rules.
pub fn write_navigator<W: Write>(mut out: W, case: &Case) -> io::Result<()> {
    let seen = seen(case);
    let layer = Layer {
        name: "Portcullis",
        versions: Versions { attack: version(), navigator: "5.1.0", layer: "4.5" },
        domain: "enterprise-attack",
        description: "Techniques that the rules of one hunt name, scored by findings and coloured by the highest level",
        filters: Filters {
            platforms: [
                "Windows",
                "Linux",
                "Office Suite",
                "Identity Provider",
                "SaaS",
                "IaaS",
                "Network Devices",
            ],
        },
        sorting: 3,
        layout: Layout {
            layout: "side",
            show_id: true,
            show_name: true,
            show_aggregate_scores: true,
            count_unscored: false,
            aggregate_function: "sum",
        },
        hide_disabled: false,
        techniques: techniques(&seen),
        gradient: Gradient {
            colors: ["#ffffff", "#d9706f"],
            min_value: 0,
            max_value: seen.values().map(|technique| technique.count).max().unwrap_or(1),
        },
        legend_items: COLOURS
            .iter()
            .map(|&(level, color)| LegendItem { label: level.as_str(), color })
            .collect(),
        metadata: vec![
            Entry { name: "program", value: case.manifest.program.clone() },
            Entry { name: "rules_sha256", value: case.manifest.rules_sha256.clone() },
        ],
        select_techniques_across_tactics: true,
        select_subtechniques_with_parent: false,
    };
    serde_json::to_writer_pretty(&mut out, &layer)?;
    out.write_all(b"\n")?;
    out.flush()
}

/// One technique over all rules that name it.
struct Seen<'a> {
    count: u64,
    level: Level,
    rules: Vec<&'a RuleCount>,
}

fn seen(case: &Case) -> BTreeMap<String, Seen<'_>> {
    let mut seen: BTreeMap<String, Seen<'_>> = BTreeMap::new();
    for rule in case.rules.values() {
        let ids: BTreeSet<String> = rule.tags.iter().filter_map(|tag| technique_of_tag(tag)).collect();
        for id in ids {
            let technique =
                seen.entry(id).or_insert(Seen { count: 0, level: Level::Informational, rules: Vec::new() });
            technique.count += rule.count;
            technique.level = technique.level.max(rule.level);
            technique.rules.push(rule);
        }
    }
    for technique in seen.values_mut() {
        technique.rules.sort_by(|a, b| (b.level, b.count, &a.title).cmp(&(a.level, a.count, &b.title)));
    }
    seen
}

fn techniques<'a>(seen: &BTreeMap<String, Seen<'_>>) -> Vec<Technique<'a>> {
    let parents: BTreeSet<&str> =
        seen.keys().filter_map(|id| id.split_once('.')).map(|(parent, _)| parent).collect();
    let mut list: Vec<Technique<'_>> = seen
        .iter()
        .map(|(id, technique)| Technique {
            technique_id: id.clone(),
            score: Some(technique.count),
            color: COLOURS.iter().find(|(level, _)| *level == technique.level).map(|&(_, color)| color),
            comment: Some(comment(technique)),
            enabled: true,
            show_subtechniques: parents.contains(id.as_str()),
        })
        .collect();
    // A parent without findings of its own stands here too, so that its sub-techniques are shown.
    for parent in parents.into_iter().filter(|&parent| !seen.contains_key(parent)) {
        list.push(Technique {
            technique_id: parent.to_owned(),
            score: None,
            color: None,
            comment: None,
            enabled: true,
            show_subtechniques: true,
        });
    }
    list.sort_by(|a, b| a.technique_id.cmp(&b.technique_id));
    list
}

fn comment(technique: &Seen<'_>) -> String {
    const NAMED: usize = 8;
    let rules: Vec<String> = technique
        .rules
        .iter()
        .map(|rule| format!("{} ({}, {})", clip(&rule.title, 90), rule.level, number(rule.count)))
        .collect();
    let shown: Vec<&str> = rules.iter().take(NAMED).map(String::as_str).collect();
    match rules.len() - shown.len() {
        0 => shown.join("; "),
        more => format!("{}; {} more rules", shown.join("; "), number(more as u64)),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Layer<'a> {
    name: &'a str,
    versions: Versions<'a>,
    domain: &'a str,
    description: &'a str,
    filters: Filters<'a>,
    sorting: u8,
    layout: Layout<'a>,
    hide_disabled: bool,
    techniques: Vec<Technique<'a>>,
    gradient: Gradient<'a>,
    legend_items: Vec<LegendItem<'a>>,
    metadata: Vec<Entry<'a>>,
    select_techniques_across_tactics: bool,
    select_subtechniques_with_parent: bool,
}

#[derive(Serialize)]
struct Versions<'a> {
    attack: &'a str,
    navigator: &'a str,
    layer: &'a str,
}

#[derive(Serialize)]
struct Filters<'a> {
    platforms: [&'a str; 7],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Layout<'a> {
    layout: &'a str,
    #[serde(rename = "showID")]
    show_id: bool,
    show_name: bool,
    show_aggregate_scores: bool,
    count_unscored: bool,
    aggregate_function: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Technique<'a> {
    #[serde(rename = "techniqueID")]
    technique_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    color: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    enabled: bool,
    show_subtechniques: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Gradient<'a> {
    colors: [&'a str; 2],
    min_value: u64,
    max_value: u64,
}

#[derive(Serialize)]
struct LegendItem<'a> {
    label: &'a str,
    color: &'a str,
}

#[derive(Serialize)]
struct Entry<'a> {
    name: &'a str,
    value: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn techniques_are_scored_coloured_and_explained() {
        let mut out = Vec::new();
        write_navigator(&mut out, &crate::sample::case()).unwrap();
        let layer: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(layer["versions"]["layer"], "4.5");
        let techniques = layer["techniques"].as_array().unwrap();
        let of = |id: &str| techniques.iter().find(|t| t["techniqueID"] == id).unwrap();
        assert_eq!(of("T1190")["score"], 58);
        assert_eq!(of("T1190")["color"], "#d9706f");
        assert_eq!(of("T1190")["comment"], "ProxyShell request to the Autodiscover front end (critical, 58)");
        assert_eq!(of("T1505")["showSubtechniques"], true);
        assert_eq!(of("T1505").get("score"), None);
    }
}
