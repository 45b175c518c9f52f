//! The suites as they are published: YAML documents with tests and the records that they need.

use std::path::PathBuf;

use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A map whose keys may repeat, as those of the suites do.
#[derive(Debug)]
pub(super) struct Pairs<T>(pub(super) Vec<(String, T)>);

impl<T> Default for Pairs<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Pairs<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Seen<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Seen<T> {
            type Value = Pairs<T>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a map")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut all = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    all.push(pair);
                }
                Ok(Pairs(all))
            }
        }
        from.deserialize_map(Seen(std::marker::PhantomData))
    }
}

/// All documents of a suite; `None`, and a word, where it is not here.
pub(super) fn read<T: DeserializeOwned>(name: &str) -> Option<Vec<T>> {
    let path =
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/mail-auth")).join(name);
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("left out: {name} is not here");
        return None;
    };
    let documents = yaml_serde::Deserializer::from_str(&text);
    Some(documents.map(|document| T::deserialize(document).unwrap()).collect())
}

#[derive(Deserialize)]
struct Known {
    known: Vec<Reason>,
}

#[derive(Deserialize)]
struct Reason {
    suite: String,
    test: String,
    rfc: String,
}

/// Compares what failed with what is known to, and says how many passed.
pub(super) fn compare(suite: &str, all: usize, failed: &[(String, String)]) {
    let known: Known = toml::from_str(include_str!("../auth-known.toml")).unwrap();
    println!("{suite} {}/{all}", all - failed.len());
    for (test, what) in failed {
        let reason = known.known.iter().find(|reason| reason.suite == suite && reason.test == *test);
        println!("  {test}: {what} ({})", reason.map_or("NOT KNOWN", |reason| reason.rfc.as_str()));
    }
    let expected: Vec<&str> = known
        .known
        .iter()
        .filter(|reason| reason.suite == suite)
        .map(|reason| reason.test.as_str())
        .collect();
    let failed: Vec<&str> = failed.iter().map(|(test, _)| test.as_str()).collect();
    assert_eq!(failed, expected, "{suite}");
}
