use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};
use serde::Deserialize;

use crate::Kind;

/// A table of this crate that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the table {table} of the assessment cannot be read: {reason}")]
pub struct BadTable {
    /// Which of the tables.
    pub table: &'static str,
    /// What is wrong with it, and where.
    pub reason: String,
}

/// Which field names what, how telling a shared value is, and ATT&CK's tactics: the contents of
/// `data/*.toml`.
#[derive(Debug)]
pub(crate) struct Tables {
    pub(crate) fields: FxHashMap<String, Vec<FieldRow>>,
    pub(crate) skip: FxHashMap<Kind, FxHashSet<String>>,
    pub(crate) skip_all: Vec<String>,
    pub(crate) account_starts: Vec<String>,
    pub(crate) account_domains: Vec<String>,
    pub(crate) local_accounts: FxHashSet<String>,
    pub(crate) page_extensions: FxHashSet<String>,
    pub(crate) page_fields: FxHashSet<String>,
    pub(crate) services: Vec<Service>,
    pub(crate) telling: Vec<String>,
    pub(crate) links: Links,
    pub(crate) tactics: Tactics,
}

/// What one field of an event names.
#[derive(Clone, Debug)]
pub(crate) struct FieldRow {
    pub(crate) kind: Kind,
    /// Place of the row in the file; of several own hosts the first row wins.
    pub(crate) rank: usize,
    pub(crate) own: bool,
    pub(crate) names: bool,
    pub(crate) when: Vec<Condition>,
    pub(crate) unless: Vec<Condition>,
}

/// `field`, or `field=value`.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub(crate) field: String,
    pub(crate) value: Option<String>,
}

/// A cloud service whose records belong to no machine of the house.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) fields: Vec<String>,
}

/// The weights of `links.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Links {
    pub(crate) join: i64,
    pub(crate) bridge: i64,
    pub(crate) firm: i64,
    pub(crate) barely: i64,
    pub(crate) noisy: i64,
    pub(crate) least: i64,
    pub(crate) host: Weight,
    pub(crate) time: Weight,
    pub(crate) held: Weight,
    pub(crate) peer: Weight,
    pub(crate) inside: Weight,
    pub(crate) outside: Weight,
    pub(crate) account: Weight,
    pub(crate) mailbox: Weight,
    pub(crate) contact: Weight,
    pub(crate) mailing: Weight,
    pub(crate) process: Weight,
    pub(crate) pid: Weight,
    pub(crate) session: Weight,
    pub(crate) file: Weight,
    pub(crate) share: Weight,
    pub(crate) record: Weight,
}

/// How telling one kind of shared value is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Weight {
    pub(crate) weight: i64,
    pub(crate) fades: Vec<(i64, i64)>,
    pub(crate) spread: i64,
    #[serde(default)]
    pub(crate) strong: bool,
}

/// ATT&CK's tactics, in the order of its matrix.
#[derive(Debug)]
pub(crate) struct Tactics {
    pub(crate) names: Vec<String>,
    pub(crate) phrases: BTreeMap<String, String>,
    pub(crate) renamed: BTreeMap<String, String>,
    /// Technique → its tactics, as places in `names`.
    pub(crate) techniques: FxHashMap<String, Vec<usize>>,
}

impl Tables {
    /// The tables that the crate carries.
    pub(crate) fn built_in() -> Result<Self, BadTable> {
        Self::read(
            include_str!("../data/entities.toml"),
            include_str!("../data/links.toml"),
            include_str!("../data/tactics.toml"),
        )
    }

    fn read(entities: &str, links: &str, tactics: &str) -> Result<Self, BadTable> {
        let entities: EntitiesFile = parse("entities.toml", entities)?;
        let links: Links = parse("links.toml", links)?;
        let tactics = read_tactics(parse("tactics.toml", tactics)?);
        let mut skip = FxHashMap::default();
        for (kind, values) in [
            (Kind::Host, entities.skip.host),
            (Kind::Account, entities.skip.account),
            (Kind::Session, entities.skip.session),
            (Kind::Process, entities.skip.process),
            (Kind::Pid, entities.skip.pid),
            (Kind::Share, entities.skip.share),
            (Kind::File, entities.skip.file),
        ] {
            skip.insert(kind, values.into_iter().collect());
        }
        Ok(Self {
            fields: field_rows(entities.field),
            skip,
            skip_all: entities.skip.all,
            account_starts: entities.skip.account_starts,
            account_domains: entities.skip.account_domains,
            local_accounts: entities.local.account.into_iter().collect(),
            page_extensions: entities.pages.extensions.into_iter().collect(),
            page_fields: entities.pages.fields.into_iter().collect(),
            services: entities.service,
            telling: entities.telling.fields,
            links,
            tactics,
        })
    }
}

