use std::collections::BTreeMap;

use model::{LogSource, SourceId};

/// The names of `data/sources.toml`.
const NAMED: &str = include_str!("../data/sources.toml");

/// The one table of log sources: what a [`SourceId`] means, in the words of Sigma's `logsource`.
///
/// Everything that is known lies in data files; a reader asks for its sources by name when it opens
/// a file, and never for each record.
///
/// ```
/// let sources = observe::LogSources::builtin();
/// let iis = sources.named("iis");
/// assert!(sources.get(iis).serves(None, Some("webserver"), None));
/// ```
#[derive(Clone, Debug)]
pub struct LogSources {
    all: Vec<LogSource>,
    names: BTreeMap<String, SourceId>,
}

impl LogSources {
    /// The table as it is built in.
    pub fn builtin() -> Self {
        // Windows records are routed by numbers that are known without this table.
        let mut all = vec![LogSource::default()];
        all.extend_from_slice(crate::windows::log_sources());
        let mut sources = Self { all, names: BTreeMap::new() };
        // The table is part of the program; a test reads it, so that it cannot be faulty here.
        let named: BTreeMap<String, LogSource> = toml::from_str(NAMED).unwrap_or_default();
        for (name, source) in named {
            let id = sources.add(source);
            sources.names.insert(name, id);
        }
        sources
    }

    /// Every log source; a [`SourceId`] is an index into it, and 0 is “unknown”.
    pub fn all(&self) -> &[LogSource] {
        &self.all
    }

    /// The log source of `id`; “unknown” where there is none of that number.
    pub fn get(&self, id: SourceId) -> &LogSource {
        self.all.get(usize::from(id.0)).unwrap_or(&self.all[0])
    }

    /// The source of that name in `data/sources.toml`, where `_` counts as `-`; “unknown” where
    /// there is none of that name.
    pub fn named(&self, name: &str) -> SourceId {
        self.names.get(&name.replace('_', "-")).copied().unwrap_or_default()
    }

    /// The source that is exactly this; “unknown” where the table holds none.
    pub fn id(&self, product: Option<&str>, category: &[&str], service: &[&str]) -> SourceId {
        let found = self.all.iter().position(|source| {
            source.product.as_deref() == product && source.category == category && source.service == service
        });
        SourceId(found.unwrap_or_default() as u16)
    }

    /// Enters `source`, unless it is there, and returns its number. A table that is full (65,536
    /// sources) answers “unknown”.
    pub fn add(&mut self, source: LogSource) -> SourceId {
        let at = self.all.iter().position(|known| *known == source).unwrap_or(self.all.len());
        let Ok(id) = u16::try_from(at) else {
            return SourceId::default();
        };
        if at == self.all.len() {
            self.all.push(source);
        }
        SourceId(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_table_can_be_read() {
        let named: BTreeMap<String, LogSource> = toml::from_str(NAMED).unwrap();
        let sources = LogSources::builtin();
        for (name, source) in named {
            assert_eq!(*sources.get(sources.named(&name)), source, "{name}");
        }
    }

    #[test]
    fn a_source_is_found_by_name_and_by_what_it_is() {
        let mut sources = LogSources::builtin();
        assert_eq!(sources.all()[0], LogSource::default());
        assert_eq!(sources.named("no such source"), SourceId(0));
        let audit = sources.id(Some("m365"), &[], &["audit"]);
        assert_ne!(audit, SourceId(0));
        assert_eq!(sources.named("m365_audit"), audit);
        let again = sources.get(audit).clone();
        assert_eq!(sources.add(again), audit);
        let new = LogSource { product: Some("vms".to_owned()), ..LogSource::default() };
        assert_eq!(usize::from(sources.add(new).0), sources.all().len() - 1);
    }
}
