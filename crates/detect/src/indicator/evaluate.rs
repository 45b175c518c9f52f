//! STIX comparisons that a look-up cannot answer, evaluated on the fields of one event.
//!
//! An event is one observation. `data/stix-paths.toml` says which of its fields hold what an object
//! path speaks of; a comparison holds when it holds for any of them.

use std::net::IpAddr;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use ipnet::IpNet;
use model::{Event, Kind, Matched, Time};
use regex::Regex;
use rstix::pattern::compile_matches_regex;
use rustc_hash::FxHashMap;
use serde::Deserialize;

use crate::pattern::Pattern;
use crate::rule::{Node, Test as RuleTest};
use crate::witness::{Atom, Uses, witness};

/// What a STIX object path means in an event.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Path {
    pub(super) fields: Vec<String>,
    #[serde(default)]
    part: Share,
}

/// Which share of a field's value a path means.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Share {
    #[default]
    Whole,
    Name,
    Folder,
    Word,
    Account,
    Key,
}

static PATHS: LazyLock<FxHashMap<String, Path>> =
    LazyLock::new(|| toml::from_str(include_str!("../../data/stix-paths.toml")).unwrap_or_default());

impl Path {
    /// The fields for `path`, written `type:property.property` without list indices.
    pub(super) fn of(path: &str) -> Option<(&'static str, &'static Self)> {
        PATHS.get_key_value(path).map(|(path, meaning)| (path.as_str(), meaning))
    }

    /// Whether it means a registry key, whose hives have several names.
    pub(super) fn is_key(&self) -> bool {
        self.part == Share::Key
    }

    /// Whether `test` holds for any share of `value` that this path means.
    pub(super) fn any(&self, value: &str, mut test: impl FnMut(&str) -> bool) -> bool {
        let (folder, name) = split_name(value);
        match self.part {
            Share::Whole => test(value.trim()),
            Share::Name => test(name),
            Share::Folder => test(folder),
            Share::Word => test(value) || value.split(|c: char| BREAKS.contains(c)).any(test),
            Share::Account => test(value) || test(name),
            Share::Key => keys(value).iter().any(|key| test(key) || test(split_name(key).0)),
        }
    }
}

const BREAKS: &str = " \t\r\n,;\"'<>()[]{}=|";

/// What precedes and what follows the last slash or backslash.
pub(super) fn split_name(value: &str) -> (&str, &str) {
    value.rfind(['\\', '/']).map_or(("", value), |at| (&value[..at], &value[at + 1..]))
}

/// A registry key as it stands, and with the hive's name written out or cut short.
pub(super) fn keys(value: &str) -> Vec<String> {
    const HIVES: [(&str, &str); 5] = [
        ("HKLM\\", "HKEY_LOCAL_MACHINE\\"),
        ("HKCU\\", "HKEY_CURRENT_USER\\"),
        ("HKU\\", "HKEY_USERS\\"),
        ("HKCR\\", "HKEY_CLASSES_ROOT\\"),
        ("\\REGISTRY\\MACHINE\\", "HKEY_LOCAL_MACHINE\\"),
    ];
    let mut out = vec![value.to_owned()];
    for (short, long) in HIVES {
        for (from, to) in [(short, long), (long, short)] {
            if value.get(..from.len()).is_some_and(|start| start.eq_ignore_ascii_case(from)) {
                out.push(format!("{to}{}", &value[from.len()..]));
            }
        }
    }
    out
}

/// Comparisons joined by AND and OR.
#[derive(Debug)]
pub(super) enum Tree {
    All(Vec<Self>),
    Any(Vec<Self>),
    Test(Test),
}

/// One comparison.
#[derive(Debug)]
pub(super) struct Test {
    /// As it stands in the pattern.
    pub(super) wanted: String,
    pub(super) path: &'static Path,
    pub(super) op: Op,
    pub(super) negated: bool,
}

/// A constant of a comparison.
#[derive(Clone, Debug)]
pub(super) enum Constant {
    Text(String),
    Number(f64),
    Bool(bool),
    Time(Time),
}

/// What is asked of a value.
#[derive(Debug)]
pub(super) enum Op {
    /// It is one of these.
    In(Vec<Constant>),
    /// It stands to the constant in one of these orders.
    Order(&'static [std::cmp::Ordering], Constant),
    /// The expression matches in it.
    Fits(Regex),
    /// It is an address or network within this one.
    Within(IpNet),
    /// It is a network that holds this one.
    Holds(IpNet),
    /// It is there.
    Exists,
}

impl Op {
    /// `LIKE`: `%` stands for any characters, `_` for one.
    pub(super) fn like(text: &str) -> Result<Self, String> {
        let mut expression = String::from("(?i)^");
        for c in text.chars() {
            match c {
                '%' => expression.push_str(".*"),
                '_' => expression.push('.'),
                c => expression.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
            }
        }
        expression.push('$');
        Self::matches(&expression)
    }

