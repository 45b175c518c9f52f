//! Rules as the engine evaluates them: modifiers applied, filters joined, names resolved.

use std::collections::BTreeMap;

use model::{Level, RuleInfo};
use serde::{Deserialize, Serialize};

use crate::pattern::{How, Pattern, fold};

/// A condition over the fields of one event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    AtLeast(u32, Vec<Node>),
    Test(Test),
}

/// Holds when any value of the field fits any of the patterns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Test {
    /// `None`: a keyword, which looks at every value.
    pub(crate) field: Option<String>,
    pub(crate) any: Vec<Pattern>,
}

/// Which records a rule is for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RuleSource {
    /// `logsource.product`.
    pub product: Option<String>,
    /// `logsource.category`.
    pub category: Option<String>,
    /// `logsource.service`.
    pub service: Option<String>,
}

impl std::fmt::Display for RuleSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts: Vec<&str> = [&self.product, &self.category, &self.service]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        f.write_str(if parts.is_empty() { "any" } else { "" })?;
        f.write_str(&parts.join(" / "))
    }
}

/// A detection rule, ready to be evaluated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// What findings say of it.
    pub info: RuleInfo,
    /// Its `name`, by which correlations may refer to it.
    pub name: Option<String>,
    /// The records it is for.
    pub logsource: RuleSource,
    /// Custom attribute `portcullis.door`, or the first folder of its path.
    pub door: String,
    /// Whether it makes findings of its own: not, when only correlations refer to it.
    pub reports: bool,
    /// Fields that correlations need of its events, in the order in which inputs carry them.
    pub inputs: Vec<String>,
    pub(crate) condition: Node,
}

impl Rule {
    /// Its level; rules without one count as medium.
    pub fn level(&self) -> Level {
        self.info.level.unwrap_or(Level::Medium)
    }

    /// The fields whose values the rule looks at, without repetition.
    pub fn fields(&self) -> Vec<&str> {
        fn walk<'a>(node: &'a Node, out: &mut Vec<&'a str>) {
            match node {
                Node::All(nodes) | Node::Any(nodes) | Node::AtLeast(_, nodes) => {
                    nodes.iter().for_each(|node| walk(node, out));
                }
                Node::Not(node) => walk(node, out),
                Node::Test(test) => out.extend(test.field.as_deref()),
            }
        }
        let mut out = Vec::new();
        walk(&self.condition, &mut out);
        out.sort_unstable();
        out.dedup();
        out
    }
}

/// How a correlation sums up the events of a window (Sigma correlation specification 2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Measure {
    EventCount,
    ValueCount,
    Temporal,
    TemporalOrdered,
    ValueSum,
    ValueAvg,
    ValuePercentile(u32),
    ValueMedian,
}

/// A bound on that sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Bound {
    Below(u64),
    AtMost(u64),
    Above(u64),
    AtLeast(u64),
    Equal(u64),
    Unequal(u64),
}

impl Bound {
    pub(crate) fn holds(self, value: f64) -> bool {
        match self {
            Self::Below(bound) => value < bound as f64,
            Self::AtMost(bound) => value <= bound as f64,
            Self::Above(bound) => value > bound as f64,
            Self::AtLeast(bound) => value >= bound as f64,
            Self::Equal(bound) => value == bound as f64,
            Self::Unequal(bound) => value != bound as f64,
        }
    }
}

/// What a window must fulfil.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Threshold {
    /// Every bound holds on the measure.
    Bounds(Vec<Bound>),
    /// A boolean expression over which of the rules were seen, by their place in `members`.
    Seen(Seen),
}

/// An extended temporal condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Seen {
    Rule(u32),
    All(Vec<Seen>),
    Any(Vec<Seen>),
    Not(Box<Seen>),
    AtLeast(u32, Vec<Seen>),
}

/// A rule or correlation that a correlation counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Member {
    pub(crate) target: Target,
    /// Which of the names under `rules` it goes by.
    pub(crate) place: u32,
    /// For each field of the group, and then for the measured field: its place in the inputs that
    /// the target carries.
    pub(crate) group: Vec<u32>,
    pub(crate) values: Vec<u32>,
}

/// What a name or id in a correlation refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Target {
    /// A detection rule, by its place.
    Rule(u32),
    /// A correlation, by its place.
    Correlation(u32),
}

/// A correlation rule, ready to be evaluated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Correlation {
    /// What findings say of it.
    pub info: RuleInfo,
    /// Its `name`.
    pub name: Option<String>,
    /// Custom attribute `portcullis.door`, or the first folder of its path.
    pub door: String,
    /// Whether it makes findings of its own.
    pub reports: bool,
    /// How many correlations lie beneath it; those with fewer are evaluated first.
    pub depth: u32,
    /// Group-by fields, by the names that findings show.
    pub group_by: Vec<String>,
    /// Fields that correlations above need of it.
    pub inputs: Vec<String>,
    /// The fields whose values it counts or sums.
    pub measured: Vec<String>,
    pub(crate) measure: Measure,
    pub(crate) members: Vec<Member>,
    /// Microseconds.
    pub(crate) span: i64,
    pub(crate) threshold: Threshold,
}

impl Correlation {
    /// Its level; rules without one count as medium.
    pub fn level(&self) -> Level {
        self.info.level.unwrap_or(Level::Medium)
    }

    /// What it counts.
    pub fn targets(&self) -> impl Iterator<Item = Target> {
        self.members.iter().map(|member| member.target)
    }
}

/// Every rule that was loaded, and every one that was not, with the reason.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RuleSet {
    /// Detection rules.
    pub rules: Vec<Rule>,
    /// Correlation rules; those that others build on come first.
    pub correlations: Vec<Correlation>,
    /// Rules that could not be loaded.
    pub rejected: Vec<Rejected>,
    /// Remarks, such as two rules with one id.
    pub remarks: Vec<Rejected>,
    /// Lower-case hexadecimal SHA-256 over every source and placeholder.
    pub sha256: String,
}

/// The id of the rule that [`RuleSet::add_mention`] adds.
pub const MENTION: &str = "mention";

impl RuleSet {
    /// Adds a rule that holds on every record with a value that holds `text`: the records that a
    /// focused hunt is about, whether or not any other rule holds on them.
    pub fn add_mention(&mut self, text: &str) {
        let contains = Pattern::Text { how: How::Contains, text: fold(text), cased: false };
        self.rules.push(Rule {
            info: RuleInfo {
                id: MENTION.to_owned(),
                title: format!("Names {text}"),
                level: Some(Level::Informational),
                author: "Portcullis".to_owned(),
                source: "focus".to_owned(),
                description: format!("The record names {text}, which this hunt is about."),
                ..RuleInfo::default()
            },
            name: None,
            logsource: RuleSource::default(),
            door: "focus".to_owned(),
            reports: true,
            inputs: Vec::new(),
            condition: Node::Test(Test { field: None, any: vec![contains] }),
        });
    }
}

/// A rule, or a file, that was not loaded, or something worth saying of one that was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejected {
    /// The file.
    pub source: String,
    /// The line, counted from 1, as near as it can be told.
    pub line: u32,
    /// Title, where it could be read.
    pub title: String,
    /// Why.
    pub reason: String,
}

/// Placeholder name → values, for the `expand` modifier.
pub type Placeholders = BTreeMap<String, Vec<String>>;
