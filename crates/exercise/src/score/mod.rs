//! How well findings match the truth of an exercise.

mod mail;
mod read;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use model::{Exposed, ExposureKind, Level, Time};
use serde::{Deserialize, Serialize};

use crate::truth::{Mailings, Risk, Truth};

pub use mail::{MailScore, RaisedScore};
pub use read::score_files;

/// A finding as far as scoring looks at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScoredFinding {
    /// Its level; below medium it does not count.
    pub level: Level,
    /// The records that it lists: path below the evidence folder, members after a `!`, and number.
    pub records: Vec<(String, u64)>,
    /// When it happened.
    pub time: Option<Time>,
    /// The incident that it was put into.
    pub incident: Option<String>,
    /// Whether it calls a mail reconnaissance.
    pub reconnaissance: bool,
}

/// A case as far as scoring looks at it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScoredCase {
    /// How many incidents it holds.
    pub incidents: u64,
    /// The first moment of the incident that matters most.
    pub first: Option<Time>,
    /// What that incident put at risk.
    pub exposure: Vec<Risk>,
}

/// The result, as `score.json` holds it. Shares lie between 0 and 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Records.
    pub records: RecordScore,
    /// Incidents.
    pub incidents: IncidentScore,
    /// When it began.
    pub first_seen: SeenScore,
    /// What was put at risk.
    pub exposure: ExposureScore,
    /// Records by technique.
    pub techniques: BTreeMap<String, TechniqueScore>,
    /// Mail, where mailboxes were staged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<MailScore>,
}

/// How many of the hostile records were found, and how many others were reported.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordScore {
    /// Hostile records of the truth.
    pub hostile: u64,
    /// Those that some finding at level medium or above lists.
    pub found: u64,
    /// Distinct records that findings at level medium or above list.
    pub reported: u64,
    /// Found among hostile.
    pub recall: f64,
    /// Found among reported.
    pub precision: f64,
}

/// How the intrusion was held together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct IncidentScore {
    /// Intrusions of the truth.
    pub truth: u64,
    /// Incidents of the case.
    pub found: u64,
    /// The share of the hostile records that were found which lie in one incident: the one that
    /// holds most of them.
    pub main: f64,
}

/// When the intrusion began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenScore {
    /// Time of the first hostile record.
    pub truth: Option<Time>,
    /// First moment of the main incident.
    pub found: Option<Time>,
}

/// What was put at risk.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExposureScore {
    /// The share of the truth that the case names, with what was done to it.
    pub recall: f64,
    /// The share of what the case names that is true.
    pub precision: f64,
}

/// How well one technique was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TechniqueScore {
    /// Its hostile records.
    pub hostile: u64,
    /// Those that were found.
    pub found: u64,
    /// Found among hostile.
    pub recall: f64,
}

/// Compares `findings`, and the case where there is one, with `truth`.
pub fn score(
    truth: &Truth,
    findings: impl IntoIterator<Item = ScoredFinding>,
    case: Option<&ScoredCase>,
) -> Score {
    let mut tally = Tally::new(truth);
    findings.into_iter().for_each(|finding| tally.add(&finding));
    tally.finish(truth, case, &[])
}

/// What has been counted so far.
struct Tally<'a> {
    /// Index of each hostile record, by path and number.
    hostile: HashMap<&'a str, HashMap<u64, usize>>,
    found: Vec<bool>,
    /// Records of other evidence, by path and number.
    reported: HashMap<String, HashSet<u64>>,
    /// Records of findings that call a mail reconnaissance.
    called: BTreeSet<(String, u64)>,
    /// Hostile records by incident, and the incident's first moment.
    incidents: BTreeMap<String, (BTreeSet<usize>, Option<Time>)>,
}

impl<'a> Tally<'a> {
    fn new(truth: &'a Truth) -> Self {
        let mut hostile: HashMap<&str, HashMap<u64, usize>> = HashMap::new();
        for (index, record) in truth.records.hostile.iter().enumerate() {
            hostile.entry(&record.path).or_default().insert(record.record, index);
        }
        let found = vec![false; truth.records.hostile.len()];
        Self { hostile, found, reported: HashMap::new(), called: BTreeSet::new(), incidents: BTreeMap::new() }
    }

