use std::collections::BTreeMap;

use model::{Exposed, Exposure, Finding, Measure};

use crate::Kind;
use crate::incident::{Span, span_of};
use crate::normal;
use crate::plan::{Placed, Plan};

/// What one incident put at risk.
#[derive(Debug, Default)]
pub(crate) struct Exposures {
    found: BTreeMap<(Exposed, String), (Span, Exposure)>,
}

/// How many findings stand as evidence for one thing.
const MOST_FINDINGS: usize = 10;
/// How many things one incident exposes at most; past it the names are in the findings alone.
const MOST_EXPOSED: usize = 10_000;

impl Exposures {
    pub(crate) fn add(&mut self, plan: &Plan, finding: &Finding, placed: &Placed) {
        for measure in &finding.rule.exposes {
            for value in values(finding, measure) {
                if let Some((key, name)) = name(plan, measure.what, value, placed) {
                    self.note(finding, measure, key, name);
                }
            }
        }
    }

    fn note(&mut self, finding: &Finding, measure: &Measure, key: String, name: String) {
        let key = (measure.what, key);
        if self.found.len() >= MOST_EXPOSED && !self.found.contains_key(&key) {
            return;
        }
        let (span, exposure) = self.found.entry(key).or_insert_with(|| {
            let (what, how, name) = (measure.what, measure.how, name.clone());
            let none = (Span::default(), Vec::new());
            (
                none.0,
                Exposure { what, name, how, first: None, last: None, findings: none.1, findings_total: 0 },
            )
        });
        // The same person or mailbox under a full address says more than under a bare name.
        if name.contains('@') && !exposure.name.contains('@') {
            exposure.name = name;
        }
        exposure.how = exposure.how.max(measure.how);
        let (from, until) = span_of(finding);
        if exposure.findings.last() != Some(&finding.id) {
            span.add(from, until);
            if exposure.findings.len() < MOST_FINDINGS {
                exposure.findings.push(finding.id.clone());
            }
        }
    }

    /// What was exposed: the worst first, then by kind and name.
    pub(crate) fn list(&self) -> Vec<Exposure> {
        let mut list: Vec<Exposure> = self
            .found
            .values()
            .map(|(span, exposure)| Exposure {
                first: span.first,
                last: span.last,
                findings_total: span.count,
                ..exposure.clone()
            })
            .collect();
        list.sort_by(|a, b| (b.how, a.what, &a.name).cmp(&(a.how, b.what, &b.name)));
        list
    }
}

/// The values of the first of the measure's fields that has any: of a correlation, that of its
/// group, else those of its last event and of the facts that made it hold.
fn values<'a>(finding: &'a Finding, measure: &Measure) -> Vec<&'a str> {
    for field in &measure.fields {
        let group = finding.group.iter().filter(|(name, _)| name == field).map(|(_, value)| value.as_str());
        let mut found: Vec<&str> = group.filter(|value| !value.trim().is_empty()).collect();
        if found.is_empty() {
            let facts = finding.event.iter().filter(|fact| fact.field == field);
            let matched = finding.matched.iter().filter(|matched| &matched.field == field);
            let texts = facts.map(|fact| fact.text).chain(matched.map(|one| one.value.as_str()));
            found = texts.filter(|text| !text.trim().is_empty()).collect();
        }
        if !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}

/// The key and name of a thing at risk.
fn name(plan: &Plan, what: Exposed, value: &str, placed: &Placed) -> Option<(String, String)> {
    let tables = &plan.tables;
    if tables.says_nothing(value) {
        return None;
    }
    let mut host = placed.mentions.own.machine();
    if let Some(own) = &placed.mentions.own.mention {
        host.name = known_name(plan, own.kind, &own.key, &own.name);
    }
    let named = match what {
        Exposed::Account => normal::account(tables, value, &host)?,
        Exposed::Mailbox => normal::mailbox(tables, value)?,
        Exposed::Share => normal::share(tables, value, &host)?,
        Exposed::File => normal::whole_path(value)?,
    };
    Some((named.key, named.name))
}

/// The name by which a machine is known, where a record gives its address alone.
fn known_name(plan: &Plan, kind: Kind, key: &str, name: &str) -> String {
    match plan.things.find(kind, key).map(|thing| plan.canonical[thing as usize]) {
        Some(thing) if plan.things.get(thing).kind != kind => plan.things.get(thing).name.to_string(),
        _ => name.to_owned(),
    }
}
