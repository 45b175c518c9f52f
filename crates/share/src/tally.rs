//! What the report and STIX need of all findings, gathered in the one pass in which they are written.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::{Case, Finding, Level, RuleInfo, Time};

use crate::attack::technique_of_tag;
use crate::mailings::Mailings;

/// Incidents that are told in full, in the report as in STIX; the rest is told in a table.
pub(crate) const TOLD: usize = 12;

/// Sums over all findings of a case, bounded by the number of rules and of the days told.
///
/// Made from a finished case; every finding is shown to it once while it is written elsewhere, in
/// any order.
#[derive(Debug, Default)]
pub struct Tally {
    incidents: BTreeMap<String, Told>,
    /// Rules by id.
    pub(crate) rules: BTreeMap<String, Arc<RuleInfo>>,
    keep: BTreeSet<String>,
    /// The key findings with all their facts, by id.
    pub(crate) kept: BTreeMap<String, Finding>,
    /// Reconnaissance by mail.
    pub(crate) mailings: Mailings,
}

/// What one incident's findings add up to.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Which tactic each technique stands for in this incident.
    tactics: BTreeMap<String, Vec<String>>,
    /// Findings by tactic and day since 1970-01-01.
    pub(crate) days: BTreeMap<String, BTreeMap<i64, Day>>,
    /// Findings by rule.
    pub(crate) sightings: BTreeMap<String, Sighting>,
}

/// The findings of one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Day {
    /// The highest level.
    pub(crate) level: Level,
    /// How many.
    pub(crate) count: u64,
}

/// How often one rule held within one incident.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sighting {
    pub(crate) count: u64,
    pub(crate) first: Option<Time>,
    pub(crate) last: Option<Time>,
}

impl Tally {
    /// An empty tally of `case`.
    pub fn new(case: &Case) -> Self {
        let mut tally = Self::default();
        for incident in case.incidents.iter().take(TOLD) {
            let keys = incident.key.iter().chain(&incident.first_actionable);
            tally.keep.extend(keys.map(|key| key.finding.clone()));
            let mut told = Told::default();
            for stage in &incident.stages {
                for technique in stage.techniques.keys() {
                    told.tactics.entry(technique.clone()).or_default().push(stage.tactic.clone());
                }
                told.tactics.entry(tag(&stage.tactic)).or_default().push(stage.tactic.clone());
            }
            tally.incidents.insert(incident.id.clone(), told);
        }
        tally
    }

    /// Takes a finding in; `incident` is the id of the incident that it belongs to.
    pub fn add(&mut self, finding: &Finding, incident: Option<&str>) {
        if !self.rules.contains_key(&finding.rule.id) {
            self.rules.insert(finding.rule.id.clone(), Arc::clone(&finding.rule));
        }
        if self.keep.contains(&finding.id) && !self.kept.contains_key(&finding.id) {
            self.kept.insert(finding.id.clone(), finding.clone());
        }
        self.mailings.add(finding);
        if let Some(told) = incident.and_then(|id| self.incidents.get_mut(id)) {
            told.add(finding);
        }
    }

    /// What was gathered of one incident.
    pub(crate) fn incident(&self, id: &str) -> Option<&Told> {
        self.incidents.get(id)
    }

    /// A key finding with all its facts, where it was seen.
    pub(crate) fn finding(&self, id: &str) -> Option<&Finding> {
        self.kept.get(id)
    }
}

impl Told {
    fn add(&mut self, finding: &Finding) {
        if !self.sightings.contains_key(&finding.rule.id) {
            self.sightings.insert(finding.rule.id.clone(), Sighting::default());
        }
        if let Some(sighting) = self.sightings.get_mut(&finding.rule.id) {
            sighting.count += 1;
            if let Some(time) = finding.time {
                sighting.first = Some(sighting.first.map_or(time, |first| first.min(time)));
                sighting.last = Some(sighting.last.map_or(time, |last| last.max(time)));
            }
        }
        let Some(day) = finding.time.map(Time::day) else { return };
        let tactics: BTreeSet<&String> = finding
            .rule
            .tags
            .iter()
            .filter_map(|tag| {
                technique_of_tag(tag).map_or_else(|| self.tactics.get(tag), |id| self.tactics.get(&id))
            })
            .flatten()
            .collect();
        for tactic in tactics {
            let days = match self.days.get_mut(tactic) {
                Some(days) => days,
                None => self.days.entry(tactic.clone()).or_default(),
            };
            days.entry(day)
                .and_modify(|seen| {
                    seen.level = seen.level.max(finding.level);
                    seen.count += 1;
                })
                .or_insert(Day { level: finding.level, count: 1 });
        }
    }

    /// The phases of the incident: runs of days with findings of `level` or above, with less than
    /// `rest` days between them.
    pub(crate) fn phases(&self, level: Level, rest: i64) -> Vec<(i64, i64)> {
        let days: BTreeSet<i64> = self
            .days
            .values()
            .flatten()
            .filter(|(_, seen)| seen.level >= level)
            .map(|(&day, _)| day)
            .collect();
        let mut phases: Vec<(i64, i64)> = Vec::new();
        for day in days {
            match phases.last_mut() {
                Some((_, last)) if day - *last < rest => *last = day,
                _ => phases.push((day, day)),
            }
        }
        phases
    }
}

/// The tag under which rules name a tactic.
fn tag(tactic: &str) -> String {
    format!("attack.{tactic}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Incident, Stage};

    fn finding(id: &str, time: &str, level: Level, tags: &[&str]) -> Finding {
        let tags = tags.iter().map(|&tag| tag.to_owned()).collect();
        crate::sample::finding(id, time, level, RuleInfo { id: "r".into(), tags, ..RuleInfo::default() })
    }

    #[test]
    fn days_count_under_the_tactic_that_the_incident_gives_a_technique() {
        let incident: Incident = crate::sample::incident("i1", |incident| {
            incident.stages = vec![Stage {
                tactic: "defense-evasion".into(),
                first: None,
                last: None,
                techniques: [("T1070.001".to_owned(), 2)].into(),
                findings: 2,
            }];
        });
        let case = Case { incidents: vec![incident], ..Case::default() };
        let mut tally = Tally::new(&case);
        // A newer ATT&CK calls the tactic otherwise; the technique says where it belongs.
        let tags = ["attack.stealth", "attack.t1070.001"];
        tally.add(&finding("a", "2021-08-24T01:00:00Z", Level::Medium, &tags), Some("i1"));
        tally.add(&finding("b", "2021-08-24T02:00:00Z", Level::High, &tags), Some("i1"));
        tally.add(&finding("c", "2021-09-24T02:00:00Z", Level::High, &tags), Some("i1"));
        tally.add(&finding("d", "2021-10-24T02:00:00Z", Level::High, &tags), None);
        let told = tally.incident("i1").unwrap();
        let day = Time::parse("2021-08-24").unwrap().day();
        assert_eq!(told.days["defense-evasion"][&day], Day { level: Level::High, count: 2 });
        assert_eq!(told.sightings["r"].count, 3);
        assert_eq!(told.phases(Level::Medium, 14), [(day, day), (day + 31, day + 31)]);
        assert_eq!(told.phases(Level::Medium, 40), [(day, day + 31)]);
    }
}
