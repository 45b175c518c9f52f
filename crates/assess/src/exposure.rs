use std::collections::{BTreeMap, BTreeSet};

use model::{Exposed, Exposure, Finding, Measure};

use crate::command;
use crate::incident::{Span, span_of};
use crate::normal;
use crate::plan::{Placed, Plan};

/// What one incident put at risk.
#[derive(Debug, Default)]
pub(crate) struct Exposures {
    found: BTreeMap<(Exposed, String), (Span, Exposure)>,
}

/// Fields that hold a whole command line.
const COMMANDS: [&str; 4] = ["CommandLine", "ProcessCommandLine", "ScriptBlockText", "sudo.command"];
/// How many findings stand as evidence for one thing.
const MOST_FINDINGS: usize = 10;
/// How many things one incident exposes at most; past it the names are in the findings alone.
const MOST_EXPOSED: usize = 10_000;

impl Exposures {
    pub(crate) fn add(&mut self, plan: &Plan, finding: &Finding, placed: &Placed) {
        for measure in &finding.rule.exposes {
            for (field, value) in values(finding, measure) {
                // A command is no thing; the archive that it names is.
                let value = if COMMANDS.contains(&field) { command::archive(value) } else { Some(value) };
                let Some(value) = value else { continue };
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
        let files: Vec<&str> = self
            .found
            .keys()
            .filter(|(what, _)| *what == Exposed::File)
            .map(|(_, name)| name.as_str())
            .collect();
        let lesser = lesser(&files);
        let mut list: Vec<Exposure> = self
            .found
            .iter()
            .filter(|((what, name), _)| *what != Exposed::File || !lesser.contains(name))
            .map(|(_, (span, exposure))| Exposure {
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

/// Names that say less than others of the list: an archive that was written in volumes is there as
/// its volumes alone, and a bare file name is known by its path.
fn lesser(files: &[&str]) -> BTreeSet<String> {
    let archives = files.iter().filter_map(|name| volume_of(name));
    let bare = files.iter().filter_map(|name| name.rsplit_once(['\\', '/'])).map(|(_, last)| last.to_owned());
    archives.chain(bare).collect()
}

/// The archive of which a file is a volume: `a.rar` of `a.part01.rar`, `a.7z` of `a.7z.001`.
fn volume_of(name: &str) -> Option<String> {
    let (stem, ending) = name.rsplit_once('.')?;
    if ending.len() == 3 && is_number(ending) {
        return Some(stem.to_owned());
    }
    let (first, part) = stem.rsplit_once('.')?;
    part.strip_prefix("part").filter(|number| is_number(number)).map(|_| format!("{first}.{ending}"))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The values of the first of the measure's fields that has any: of a correlation, that of its
/// group, else those of its last event and of the facts that made it hold.
fn values<'a>(finding: &'a Finding, measure: &'a Measure) -> Vec<(&'a str, &'a str)> {
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
            return found.into_iter().map(|value| (field.as_str(), value)).collect();
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
    if let Some(own) = &placed.mentions.own.mention
        && let Some(name) = plan.known_name(own.kind, &own.key)
    {
        host.name = name.to_owned();
    }
    let named = match what {
        Exposed::Account => normal::account(tables, plan.sids.name(value).unwrap_or(value), &host)?,
        Exposed::Mailbox => normal::mailbox(tables, value)?,
        Exposed::Share => normal::share(tables, value, &host)?,
        Exposed::File => normal::whole_path(value)?,
    };
    Some((named.key, named.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_told_once_by_what_says_most() {
        let files = [r"c:\t\a.rar", r"c:\t\a.part01.rar", r"c:\t\b.7z.001", r"c:\t\c.zip", "c.zip", "d.zip"];
        let left: Vec<&str> = files.into_iter().filter(|name| !lesser(&files).contains(*name)).collect();
        assert_eq!(left, [r"c:\t\a.part01.rar", r"c:\t\b.7z.001", r"c:\t\c.zip", "d.zip"]);
        assert_eq!(volume_of("minutes.2021"), None);
        assert_eq!(volume_of("parts.rar"), None);
    }
}
