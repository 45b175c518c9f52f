use std::collections::BTreeMap;
use std::sync::LazyLock;

use model::{Event, LogSource, SourceId};
use rustc_hash::FxHashMap;
use serde::Deserialize;

/// The rows of `data/windows.toml`.
const ROWS: &str = include_str!("../../data/windows.toml");

/// The table, read once. It is part of the program; a test reads it, so that it cannot be faulty
/// here.
pub(super) static TABLE: LazyLock<Table> =
    LazyLock::new(|| Table::new(toml::from_str(ROWS).unwrap_or_default()));

/// Which records are of which log source.
#[derive(Debug)]
pub(super) struct Table {
    /// Every log source; the number of the first is 1.
    pub(super) sources: Vec<LogSource>,
    /// Windows records of a channel that has no service.
    pub(super) other: SourceId,
    services: Vec<Service>,
    channels: FxHashMap<Box<[u8]>, usize>,
    providers: FxHashMap<Box<[u8]>, usize>,
}

/// A service and what its events mean.
#[derive(Debug, Default)]
pub(super) struct Service {
    /// Its records of no category.
    pub(super) source: SourceId,
    /// What is known of single events, by id.
    pub(super) events: FxHashMap<u32, Route>,
    /// The names of its events' data, by id.
    pub(super) data: FxHashMap<u32, &'static DataRow>,
    /// Whether its records tell of Exchange's commands.
    pub(super) cmdlets: bool,
}

/// What is known of one event of one service.
#[derive(Debug, Default)]
pub(super) struct Route {
    /// Its fields' further names.
    pub(super) fields: Vec<&'static FieldRow>,
    source: SourceId,
    /// A field that decides the category, and the sources by its value.
    by_field: Option<(String, Vec<(String, SourceId)>)>,
}

