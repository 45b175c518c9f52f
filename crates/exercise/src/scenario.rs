//! Scenarios as data: phases, streams, volumes, archives.

use jiff::civil::Date;
use serde::Deserialize;

use crate::ExerciseError;
use crate::calendar::Rhythm;

/// One line about a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScenarioInfo {
    /// What it is called by.
    pub name: String,
    /// What it stages.
    pub title: String,
}

const COMMISSION: &str = include_str!("../../../exercises/commission.toml");

/// A staged incident as `exercises/NAME.toml` describes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    pub name: String,
    pub title: String,
    /// First day of the evidence.
    pub begin: Date,
    /// The day after the last one.
    pub end: Date,
    /// The day on which the organisation noticed.
    pub detected: Date,
    /// How many people work there.
    pub people: usize,
    /// Days on which few work.
    pub holidays: Vec<Date>,
    pub gap: Vec<MissingLogs>,
    pub archive: Vec<Archive>,
    pub stream: Vec<StreamSpec>,
    pub phase: Vec<Phase>,
}

/// A span for which a stream has no records.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MissingLogs {
    pub stream: String,
    /// First missing day.
    pub from: Date,
    /// Last missing day.
    pub until: Date,
}

/// Files that are packed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Archive {
    pub streams: Vec<String>,
    /// The month, such as `2021-11`.
    pub month: String,
    #[serde(rename = "as")]
    pub kind: Packing,
    /// Path of the archive; for `gzip` the member's own with `.gz` added.
    pub path: Option<String>,
}

/// How files are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Packing {
    Zip,
    Gzip,
    TarZst,
}

/// How the records of a stream are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Shape {
    Evtx,
    Lines,
    W3c,
    HttpProxy,
    Tracking,
    JsonArray,
    /// CloudTrail's object with a list of records.
    Trail,
    /// Unified audit export as JSON lines.
    AuditLines,
    /// Unified audit export as CSV with a column of JSON.
    AuditCsv,
    Mbox,
    Maildir,
    Csv,
}

impl Shape {
    /// The microseconds between two moments that the stream `id` of this shape can tell apart.
    pub(crate) fn resolution(self, id: &str) -> i64 {
        match self {
            Self::Evtx => 1,
            Self::W3c | Self::Mbox | Self::Maildir | Self::Trail | Self::AuditLines | Self::AuditCsv => {
                1_000_000
            }
            Self::Lines if matches!(id, "nas-smb" | "gw-mail") => 1_000_000,
            _ => 1000,
        }
    }
}

/// How long one file of a stream runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Every {
    Day,
    Month,
    Quarter,
    Whole,
}

/// A log of one host.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StreamSpec {
    pub id: String,
    /// Role of its host.
    pub host: String,
    pub shape: Shape,
    /// Path with `{host}` and `{period}`.
    pub path: String,
    pub every: Every,
    pub rhythm: Rhythm,
    /// Ordinary records at a scale of 1.
    pub records: u64,
    /// Months that this stream has alone, of several with one `id`.
    #[serde(default)]
    pub months: Vec<String>,
    /// Months that another stream with the same `id` has.
    #[serde(default)]
    pub other_months: Vec<String>,
    /// The share of the last file that is left of it, where it was torn.
    pub torn: Option<f64>,
}

/// A stretch of the intrusion.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Phase {
    pub name: String,
    /// By how many days at most it begins later than its steps say.
    #[serde(default)]
    pub later: u64,
    pub step: Vec<Step>,
}

/// Something that the intruder does.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    /// The technique.
    pub technique: String,
    /// The day, on which steps follow each other in their order.
    pub on: Date,
    /// The hour before which it does not begin; drawn for the first step of a day.
    #[serde(default)]
    pub after: i64,
    /// How much of it.
    #[serde(default = "one")]
    pub count: usize,
    /// A variant of the technique.
    #[serde(default)]
    pub variant: String,
    /// Whether it is staged.
    #[serde(default = "yes")]
    pub staged: bool,
}

const fn one() -> usize {
    1
}

const fn yes() -> bool {
    true
}

/// The names that scenarios draw from.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Names {
    pub forenames: Vec<String>,
    pub surnames: Vec<String>,
    pub regions: Vec<String>,
    pub tasks: Vec<[String; 2]>,
    pub departments: Vec<String>,
    pub streets: Vec<String>,
    pub towns: Vec<String>,
    pub outside_domains: Vec<String>,
    pub topics: Vec<String>,
    pub documents: Vec<String>,
    pub services: Vec<String>,
    pub tools: Vec<String>,
    pub pages: Vec<String>,
    pub file_hosts: Vec<String>,
}

impl Names {
    pub(crate) fn built_in() -> Result<Self, ExerciseError> {
        toml::from_str(include_str!("../../../exercises/names.toml"))
            .map_err(|error| ExerciseError::Data { file: "names.toml", what: error.to_string() })
    }
}

/// All scenarios.
pub(crate) fn all() -> Result<Vec<Scenario>, ExerciseError> {
    let commission = toml::from_str(COMMISSION)
        .map_err(|error| ExerciseError::Data { file: "commission.toml", what: error.to_string() })?;
    Ok(vec![commission])
}

/// The scenario called `name`.
pub(crate) fn named(name: &str) -> Result<Scenario, ExerciseError> {
    let scenarios = all()?;
    let names = scenarios.iter().map(|scenario| scenario.name.as_str());
    let known = names.chain([crate::alliance::NAME]).collect::<Vec<_>>().join(", ");
    scenarios
        .into_iter()
        .find(|scenario| scenario.name == name)
        .ok_or_else(|| ExerciseError::Unknown { name: name.to_owned(), known })
}
