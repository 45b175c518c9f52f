//! The ATT&CK matrix: the tactics as columns, the techniques seen below them.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};
use model::{Case, Level};

use super::Section;
use crate::attack::{tactic_name, tactic_rank, tactics, technique_name, technique_of_tag};
use crate::text::{clip, count, number, some};

/// A technique under one tactic.
#[derive(Default)]
struct Seen<'a> {
    count: u64,
    level: Option<Level>,
    rules: BTreeSet<&'a str>,
}

/// The section, where a technique was seen.
pub(super) fn section(case: &Case) -> Option<Section> {
    let columns = columns(case);
    let most = columns.iter().flat_map(|(_, techniques)| techniques.values()).map(|seen| seen.count).max()?;
    let absent: Vec<String> = tactics()
        .iter()
        .filter(|tactic| !columns.iter().any(|(seen, _)| seen == *tactic) && !is_newer(tactic))
        .map(|tactic| tactic_name(tactic).to_lowercase())
        .collect();
    let mut note = String::from("Techniques of all incidents, the darker the more findings.");
    if !absent.is_empty() {
        note.push_str(&format!(" Nothing was seen of {}.", some(absent.iter().map(String::as_str), 20)));
    }
    let body = html! {
        div.matrix {
            @for (tactic, techniques) in &columns {
                div.tactic {
                    h3 { (tactic_name(tactic)) }
                    ul { @for (id, seen) in techniques { (cell(id, seen, most)) } }
                }
            }
        }
    };
    Some(Section::new("attack", "ATT&CK techniques", note, body))
}

/// The two tactics into which a newer ATT&CK split defence evasion are not missed where they are
/// not seen.
fn is_newer(tactic: &str) -> bool {
    matches!(tactic, "stealth" | "defense-impairment")
}

fn columns(case: &Case) -> Vec<(&str, BTreeMap<&str, Seen<'_>>)> {
    let rules = rules(case);
    let mut columns: BTreeMap<&str, BTreeMap<&str, Seen<'_>>> = BTreeMap::new();
    for stage in case.incidents.iter().flat_map(|incident| &incident.stages) {
        for (technique, count) in &stage.techniques {
            let seen = columns.entry(&stage.tactic).or_default().entry(technique).or_default();
            seen.count += count;
            if let Some((level, titles)) = rules.get(technique) {
                seen.level = seen.level.max(Some(*level));
                seen.rules.extend(titles);
            }
        }
    }
    let mut columns: Vec<_> = columns.into_iter().collect();
    columns.sort_by_key(|(tactic, _)| (tactic_rank(tactic), *tactic));
    columns
}

/// The rules that name each technique, and the highest level among them.
fn rules(case: &Case) -> BTreeMap<String, (Level, BTreeSet<&str>)> {
    let mut rules: BTreeMap<String, (Level, BTreeSet<&str>)> = BTreeMap::new();
    for rule in case.rules.values() {
        for technique in rule.tags.iter().filter_map(|tag| technique_of_tag(tag)) {
            let (level, titles) = rules.entry(technique).or_insert((rule.level, BTreeSet::new()));
            *level = (*level).max(rule.level);
            titles.insert(&rule.title);
        }
    }
    rules
}

fn cell(id: &str, seen: &Seen<'_>, most: u64) -> Markup {
    // The logarithm keeps a technique seen once from being lost beside one seen ten thousand times.
    let shade = (seen.count as f64).ln_1p() / (most as f64).ln_1p().max(f64::MIN_POSITIVE);
    let step = (shade * 5.0).ceil().clamp(1.0, 5.0) as u8;
    let about = format!("{}: {}", count(seen.count, "finding"), some(seen.rules.iter().copied(), 6));
    html! {
        li.{ "s" (step) } title=(about) {
            span.id { (clip(id, 16)) }
            span.name { (technique_name(id).unwrap_or("")) }
            span.n { (number(seen.count)) }
        }
    }
}
