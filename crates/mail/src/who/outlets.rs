use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, Input, MatchKind};
use rustc_hash::FxHashMap;
use serde::Deserialize;

use super::data::WORDS;
use super::domain;
use super::fold;

/// News outlets that the institution adds to the built-in directory (`data/outlets.toml`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Outlets {
    /// Each with its names and domains.
    pub list: Vec<Outlet>,
}

/// A news outlet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outlet {
    /// Its name as people write it.
    pub name: String,
    /// Other names.
    #[serde(default)]
    pub also: Vec<String>,
    /// Those of its names that are ordinary words: they count as a sender's whole name, or beside a
    /// journalist's role.
    #[serde(default)]
    pub common: Vec<String>,
    /// Registered domains that are its own.
    pub domains: Vec<String>,
    /// What it is: `paper`, `broadcaster`, `agency`, `magazine`, `online`.
    #[serde(default)]
    pub kind: String,
}

/// The built-in directory.
pub(super) static BUILT_IN: LazyLock<Names> = LazyLock::new(|| {
    #[derive(Deserialize)]
    struct Table {
        outlet: Outlets,
    }
    // A test reads the table, so that it cannot be faulty here.
    let table: Option<Table> = toml::from_str(include_str!("../../data/outlets.toml")).ok();
    Names::new(table.map(|table| table.outlet.list).unwrap_or_default())
});

/// Outlets, to be found by name in a text and by domain.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) list: Vec<Outlet>,
    /// Pattern → outlet, and whether it is an ordinary word; `None` is a journalist's role.
    patterns: Vec<Option<(usize, bool)>>,
    finder: Option<AhoCorasick>,
    domains: FxHashMap<String, Vec<usize>>,
}

/// A name or a role that a text holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) start: usize,
    pub(super) end: usize,
    /// The outlet and whether the name is an ordinary word; `None` for a role.
    pub(super) outlet: Option<(usize, bool)>,
}

impl Names {
    pub(super) fn new(list: Vec<Outlet>) -> Self {
        let mut names: Self = Self { list, ..Self::default() };
        let mut texts: Vec<String> = Vec::new();
        for (number, outlet) in names.list.iter().enumerate() {
            let plain = std::iter::once(&outlet.name).chain(&outlet.also);
            let all = plain.map(|name| (name, outlet.common.contains(name)));
            for (name, common) in all.chain(outlet.common.iter().map(|name| (name, true))) {
                let text = fold::plain(name.trim()).into_owned();
                if text.chars().count() >= 2 {
                    texts.push(text);
                    names.patterns.push(Some((number, common)));
                }
            }
            for domain in &outlet.domains {
                names.domains.entry(domain.to_lowercase()).or_default().push(number);
            }
        }
        for role in &WORDS.roles {
            texts.push(role.clone());
            names.patterns.push(None);
        }
        let mut builder = AhoCorasick::builder();
        names.finder = builder.match_kind(MatchKind::LeftmostLongest).build(&texts).ok();
        names
    }

    /// Whole words of `text`, which is folded, that are names or roles; at most `most`. A name that goes on
    /// as another word is none, and the search goes on one letter further.
    pub(super) fn find(&self, text: &str, most: usize) -> Vec<Found> {
        let mut found = Vec::new();
        let Some(finder) = &self.finder else { return found };
        let mut at = 0;
        while found.len() < most
            && let Some(hit) = finder.find(Input::new(text).span(at..text.len()))
        {
            if is_word(text, hit.start(), hit.end()) {
                let outlet = self.patterns.get(hit.pattern().as_usize()).copied().flatten();
                found.push(Found { start: hit.start(), end: hit.end(), outlet });
                at = hit.end();
            } else {
                let first = text[hit.start()..].chars().next().map_or(1, char::len_utf8);
                at = hit.start() + first;
            }
        }
        found
    }

    /// Whether a registered domain, or what it lies below, is of an outlet.
    pub(super) fn fits(&self, outlet: usize, registered: &str) -> bool {
        let owns = |name: &str| self.domains.get(name).is_some_and(|all| all.contains(&outlet));
        !registered.is_empty() && (owns(registered) || owns(domain::registered(registered)))
    }

    /// All domains of all outlets.
    pub(super) fn domains(&self) -> impl Iterator<Item = &str> {
        self.list.iter().flat_map(|outlet| &outlet.domains).map(String::as_str)
    }
}

/// Whether neither side goes on as a word. Scripts that write no spaces have no such sides.
fn is_word(text: &str, start: usize, end: usize) -> bool {
    let goes_on = |letter: Option<char>| letter.is_some_and(|c| c.is_alphanumeric() && (c as u32) < 0x2e80);
    let next = text[end..].chars().next();
    // `bbc.co.uk` and `x@bbc` are no names.
    let domain = next == Some('.') && text[end + 1..].starts_with(|c: char| c.is_alphanumeric());
    let before = text[..start].chars().next_back();
    !goes_on(next)
        && !goes_on(before)
        && !domain
        && !matches!(before, Some('@' | '/' | '.'))
        && next != Some('@')
}

#[cfg(test)]
#[test]
fn the_directory_can_be_read() {
    let names = &*BUILT_IN;
    assert!(names.list.len() >= 240, "{}", names.list.len());
    let mut seen = std::collections::BTreeSet::new();
    for outlet in &names.list {
        assert!(seen.insert(&outlet.name), "{} twice", outlet.name);
        assert!(!outlet.domains.is_empty(), "{}", outlet.name);
        assert!(
            ["paper", "broadcaster", "agency", "magazine", "online"].contains(&outlet.kind.as_str()),
            "{}",
            outlet.name
        );
        for name in &outlet.domains {
            assert_eq!(domain::registered(name), name, "{}", outlet.name);
            assert!(name.is_ascii() && *name == name.to_lowercase(), "{name}");
        }
    }
}