    /// `MATCHES`.
    pub(super) fn matches(expression: &str) -> Result<Self, String> {
        compile_matches_regex(expression).map(Self::Fits).map_err(|error| error.to_string())
    }

    fn holds(&self, value: &str) -> bool {
        match self {
            Self::In(constants) => constants.iter().any(|constant| constant.equals(value)),
            Self::Order(orders, constant) => {
                constant.order(value).is_some_and(|order| orders.contains(&order))
            }
            Self::Fits(regex) => regex.is_match(value),
            Self::Within(net) => network(value).is_some_and(|inner| net.contains(&inner)),
            Self::Holds(net) => network(value).is_some_and(|outer| outer.contains(net)),
            Self::Exists => true,
        }
    }
}

/// An address or a network, an address being the network of itself.
pub(super) fn network(text: &str) -> Option<IpNet> {
    let text = text.trim();
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address.to_canonical().into());
    }
    text.parse::<IpNet>().ok().map(|net| net.trunc())
}

impl Constant {
    fn equals(&self, value: &str) -> bool {
        match self {
            Self::Text(text) if text.eq_ignore_ascii_case(value) => true,
            Self::Text(text) => match (network(text), network(value)) {
                (Some(net), Some(inner)) => net.contains(&inner),
                _ => false,
            },
            Self::Bool(wanted) => value.eq_ignore_ascii_case(if *wanted { "true" } else { "false" }),
            _ => self.order(value) == Some(std::cmp::Ordering::Equal),
        }
    }

    /// How `value` stands to the constant; `None` where they cannot be compared.
    fn order(&self, value: &str) -> Option<std::cmp::Ordering> {
        match self {
            Self::Number(wanted) => number(value)?.partial_cmp(wanted),
            Self::Time(wanted) => Some(Time::parse(value).ok()?.cmp(wanted)),
            Self::Text(wanted) => match (number(value), number(wanted)) {
                (Some(value), Some(wanted)) => value.partial_cmp(&wanted),
                _ => Some(value.cmp(wanted.as_str())),
            },
            Self::Bool(_) => None,
        }
    }
}

fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok().map(|value| value as f64),
        None => text.parse::<f64>().ok().filter(|value| value.is_finite()),
    }
}

impl Tree {
    /// Whether it holds on `event`; what made it hold goes to `matched`.
    pub(super) fn holds(&self, event: &Event, matched: &mut Vec<Matched>) -> bool {
        match self {
            Self::All(trees) => trees.iter().all(|tree| tree.holds(event, matched)),
            Self::Any(trees) => trees.iter().any(|tree| {
                let before = matched.len();
                let holds = tree.holds(event, matched);
                if !holds {
                    matched.truncate(before);
                }
                holds
            }),
            Self::Test(test) => test.holds(event, matched),
        }
    }

    /// Literals of which the event's text holds at least one whenever this holds; `None` where
    /// there are no such.
    fn literals(&self) -> Option<Vec<String>> {
        match self {
            Self::All(trees) => trees
                .iter()
                .filter_map(Self::literals)
                .max_by_key(|literals| literals.iter().map(String::len).min().unwrap_or(0)),
            Self::Any(trees) => {
                trees.iter().map(Self::literals).collect::<Option<Vec<_>>>().map(|all| all.concat())
            }
            Self::Test(test) => test.literals(),
        }
    }
}

impl Test {
    fn holds(&self, event: &Event, matched: &mut Vec<Matched>) -> bool {
        let found = event.fields().find(|(name, value)| {
            value.kind != Kind::Null
                && self.path.fields.iter().any(|field| field == name)
                && self.path.any(value.text, |share| self.op.holds(share)) != self.negated
        });
        if let Some((field, value)) = found {
            matched.push(Matched {
                field: field.to_owned(),
                value: value.text.to_owned(),
                wanted: self.wanted.clone(),
            });
        }
        found.is_some()
    }