fn parse<T: serde::de::DeserializeOwned>(table: &'static str, text: &str) -> Result<T, BadTable> {
    toml::from_str(text).map_err(|error| BadTable { table, reason: error.to_string() })
}

fn field_rows(rows: Vec<FieldEntry>) -> FxHashMap<String, Vec<FieldRow>> {
    let mut found: FxHashMap<String, Vec<FieldRow>> = FxHashMap::default();
    for (rank, row) in rows.into_iter().enumerate() {
        let made = FieldRow {
            kind: row.kind,
            rank,
            own: row.own,
            names: row.names,
            when: row.when.into_iter().map(condition).collect(),
            unless: row.unless.into_iter().map(condition).collect(),
        };
        for field in row.fields {
            found.entry(field).or_default().push(made.clone());
        }
    }
    found
}

fn condition(text: String) -> Condition {
    match text.split_once('=') {
        Some((field, value)) => Condition { field: field.to_owned(), value: Some(value.to_owned()) },
        None => Condition { field: text, value: None },
    }
}

/// ATT&CK's own order, which a TOML table does not keep.
const ORDER: [&str; 14] = [
    "reconnaissance",
    "resource-development",
    "initial-access",
    "execution",
    "persistence",
    "privilege-escalation",
    "defense-evasion",
    "credential-access",
    "discovery",
    "lateral-movement",
    "collection",
    "command-and-control",
    "exfiltration",
    "impact",
];

fn read_tactics(file: TacticsFile) -> Tactics {
    let mut names: Vec<String> = ORDER.iter().map(|&name| name.to_owned()).collect();
    names.extend(file.techniques.keys().filter(|name| !ORDER.contains(&name.as_str())).cloned());
    let mut techniques: FxHashMap<String, Vec<usize>> = FxHashMap::default();
    for (place, name) in names.iter().enumerate() {
        for id in file.techniques.get(name).into_iter().flatten() {
            techniques.entry(id.clone()).or_default().push(place);
        }
    }
    Tactics { names, phrases: file.phrases, renamed: file.renamed, techniques }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EntitiesFile {
    field: Vec<FieldEntry>,
    skip: SkipEntry,
    local: LocalEntry,
    pages: PagesEntry,
    service: Vec<Service>,
    telling: TellingEntry,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldEntry {
    kind: Kind,
    #[serde(default)]
    own: bool,
    #[serde(default)]
    names: bool,
    #[serde(default)]
    when: Vec<String>,
    #[serde(default)]
    unless: Vec<String>,
    fields: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SkipEntry {
    all: Vec<String>,
    host: Vec<String>,
    account: Vec<String>,
    account_starts: Vec<String>,
    account_domains: Vec<String>,
    session: Vec<String>,
    process: Vec<String>,
    pid: Vec<String>,
    share: Vec<String>,
    file: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LocalEntry {
    account: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PagesEntry {
    extensions: Vec<String>,
    fields: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TellingEntry {
    fields: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TacticsFile {
    renamed: BTreeMap<String, String>,
    phrases: BTreeMap<String, String>,
    techniques: BTreeMap<String, Vec<String>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_fit_together() {
        let tables = Tables::built_in().unwrap();
        assert_eq!(tables.fields["Computer"][0].kind, Kind::Host);
        assert!(tables.fields["Computer"][0].own);
        for name in &tables.tactics.names {
            assert!(tables.tactics.phrases.contains_key(name), "no phrase for {name}");
        }
        for (old, new) in &tables.tactics.renamed {
            assert!(tables.tactics.names.contains(new), "{old} leads nowhere");
        }
        let links = &tables.links;
        for weight in [&links.host, &links.time, &links.outside, &links.account, &links.process] {
            assert!(weight.fades.is_sorted_by_key(|fade| fade.0));
        }
        // A host alone never suffices.
        assert!(links.host.weight < links.join);
    }

    #[test]
    fn a_broken_table_says_where() {
        let error = Tables::read("", "join = 50\nweird = 1", "").unwrap_err();
        assert!(error.to_string().contains("entities.toml"), "{error}");
    }
}