    fn add(&mut self, finding: &ScoredFinding) {
        if finding.reconnaissance {
            self.called.extend(finding.records.iter().filter(|(path, _)| mail::is_mail(path)).cloned());
        }
        if finding.level < Level::Medium {
            return;
        }
        let mut held = finding.incident.as_ref().map(|id| self.incidents.entry(id.clone()).or_default());
        if let Some((_, first)) = &mut held {
            *first = [*first, finding.time].into_iter().flatten().min();
        }
        for (path, record) in &finding.records {
            let index = self.hostile.get(path.as_str()).and_then(|records| records.get(record));
            if let Some(index) = index {
                self.found[*index] = true;
                if let Some((records, _)) = &mut held {
                    records.insert(*index);
                }
            } else if let Some(known) = self.reported.get_mut(path) {
                known.insert(*record);
            } else {
                self.reported.insert(path.clone(), HashSet::from([*record]));
            }
        }
    }

    fn finish(self, truth: &Truth, case: Option<&ScoredCase>, mailings: &[Mailings]) -> Score {
        let mail = mail::score(truth, &self.called, mailings);
        let hostile = truth.records.hostile.len() as u64;
        let found = self.found.iter().filter(|found| **found).count() as u64;
        let others: usize = self.reported.values().map(HashSet::len).sum();
        let reported = found + others as u64;
        let main = self.incidents.values().max_by_key(|(records, _)| records.len());
        let in_main = main.map_or(0, |(records, _)| records.len() as u64);
        let first = match case {
            Some(case) => case.first,
            None => main.and_then(|(_, first)| *first),
        };
        let mut techniques: BTreeMap<String, TechniqueScore> = BTreeMap::new();
        for (record, found) in truth.records.hostile.iter().zip(&self.found) {
            let technique = techniques.entry(record.technique.clone()).or_default();
            technique.hostile += 1;
            technique.found += u64::from(*found);
            technique.recall = share(technique.found, technique.hostile);
        }
        Score {
            records: RecordScore {
                hostile,
                found,
                reported,
                recall: share(found, hostile),
                precision: share(found, reported),
            },
            incidents: IncidentScore {
                truth: truth.incidents,
                found: case.map_or(self.incidents.len() as u64, |case| case.incidents),
                main: share(in_main, found),
            },
            first_seen: SeenScore { truth: truth.first_seen, found: first },
            exposure: exposure(&truth.exposure, case.map_or(&[], |case| case.exposure.as_slice())),
            techniques,
            mail,
        }
    }
}

/// A risk as it is compared: kind, name in small letters, what was done.
type Key = (Exposed, String, ExposureKind);

fn exposure(truth: &[Risk], found: &[Risk]) -> ExposureScore {
    let key = |risk: &Risk| (risk.what, risk.name.trim().to_lowercase(), risk.how);
    let truth: BTreeSet<_> = truth.iter().map(key).collect();
    let found: BTreeSet<_> = found.iter().map(key).collect();
    let named = truth.iter().filter(|risk| found.iter().any(|other| same(risk, other))).count() as u64;
    let right = found.iter().filter(|risk| truth.iter().any(|other| same(other, risk))).count() as u64;
    ExposureScore { recall: share(named, truth.len() as u64), precision: share(right, found.len() as u64) }
}

/// Whether two risks are one. The truth names a share with its server; logs write `\\*\share` or the
/// bare name, and a tool may leave it at that.
fn same(truth: &Key, found: &Key) -> bool {
    let name = found.1.strip_prefix(r"\\*\").unwrap_or(&found.1);
    let without_server = found.0 == Exposed::Share && !name.contains('\\');
    let names = truth.1 == name || (without_server && truth.1.rsplit('\\').next() == Some(name));
    (truth.0, truth.2) == (found.0, found.2) && names
}

/// `part` of `whole`; nought of nothing.
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn risk(what: Exposed, name: &str, how: ExposureKind) -> Risk {
        Risk { what, name: name.to_owned(), how }
    }

    #[test]
    fn a_share_may_be_named_without_its_server() {
        let truth = [
            risk(Exposed::Share, r"\\FS01\Rolls", ExposureKind::Read),
            risk(Exposed::Mailbox, "A.Person@x.example", ExposureKind::Taken),
        ];
        let found = [
            risk(Exposed::Share, r"\\*\rolls", ExposureKind::Read),
            risk(Exposed::Mailbox, "a.person@x.example", ExposureKind::Read),
        ];
        let result = exposure(&truth, &found);
        assert_eq!((result.recall, result.precision), (0.5, 0.5));
        let other = [risk(Exposed::Share, r"\\NAS01\Rolls", ExposureKind::Read)];
        assert_eq!(exposure(&truth, &other).recall, 0.0);
        assert_eq!(exposure(&truth, &truth).recall, 1.0);
        assert_eq!(exposure(&truth, &[]).precision, 0.0);
    }
}