    fn literals(&self) -> Option<Vec<String>> {
        const SHORTEST: usize = 3;
        match &self.op {
            _ if self.negated => None,
            Op::In(constants) => constants
                .iter()
                .map(|constant| match constant {
                    // Addresses can be written in several ways, hives too.
                    Constant::Text(text)
                        if network(text).is_none()
                            && self.path.part != Share::Key
                            && text.len() >= SHORTEST =>
                    {
                        Some(text.to_ascii_lowercase())
                    }
                    _ => None,
                })
                .collect(),
            Op::Fits(_) if self.path.part == Share::Key => None,
            Op::Fits(regex) => {
                let pattern = Pattern::Regex(format!("(?s){}", regex.as_str()));
                let node = Node::Test(RuleTest { field: None, any: vec![pattern] });
                let atoms = witness(&node, &Uses::default())?;
                atoms
                    .into_iter()
                    .map(|atom| match atom {
                        Atom::Literal { text, .. } if text.len() >= SHORTEST => Some(text),
                        _ => None,
                    })
                    .collect()
            }
            _ => None,
        }
    }
}

/// Every tree, and which of them an event could fulfil.
#[derive(Debug, Default)]
pub(super) struct Trees {
    trees: Vec<Tree>,
    searcher: Option<AhoCorasick>,
    /// Literal → trees.
    of_literal: Vec<Vec<u32>>,
    /// Trees without a literal.
    always: Vec<u32>,
}

impl Trees {
    /// Takes the trees, which are then known by their place.
    pub(super) fn new(trees: Vec<Tree>) -> Self {
        let mut places: FxHashMap<String, usize> = FxHashMap::default();
        let mut literals: Vec<String> = Vec::new();
        let mut out = Self::default();
        for (place, tree) in trees.iter().enumerate() {
            let Some(found) = tree.literals().filter(|found| !found.is_empty()) else {
                out.always.push(place as u32);
                continue;
            };
            for literal in found {
                let at = *places.entry(literal).or_insert_with_key(|literal| {
                    literals.push(literal.clone());
                    out.of_literal.push(Vec::new());
                    literals.len() - 1
                });
                out.of_literal[at].push(place as u32);
            }
        }
        if !literals.is_empty() {
            out.searcher = AhoCorasick::builder().ascii_case_insensitive(true).build(&literals).ok();
            if out.searcher.is_none() {
                out.always = (0..trees.len() as u32).collect();
            }
        }
        out.trees = trees;
        out
    }

    /// Calls `found` with every tree that holds on `event`, in order.
    pub(super) fn look(&self, event: &Event, mut found: impl FnMut(usize, Vec<Matched>)) {
        if self.trees.is_empty() {
            return;
        }
        let mut places = self.always.clone();
        let mut seen = Vec::new();
        if let Some(searcher) = &self.searcher {
            for hit in searcher.find_overlapping_iter(event.text()) {
                let literal = hit.pattern().as_usize();
                if seen.is_empty() {
                    seen.resize(self.of_literal.len(), false);
                }
                if !std::mem::replace(&mut seen[literal], true) {
                    places.extend(&self.of_literal[literal]);
                }
            }
        }
        places.sort_unstable();
        places.dedup();
        for place in places {
            let mut matched = Vec::new();
            if self.trees[place as usize].holds(event, &mut matched) {
                found(place as usize, matched);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_paths_can_be_read_and_names_every_field_once() {
        assert!(PATHS.len() > 40, "{}", PATHS.len());
        for (path, entry) in PATHS.iter() {
            assert!(path.contains(':') && !entry.fields.is_empty(), "{path}");
            let mut fields = entry.fields.clone();
            fields.sort_unstable();
            fields.dedup();
            assert_eq!(fields.len(), entry.fields.len(), "{path}");
        }
    }

    #[test]
    fn a_path_means_a_share_of_the_value() {
        let holds = |path: &str, value: &str, wanted: &str| {
            Path::of(path).unwrap().1.any(value, |share| share.eq_ignore_ascii_case(wanted))
        };
        assert!(holds("process:name", r"C:\Windows\cmd.exe", "CMD.EXE"));
        assert!(holds("directory:path", r"C:\Windows\cmd.exe", r"C:\Windows"));
        assert!(holds("file:hashes", "MD5=AB,SHA256=CD", "cd"));
        assert!(holds("user-account:user_id", r"CORP\ann", "ann"));
        assert!(holds(
            "windows-registry-key:key",
            r"HKLM\Software\Run\Evil",
            r"HKEY_LOCAL_MACHINE\Software\Run"
        ));
        assert!(!holds("process:command_line", "cmd /c x", "cmd"));
    }

    #[test]
    fn a_literal_stands_in_all_that_can_match() {
        let (_, path) = Path::of("process:command_line").unwrap();
        let test = |op| Test { wanted: String::new(), path, op, negated: false };
        assert_eq!(test(Op::like("%Evil_thing%").unwrap()).literals(), Some(vec!["thing".to_owned()]));
        assert_eq!(test(Op::like("%_%").unwrap()).literals(), None);
        assert_eq!(test(Op::Exists).literals(), None);
    }
}