impl Route {
    /// The log source of `event`, which is of this kind.
    pub(super) fn source(&self, event: &Event) -> SourceId {
        let Some((field, values)) = &self.by_field else { return self.source };
        let Some(found) = event.get(field) else { return self.source };
        values.iter().find(|(value, _)| value == found.text).map_or(self.source, |(_, source)| *source)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rows {
    service: Vec<ServiceRow>,
    category: Vec<CategoryRow>,
    field: Vec<FieldRow>,
    data: Vec<DataRow>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ServiceRow {
    name: String,
    /// Further names of the same service.
    #[serde(default)]
    further: Vec<String>,
    channels: Vec<String>,
    providers: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CategoryRow {
    names: Vec<String>,
    service: String,
    events: Vec<u32>,
    when: Option<When>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct When {
    field: String,
    is: Vec<String>,
}

/// The names of an event's data, in the order of its manifest.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DataRow {
    service: String,
    events: Vec<u32>,
    /// How many values there have to be for the order to be this one.
    #[serde(default)]
    pub(super) least: usize,
    pub(super) names: Vec<String>,
}

/// A field that records get besides their own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FieldRow {
    service: String,
    events: Vec<u32>,
    /// Its name.
    pub(super) to: String,
    /// The fields that it is made of.
    pub(super) from: Vec<String>,
    /// What stands between them.
    #[serde(default)]
    pub(super) join: String,
    /// Its value by theirs; what is not in here gives nothing.
    pub(super) translate: Option<BTreeMap<String, String>>,
    /// Beginnings and what stands for them.
    #[serde(default)]
    pub(super) prefixes: Vec<(String, String)>,
    /// Whether it is added though the record has a field of that name.
    #[serde(default)]
    pub(super) beside: bool,
}

impl Table {
    fn new(rows: Rows) -> Self {
        let mut table = Self {
            sources: Vec::new(),
            other: SourceId::default(),
            services: Vec::new(),
            channels: FxHashMap::default(),
            providers: FxHashMap::default(),
        };
        table.other = table.number(&[], &[]);
        // The rows live as long as the program, as the table does.
        let fields: &'static [FieldRow] = rows.field.leak();
        let data: &'static [DataRow] = rows.data.leak();
        for row in &rows.service {
            let place = table.services.len();
            for channel in &row.channels {
                table.channels.insert(channel.to_ascii_lowercase().into_bytes().into(), place);
            }
            for provider in &row.providers {
                table.providers.insert(provider.to_ascii_lowercase().into_bytes().into(), place);
            }
            let mut service = table.service(row, &rows.category, fields);
            let own = data.iter().filter(|data| data.service == row.name);
            service.data = own.flat_map(|row| row.events.iter().map(move |id| (*id, row))).collect();
            table.services.push(service);
        }
        table
    }

    fn service(
        &mut self,
        row: &ServiceRow,
        categories: &[CategoryRow],
        fields: &'static [FieldRow],
    ) -> Service {
        let names: Vec<&String> = std::iter::once(&row.name).chain(&row.further).collect();
        let categories: Vec<&CategoryRow> =
            categories.iter().filter(|category| category.service == row.name).collect();
        let fields: Vec<&'static FieldRow> =
            fields.iter().filter(|field| field.service == row.name).collect();
        let mut service = Service {
            source: self.number(&names, &[]),
            cmdlets: row.name == "msexchange-management",
            ..Service::default()
        };
        let ids =
            categories.iter().flat_map(|row| &row.events).chain(fields.iter().flat_map(|row| &row.events));
        for &id in ids {
            service.events.entry(id).or_insert_with(|| {
                let fields = fields.iter().copied().filter(|row| row.events.contains(&id)).collect();
                Route { fields, ..self.route(&names, &categories, id) }
            });
        }
        service
    }

    fn route(&mut self, service: &[&String], categories: &[&CategoryRow], id: u32) -> Route {
        let of_event = || categories.iter().filter(|row| row.events.contains(&id));
        let names = |value: Option<&String>| -> Vec<&String> {
            of_event()
                .filter(|row| match (&row.when, value) {
                    (None, _) => true,
                    (Some(when), Some(value)) => when.is.contains(value),
                    (Some(_), None) => false,
                })
                .flat_map(|row| &row.names)
                .collect()
        };
        let conditions: Vec<&When> = of_event().filter_map(|row| row.when.as_ref()).collect();
        let by_field = conditions.first().map(|first| {
            let values = conditions.iter().flat_map(|when| &when.is);
            let sources = values.map(|value| (value.clone(), self.number(service, &names(Some(value)))));
            (first.field.clone(), sources.collect())
        });
        Route { fields: Vec::new(), source: self.number(service, &names(None)), by_field }
    }

    fn number(&mut self, service: &[&String], category: &[&String]) -> SourceId {
        let owned = |names: &[&String]| names.iter().map(|name| (*name).clone()).collect();
        let source = LogSource {
            product: Some("windows".to_owned()),
            category: owned(category),
            service: owned(service),
        };
        let place = self.sources.iter().position(|known| *known == source).unwrap_or_else(|| {
            self.sources.push(source);
            self.sources.len() - 1
        });
        SourceId(place as u16 + 1)
    }

    /// The service whose channel is `name`.
    pub(super) fn of_channel(&self, name: &str) -> Option<&Service> {
        self.services.get(*folded(&self.channels, name)?)
    }

    /// The service that the provider `name` writes to.
    pub(super) fn of_provider(&self, name: &str) -> Option<&Service> {
        self.services.get(*folded(&self.providers, name)?)
    }
}

/// Looks `name` up without regard to case, and without an allocation for each record.
fn folded<'t>(map: &'t FxHashMap<Box<[u8]>, usize>, name: &str) -> Option<&'t usize> {
    let mut buffer = [0u8; 128];
    let folded = buffer.get_mut(..name.len())?;
    folded.copy_from_slice(name.as_bytes());
    folded.make_ascii_lowercase();
    map.get(&*folded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_can_be_read_and_hang_together() {
        let rows: Rows = toml::from_str(ROWS).unwrap();
        let services: Vec<&str> = rows.service.iter().map(|row| row.name.as_str()).collect();
        for row in &rows.category {
            assert!(services.contains(&row.service.as_str()), "{row:?}");
            assert!(!row.names.is_empty() && !row.events.is_empty(), "{row:?}");
            for other in &rows.category {
                let same_event =
                    row.service == other.service && row.events.iter().any(|id| other.events.contains(id));
                if let (true, Some(one), Some(two)) = (same_event, &row.when, &other.when) {
                    assert_eq!(one.field, two.field, "one field decides on {row:?}");
                }
            }
        }
        for row in &rows.field {
            assert!(services.contains(&row.service.as_str()), "{row:?}");
            assert!(!row.from.is_empty() && (row.from.len() == 1 || row.translate.is_none()), "{row:?}");
        }
        for row in &rows.data {
            assert!(services.contains(&row.service.as_str()) && row.least <= row.names.len(), "{row:?}");
        }
        let mut channels: Vec<String> =
            rows.service.iter().flat_map(|row| &row.channels).map(|name| name.to_ascii_lowercase()).collect();
        assert!(channels.iter().all(|name| name.len() <= 128));
        channels.sort();
        let count = channels.len();
        channels.dedup();
        assert_eq!(channels.len(), count, "a channel has one service");
    }

    /// The published rules, where they lie beside the workspace, name no source that records never
    /// get.
    #[test]
    fn every_windows_source_of_the_published_rules_is_known() {
        let rules = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/sigma");
        if !rules.is_dir() {
            println!("left out: no rules at ../shared/data/sigma");
            return;
        }
        let mut folders = vec![rules];
        let mut missing = std::collections::BTreeSet::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "yml") {
                    missing.extend(unknown_source(&std::fs::read_to_string(path).unwrap()));
                }
            }
        }
        assert!(missing.is_empty(), "{missing:?}");
    }

    /// The `logsource` of a Windows rule that no record is of.
    fn unknown_source(rule: &str) -> Option<(String, String)> {
        let section: Vec<&str> = rule
            .lines()
            .skip_while(|line| *line != "logsource:")
            .skip(1)
            .take_while(|line| line.starts_with(' '))
            .collect();
        let value = |key: &str| {
            section.iter().find_map(|line| {
                let value = line.trim().strip_prefix(key)?.strip_prefix(':')?;
                Some(value.split('#').next().unwrap_or_default().trim().to_owned())
            })
        };
        if value("product")? != "windows" {
            return None;
        }
        let (category, service) = (value("category"), value("service"));
        let known = TABLE
            .sources
            .iter()
            .any(|source| source.serves(Some("windows"), category.as_deref(), service.as_deref()));
        (!known).then(|| (category.unwrap_or_default(), service.unwrap_or_default()))
    }
}
