use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{EvidenceId, Facts, Level, Time};

/// What kind of judgement led to a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FindingKind {
    /// A Sigma rule held on one event.
    Rule,
    /// A Sigma correlation held on several events.
    Correlation,
    /// A STIX or plain indicator matched one event.
    Indicator,
}

/// What a finding must say of the rule that made it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RuleInfo {
    /// The rule's UUID, or `name:` and its title where it has none.
    pub id: String,
    /// Title.
    pub title: String,
    /// Level; a rule without one counts as medium.
    pub level: Option<Level>,
    /// Tags such as `attack.t1190`, mapped to the ATT&CK version of the table.
    pub tags: Vec<String>,
    /// Author, as the Detection Rule License asks for it.
    pub author: String,
    /// The file it was read from, or `builtin/…`.
    pub source: String,
    /// What it looks for.
    pub description: String,
    /// What else may cause it.
    pub falsepositives: Vec<String>,
    /// Where to read more.
    pub references: Vec<String>,
    /// For `exposes:` of our rules: what the event put at risk. Empty for others.
    pub exposes: Vec<crate::Measure>,
}

/// A fact that made a rule hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Matched {
    /// Field name; empty for a keyword.
    pub field: String,
    /// The value that was found.
    pub value: String,
    /// What the rule asked for, such as `endswith \w3wp.exe`.
    pub wanted: String,
}

/// One event that a correlation counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EventRef {
    /// When.
    pub time: Option<Time>,
    /// In which evidence.
    pub evidence: EvidenceId,
    /// Which record.
    pub record: u64,
    /// The record's place in order of reading, which is unique where `record` may not be.
    pub seq: u64,
}

/// The span in time over which a correlation held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Its first event.
    pub first: Time,
    /// Its last event.
    pub last: Time,
}

/// The values by which a correlation was grouped.
pub type Group = Vec<(String, String)>;

/// A rule that held on one event or on a correlated set.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Stable: a hash of rule, evidence, record and (for correlations) group and window.
    pub id: String,
    /// What kind of judgement it was.
    pub kind: FindingKind,
    /// When the event happened; of a correlation, its last one.
    pub time: Option<Time>,
    /// How much it matters.
    pub level: Level,
    /// The rule.
    pub rule: Arc<RuleInfo>,
    /// Where the event lies; of a correlation, its last one.
    pub event_ref: EventRef,
    /// The event's fields; of a correlation, those of its last event.
    pub event: Facts,
    /// The facts that made it hold.
    pub matched: Vec<Matched>,
    /// The events that a correlation counted, in order; capped.
    pub events: Vec<EventRef>,
    /// How many events a correlation counted.
    pub events_total: u64,
    /// The span of a correlation.
    pub window: Option<Window>,
    /// The group of a correlation.
    pub group: Group,
}

impl Finding {
    /// The first value of an event field.
    pub fn get(&self, field: &str) -> Option<&str> {
        self.event.get(field)
    }
}
