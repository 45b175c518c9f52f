//! STIX comparisons that a look-up cannot answer, evaluated on the fields of one event.
//!
//! An event is one observation. `data/stix-paths.toml` says which of its fields hold what an object
//! path speaks of; a comparison holds when it holds for any of them. What could be looked up if it
//! stood alone is looked up here too, so that it means the same within AND.

use std::net::IpAddr;

use ipnet::IpNet;
use model::{Event, Kind, Matched, Time};

use crate::pattern::Pattern;
use crate::rule::{Node, Test as RuleTest};
use crate::witness::{Atom, Uses, witness};

use super::index::{Index, Key, Sought};
use super::path::{Scope, Share, speaks_of};
use super::text::{Expression, Like};

/// Comparisons joined by AND and OR.
#[derive(Debug)]
pub(super) enum Tree {
    All(Vec<Self>),
    Any(Vec<Self>),
    /// A value that stands somewhere in the event.
    Value(Sought),
    Test(Test),
}

/// One comparison.
#[derive(Debug)]
pub(super) struct Test {
    /// As it stands in the pattern.
    pub(super) wanted: String,
    pub(super) scope: Scope,
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
    Fits(Expression),
    /// It is like this from its beginning to its end.
    Like(Like),
    /// It is an address or network within this one.
    Within(IpNet),
    /// It is a network that holds this one.
    Holds(IpNet),
    /// It is there.
    Exists,
}

impl Op {
    fn holds(&self, value: &str) -> bool {
        match self {
            Self::In(constants) => constants.iter().any(|constant| constant.equals(value)),
            Self::Order(orders, constant) => {
                constant.order(value).is_some_and(|order| orders.contains(&order))
            }
            Self::Fits(expression) => expression.holds(value),
            Self::Like(like) => like.holds(value),
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
            Self::Value(sought) => {
                let mut found = None;
                let index = Index::new(vec![(0, sought.clone())]);
                index.look(event, &mut |_, fact| {
                    found.get_or_insert_with(fact);
                });
                let holds = found.is_some();
                matched.extend(found);
                holds
            }
            Self::Test(test) => test.holds(event, matched),
        }
    }

    /// What every event holds on which this holds; `None` where there is no such thing.
    pub(super) fn gates(&self) -> Option<Gates> {
        match self {
            Self::All(trees) => trees.iter().filter_map(Self::gates).min_by_key(|gates| gates.cost),
            Self::Any(trees) => {
                let mut out = Gates::default();
                for tree in trees {
                    let gates = tree.gates()?;
                    out.keys.extend(gates.keys);
                    out.literals.extend(gates.literals);
                    out.cost = out.cost.max(gates.cost);
                }
                Some(out)
            }
            Self::Value(sought) => {
                Some(Gates { cost: cost(&sought.key), keys: vec![sought.clone()], ..Gates::default() })
            }
            Self::Test(test) => {
                let literals = test.literals().filter(|literals| !literals.is_empty())?;
                let shortest = literals.iter().map(String::len).min().unwrap_or(0) as u32;
                Some(Gates { cost: 16_u32.saturating_sub(shortest), literals, ..Gates::default() })
            }
        }
    }
}

/// Values and literals of which an event must hold one for a tree to have a chance.
#[derive(Debug, Default)]
pub(super) struct Gates {
    pub(super) keys: Vec<Sought>,
    pub(super) literals: Vec<String>,
    /// How often they are likely to be seen; only the order has a meaning.
    cost: u32,
}

const fn cost(key: &Key) -> u32 {
    match key {
        Key::Address(_) | Key::Hash(_) | Key::Url(_) | Key::Email(_) | Key::Mac(_) => 0,
        Key::Domain(_) => 1,
        Key::Network(_) | Key::FileName(_) => 3,
        Key::Text(text) => {
            if text.len() < 6 {
                15
            } else {
                2
            }
        }
    }
}

impl Test {
    fn holds(&self, event: &Event, matched: &mut Vec<Matched>) -> bool {
        let meaning = self.scope.meaning;
        let mut stands = event.fields().filter(|(name, value)| {
            value.kind != Kind::Null && meaning.fields.iter().any(|field| field == name)
        });
        let found = match self.op {
            // Of an object that the event speaks of, a property that it does not tell.
            Op::Exists if self.negated => {
                let kind = self.scope.path.split(':').next().unwrap_or_default();
                let absent = stands.next().is_none();
                event
                    .fields()
                    .find(|(name, value)| absent && value.kind != Kind::Null && speaks_of(kind, name))
            }
            _ => stands
                .find(|(_, value)| meaning.any(value.text, |share| self.op.holds(share)) != self.negated),
        };
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
                            && self.scope.meaning.part != Share::Key
                            && text.len() >= SHORTEST =>
                    {
                        Some(text.to_ascii_lowercase())
                    }
                    _ => None,
                })
                .collect(),
            Op::Fits(_) | Op::Like(_) if self.scope.meaning.part == Share::Key => None,
            Op::Like(like) => Some(vec![like.literal()]).filter(|all| all[0].len() >= SHORTEST),
            Op::Fits(expression) => {
                let pattern = Pattern::Regex(format!("(?s){}", expression.text()));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_stands_in_all_that_can_match() {
        let scope = Scope::of("process:command_line").unwrap();
        let test = |op| Test { wanted: String::new(), scope, op, negated: false };
        assert_eq!(test(Op::Like(Like::new("%Evil_thing%"))).literals(), Some(vec!["thing".to_owned()]));
        assert_eq!(test(Op::Like(Like::new("%_%"))).literals(), None);
        assert_eq!(test(Op::Exists).literals(), None);
    }

    #[test]
    fn the_rarest_part_is_the_gate() {
        let value = |key| Tree::Value(Sought::from(key));
        let port = || value(Key::Text("443".to_owned()));
        let address = || value(Key::Address("185.1.2.3".parse().unwrap()));
        let gates = Tree::All(vec![port(), address()]).gates().unwrap();
        assert!(matches!(gates.keys[..], [Sought { key: Key::Address(_), .. }]));
        assert_eq!(Tree::Any(vec![port(), address()]).gates().unwrap().keys.len(), 2);
        assert!(Tree::All(Vec::new()).gates().is_none());
    }
}
