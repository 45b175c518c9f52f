use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{EventRef, Level, Manifest, Time};

/// The answer of one hunt: what happened, since when, and what is exposed. Written as `case.json`,
/// the hand-over to later commands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// Version of this shape; 1 now. Readers refuse a higher one.
    pub schema: u32,
    /// When the intrusion was detected: as given, else the last record of the evidence.
    pub detected: Option<Time>,
    /// Whether `detected` was given rather than taken from the evidence.
    pub detected_given: bool,
    /// Findings by level, suppressed ones left out.
    pub findings: BTreeMap<Level, u64>,
    /// Suppressed findings by the reason that the suppression file gives.
    pub suppressed: BTreeMap<String, u64>,
    /// Findings by rule: id → title, level and count.
    pub rules: BTreeMap<String, RuleCount>,
    /// What belongs together, what matters most first.
    pub incidents: Vec<Incident>,
    /// Findings by day and host, for the chart of activity.
    pub activity: Vec<Activity>,
    /// Spans without records where a source usually has some, those that matter most first.
    pub gaps: Vec<Gap>,
    /// What the reader of this answer should know of how it was made: bounds that were reached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What was read, and how.
    pub manifest: Manifest,
}

/// How often one rule held.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuleCount {
    /// Title of the rule.
    pub title: String,
    /// Its level.
    pub level: Level,
    /// Its author.
    pub author: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// Findings.
    pub count: u64,
}

/// Findings of one day on one host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Activity {
    /// Days since 1970-01-01 in UTC.
    pub day: i64,
    /// Host, or `unknown`.
    pub host: String,
    /// The highest level of the day.
    pub level: Level,
    /// How many findings.
    pub count: u64,
}

/// Findings that belong together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// Stable: a hash of the id of its first finding.
    pub id: String,
    /// One line of what it is.
    pub title: String,
    /// The highest level within.
    pub level: Level,
    /// How much it matters against the others; only the order has a meaning.
    pub score: u64,
    /// Time of its first finding.
    pub first: Option<Time>,
    /// Time of its last finding.
    pub last: Option<Time>,
    /// Whole days from the first finding to the detection; `None` where either is unknown.
    pub dwell_days: Option<i64>,
    /// How many findings it holds, by level.
    pub findings: BTreeMap<Level, u64>,
    /// Hosts.
    pub hosts: Vec<Touched>,
    /// Accounts.
    pub accounts: Vec<Touched>,
    /// Mailboxes.
    pub mailboxes: Vec<Touched>,
    /// Network addresses from which or to which it went, names of machines outside, and mail
    /// addresses to which mail was led.
    pub addresses: Vec<Touched>,
    /// Files.
    pub files: Vec<Touched>,
    /// What was done, by ATT&CK tactic, in order of time.
    pub stages: Vec<Stage>,
    /// The ten findings that matter most, and why.
    pub key: Vec<KeyFinding>,
    /// The first trace on which a person could have acted.
    pub first_actionable: Option<KeyFinding>,
    /// Why these findings stand together.
    pub links: Vec<Link>,
    /// What it put at risk.
    pub exposure: Vec<Exposure>,
    /// Spans within it for which evidence is missing, as indexes into [`Case::gaps`].
    pub gaps: Vec<u32>,
}

/// A host, account, mailbox, address or file that an incident touched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touched {
    /// Its name.
    pub name: String,
    /// First time.
    pub first: Option<Time>,
    /// Last time.
    pub last: Option<Time>,
    /// How many findings name it.
    pub findings: u64,
}

/// One ATT&CK tactic of an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// The tactic as ATT&CK names it, such as `initial-access`.
    pub tactic: String,
    /// First time.
    pub first: Option<Time>,
    /// Last time.
    pub last: Option<Time>,
    /// Techniques seen, such as `T1190`, with the number of findings.
    pub techniques: BTreeMap<String, u64>,
    /// How many findings.
    pub findings: u64,
}

/// A finding that a person should look at, in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyFinding {
    /// The finding's id.
    pub finding: String,
    /// When.
    pub time: Option<Time>,
    /// Level.
    pub level: Level,
    /// The rule's title.
    pub title: String,
    /// The rule's author.
    pub author: String,
    /// What it is about: host, account and what was done, in one line.
    pub what: String,
    /// Why it was chosen.
    pub why: String,
    /// Where it lies.
    pub event: EventRef,
}

/// A value that findings of one incident share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// `host`, `account`, `mailbox`, `address`, `process`, `session`, `file`, `share`, `time`
    /// (different tactics on one host, close together) or `record` (two rules on one record).
    pub kind: String,
    /// The shared value.
    pub value: String,
    /// How telling it is at its best: towards 100 for a rare value of a telling kind, towards 0 for
    /// one that everything has. Links whose weights add up to 50 join.
    pub weight: u32,
    /// How many findings share it.
    pub findings: u64,
}

/// What the actor could do to a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExposureKind {
    /// Held the rights to read it, without a trace that it was read.
    CouldRead,
    /// Read it.
    Read,
    /// Took it out.
    Taken,
}

/// What kind of thing was put at risk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Exposed {
    /// An account: its secrets, and what it may reach.
    Account,
    /// A mailbox.
    Mailbox,
    /// A file share.
    Share,
    /// A file.
    File,
}

/// Says, in a rule's `portcullis.exposes`, which fields name what the event put at risk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measure {
    /// What kind of thing.
    pub what: Exposed,
    /// What could be done to it.
    pub how: ExposureKind,
    /// The fields whose values name it; the first that has a value counts.
    pub fields: Vec<String>,
}

/// One thing that an incident put at risk, with the evidence for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exposure {
    /// What kind of thing.
    pub what: Exposed,
    /// Its name.
    pub name: String,
    /// The worst that was done to it.
    pub how: ExposureKind,
    /// First time.
    pub first: Option<Time>,
    /// Last time.
    pub last: Option<Time>,
    /// Ids of the findings that show it, in order of time; the first ten.
    pub findings: Vec<String>,
    /// How many findings show it.
    pub findings_total: u64,
}

/// A span without records in a source that has some before and after.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Gap {
    /// The host and the kind of log, such as `EX01 w3c`.
    pub source: String,
    /// The last record before it.
    pub from: Time,
    /// The first record after it.
    pub until: Time,
    /// Whole days without a record.
    pub days: i64,
    /// Records on a usual day of this source, to judge how much is missing.
    #[serde(default)]
    pub usual: u64,
}
