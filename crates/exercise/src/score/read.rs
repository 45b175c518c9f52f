//! Reads `truth.json`, `findings.jsonl` and `case.json`.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use model::{Case, Level, Time};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{Score, ScoredCase, ScoredFinding, Tally};
use crate::ExerciseError;
use crate::truth::{Mailings, Risk, Truth};

/// Findings with this tag call a mail reconnaissance.
const RECONNAISSANCE: &str = "portcullis.verdict.reconnaissance";

/// A line of `findings.jsonl`, as far as scoring reads it. What another tool adds is passed over.
#[derive(Deserialize)]
struct Line {
    level: Level,
    #[serde(default)]
    time: Option<Time>,
    #[serde(default)]
    incident: Option<String>,
    #[serde(default)]
    evidence: Option<Place>,
    #[serde(default)]
    events: Vec<Event>,
    #[serde(default)]
    rule: Option<Rule>,
}

/// The rule as an object, or its name alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Rule {
    Object {
        #[serde(default)]
        tags: Vec<String>,
    },
    Other(serde::de::IgnoredAny),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Place {
    Path(String),
    Object {
        path: String,
        #[serde(default)]
        record: Option<u64>,
    },
}

#[derive(Deserialize)]
struct Event {
    evidence: Place,
    #[serde(default)]
    record: Option<u64>,
}

/// Scores the findings in `findings`, one JSON object a line, against `dir/truth.json`.
///
/// A line needs `level`, and `evidence.path` with `evidence.record`; a correlation lists further
/// records in `events`, each with `evidence` (a path, or an object with `path`) and `record`. Paths
/// may begin with anything that ends in a folder `evidence`. `case` is the `case.json` of a hunt;
/// without it there is no exposure, and the first moment is that of the main incident's findings.
pub fn score_files(dir: &Path, findings: &Path, case: Option<&Path>) -> Result<Score, ExerciseError> {
    let truth: Truth = json(dir.join("truth.json"))?;
    let case = case.map(json::<Case>).transpose()?.map(|case| scored(&case));
    let mut tally = Tally::new(&truth);
    let file = File::open(findings).map_err(ExerciseError::io(findings))?;
    for (number, line) in BufReader::new(file).lines().enumerate() {
        let line = line.map_err(ExerciseError::io(findings))?;
        if line.trim().is_empty() {
            continue;
        }
        let line: Line = serde_json::from_str(&line).map_err(|source| ExerciseError::Json {
            path: findings.to_owned(),
            line: number as u64 + 1,
            source,
        })?;
        tally.add(&finding(line));
    }
    let mailings = mailings(&dir.join("mailings.jsonl"))?;
    Ok(tally.finish(&truth, case.as_ref(), &mailings))
}

fn json<T: DeserializeOwned>(path: impl AsRef<Path>) -> Result<T, ExerciseError> {
    let path = path.as_ref();
    let text = fs::read(path).map_err(ExerciseError::io(path))?;
    serde_json::from_slice(&text).map_err(|source| ExerciseError::Json {
        path: path.to_owned(),
        line: source.line() as u64,
        source,
    })
}

fn scored(case: &Case) -> ScoredCase {
    let main = case.incidents.first();
    let exposure = main.map(|main| main.exposure.as_slice()).unwrap_or_default();
    ScoredCase {
        incidents: case.incidents.len() as u64,
        first: main.and_then(|main| main.first),
        exposure: exposure
            .iter()
            .map(|risk| Risk { what: risk.what, name: risk.name.clone(), how: risk.how })
            .collect(),
    }
}

/// Which mailing each message belongs to; nothing where no mailboxes were staged.
fn mailings(path: &Path) -> Result<Vec<Mailings>, ExerciseError> {
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let file = File::open(path).map_err(ExerciseError::io(path))?;
    let mut all = Vec::new();
    for (number, line) in BufReader::new(file).lines().enumerate() {
        let line = line.map_err(ExerciseError::io(path))?;
        all.push(serde_json::from_str(&line).map_err(|source| ExerciseError::Json {
            path: path.to_owned(),
            line: number as u64 + 1,
            source,
        })?);
    }
    Ok(all)
}

fn finding(line: Line) -> ScoredFinding {
    let reconnaissance = match &line.rule {
        Some(Rule::Object { tags }) => tags.iter().any(|tag| tag == RECONNAISSANCE),
        _ => false,
    };
    let own = line.evidence.into_iter().map(|place| (place, None));
    let counted = line.events.into_iter().map(|event| (event.evidence, event.record));
    let records = own
        .chain(counted)
        .filter_map(|(place, record)| {
            let (path, inner) = match place {
                Place::Path(path) => (path, None),
                Place::Object { path, record } => (path, record),
            };
            Some((below_evidence(&path), record.or(inner)?))
        })
        .collect();
    ScoredFinding { level: line.level, records, time: line.time, incident: line.incident, reconnaissance }
}

/// The part of a path below the evidence folder.
fn below_evidence(path: &str) -> String {
    let (outer, members) = path.split_at(path.find('!').unwrap_or(path.len()));
    let outer = outer.replace('\\', "/");
    let folder = "evidence/";
    let below = match outer.rfind("/evidence/") {
        Some(at) => &outer[at + 1 + folder.len()..],
        None => outer.strip_prefix(folder).unwrap_or(outer.trim_start_matches("./")),
    };
    format!("{below}{members}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_taken_from_the_evidence_folder_on() {
        for path in [
            "/tmp/x/evidence/EX/a.zip!b.log",
            "evidence/EX/a.zip!b.log",
            "./EX/a.zip!b.log",
            "EX/a.zip!b.log",
        ] {
            assert_eq!(below_evidence(path), "EX/a.zip!b.log", "{path}");
        }
        assert_eq!(below_evidence("out\\evidence\\EX\\a.log"), "EX/a.log");
    }

    #[test]
    fn lines_of_other_tools_are_read() {
        let line = r#"{"level":"high","tool":"x","evidence":{"path":"evidence/a","record":3,"sha256":"00"},
            "events":[{"evidence":{"path":"evidence/a"},"record":1,"time":null},{"evidence":"evidence/b","record":2}]}"#;
        let read = finding(serde_json::from_str(line).unwrap());
        assert_eq!(read.records, [("a".to_owned(), 3), ("a".to_owned(), 1), ("b".to_owned(), 2)]);
    }
}
