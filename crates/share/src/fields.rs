//! Which fields of an event name its host, its user and what STIX calls observables.

use std::sync::LazyLock;

use model::{Facts, Finding};
use serde::Deserialize;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    host: Vec<String>,
    user: Vec<String>,
    observables: Observables,
}

/// Field names by the kind of observable that they hold.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Observables {
    pub(crate) address: Vec<String>,
    pub(crate) account: Vec<String>,
    pub(crate) file: Vec<String>,
    pub(crate) domain: Vec<String>,
    pub(crate) mail: Vec<String>,
    pub(crate) url: Vec<String>,
    pub(crate) hashes: Vec<String>,
    pub(crate) command: Vec<String>,
}

/// The data file stands in the program; a test reads it, so that it cannot fail here.
static TABLE: LazyLock<Table> =
    LazyLock::new(|| toml::from_str(include_str!("../assets/fields.toml")).unwrap_or_default());

/// The machine that an event is of; empty where it names none.
pub(crate) fn host(finding: &Finding) -> &str {
    first(finding, &TABLE.host)
}

/// The account or address that an event is of; empty where it names none.
pub(crate) fn user(finding: &Finding) -> &str {
    first(finding, &TABLE.user)
}

/// Field names by the kind of observable that they hold.
pub(crate) fn observables() -> &'static Observables {
    &TABLE.observables
}

/// Whether a value says something; logs write `-` for nothing.
pub(crate) fn says_something(value: &str) -> bool {
    !matches!(value.trim(), "" | "-")
}

/// Every telling value under one of `fields`, in the order of the event.
pub(crate) fn values<'a>(event: &'a Facts, fields: &'a [String]) -> impl Iterator<Item = &'a str> {
    event
        .iter()
        .filter(|fact| says_something(fact.text) && fields.iter().any(|field| field == fact.field))
        .map(|fact| fact.text)
}

fn first<'a>(finding: &'a Finding, fields: &[String]) -> &'a str {
    fields
        .iter()
        .find_map(|field| finding.get(field).filter(|value| says_something(value)))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_table_reads() {
        assert!(super::TABLE.host.iter().any(|field| field == "Computer"));
        assert!(!super::observables().address.is_empty());
    }
}
