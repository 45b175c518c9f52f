use std::sync::LazyLock;

use rustc_hash::FxHashSet;
use serde::Deserialize;

/// Words and domains that the reading of senders rests on (`data/domains.toml`).
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    /// Domains of free mail services.
    pub(super) freemail: FxHashSet<String>,
    /// Words that are put around a name to make another.
    pub(super) added: FxHashSet<String>,
    /// Words that many have as their name.
    pub(super) ordinary: FxHashSet<String>,
    /// Top domains of places beside the two letters of a country.
    pub(super) places: FxHashSet<String>,
    /// Domains of countries that are sold to everybody.
    pub(super) sold: FxHashSet<String>,
    /// Names that are near to a protected one and their own.
    pub(super) honest: FxHashSet<String>,
    /// What a name's titles are.
    pub(super) titles: FxHashSet<String>,
    /// What journalists call themselves, folded.
    pub(super) roles: Vec<String>,
}

pub(super) static WORDS: LazyLock<Words> = LazyLock::new(|| {
    // A test reads the table, so that it cannot be faulty here.
    toml::from_str(include_str!("../../data/domains.toml")).unwrap_or_default()
});

#[cfg(test)]
#[test]
fn the_table_can_be_read() {
    let words: Words = toml::from_str(include_str!("../../data/domains.toml")).unwrap();
    assert!(words.freemail.len() > 30);
    assert!(words.roles.iter().all(|role| *role == super::fold::plain(role)));
}
