use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Time;

/// Which piece of evidence: the file by its place in the sorted list of inputs, and the member by
/// the order in which the file yields it. 0 is the file itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EvidenceId {
    /// Place of the file among the inputs.
    pub file: u32,
    /// Place of the member within the file, depth first.
    pub member: u32,
}

/// A file, container member or mailbox as it was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The path as given on the command line, and `!member` for each container it lies in.
    pub path: String,
    /// SHA-256 of the bytes, in lower-case hexadecimal; empty where they could not be read.
    pub sha256: String,
    /// What it was recognised as: `evtx`, `w3c`, `zip`, ... or `unknown`.
    pub format: String,
    /// Size in bytes.
    pub size: u64,
    /// How many records were read from it (not from its members).
    pub records: u64,
    /// Time of its earliest record.
    pub first: Option<Time>,
    /// Time of its latest record.
    pub last: Option<Time>,
    /// What had to be assumed to read it, such as a time zone or a year.
    #[serde(default)]
    pub assumed: Vec<String>,
    /// What could not be read, with its place; the first hundred.
    #[serde(default)]
    pub problems: Vec<Problem>,
    /// How many problems there were in all.
    #[serde(default)]
    pub problems_total: u64,
}

impl Evidence {
    /// How many problems are kept by the word; the rest are counted.
    pub const MAX_PROBLEMS: usize = 100;

    /// Notes a problem.
    pub fn problem(&mut self, problem: Problem) {
        self.problems_total += 1;
        if self.problems.len() < Self::MAX_PROBLEMS {
            self.problems.push(problem);
        }
    }

    /// Widens the time range to `time`.
    pub fn saw(&mut self, time: Option<Time>) {
        if let Some(time) = time {
            self.first = Some(self.first.map_or(time, |first| first.min(time)));
            self.last = Some(self.last.map_or(time, |last| last.max(time)));
        }
    }
}

/// Where in a piece of evidence something lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// The whole of it.
    Whole,
    /// From this byte on.
    Offset(u64),
    /// A line, counted from 1.
    Line(u64),
    /// A record, by its format's number.
    Record(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.write_str("as a whole"),
            Self::Offset(offset) => write!(f, "at byte {offset}"),
            Self::Line(line) => write!(f, "in line {line}"),
            Self::Record(record) => write!(f, "in record {record}"),
        }
    }
}

/// Something in a piece of evidence that could not be read, or not fully.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What was wrong, and what was done about it.
    pub what: String,
}

impl Problem {
    /// A problem at `place`.
    pub fn new(place: Place, what: impl Into<String>) -> Self {
        Self { place, what: what.into() }
    }
}

/// All that a hunt was given and how it was read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the program.
    pub program: String,
    /// SHA-256 over every loaded rule, placeholder and indicator.
    pub rules_sha256: String,
    /// How many rules were loaded.
    pub rules: u64,
    /// Every option that has an influence on the result.
    pub settings: Settings,
    /// Every file and member, in order.
    pub evidence: Vec<Evidence>,
    /// Paths below the inputs that could not be read at all, with the reason.
    pub unreadable: BTreeMap<String, String>,
}

/// Option name → value, as text; what is at its default stands there too.
pub type Settings = BTreeMap<String, String>;
