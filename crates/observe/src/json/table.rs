use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::known::{BARE, COMPANION, EMBEDDED, Known, TEXT, THROUGH, WRAPPER};
use super::names::Names;

/// How a list of named values is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pairs {
    /// Names of the lists.
    at: Vec<String>,
    /// The member that names the value.
    pub(super) name: Vec<String>,
    /// The member that is the value; the others are named after themselves below it.
    pub(super) value: Vec<String>,
    /// Whether the members also stand under their own names.
    #[serde(default)]
    pub(super) keep: bool,
    /// Whether the values stand at the top instead of below the list's name.
    #[serde(default)]
    pub(super) bare: bool,
}

/// The file as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    rename: BTreeMap<String, String>,
    text: Vec<String>,
    embedded: Vec<String>,
    through: Vec<String>,
    bare: Vec<String>,
    wrapper: Vec<String>,
    companion: Vec<String>,
    pairs: Vec<Pairs>,
    shape: Vec<WrittenShape>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenShape {
    /// For the reader of the file.
    #[cfg_attr(not(test), expect(dead_code, reason = "names a shape for people and tests"))]
    name: String,
    #[serde(default)]
    source: String,
    #[serde(default)]
    windows: bool,
    unnamed: Option<String>,
    #[serde(default)]
    journal: bool,
    #[serde(default)]
    all: Vec<String>,
    #[serde(default)]
    any: Vec<String>,
    #[serde(default)]
    none: Vec<String>,
    #[serde(default)]
    is: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    time: Vec<String>,
    #[serde(default)]
    time_utc: Vec<String>,
    #[serde(default)]
    utc: bool,
    route: Option<WrittenRoute>,
    #[serde(default)]
    alias: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    derive: Vec<WrittenDerive>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRoute {
    by: String,
    to: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenDerive {
    to: String,
    from: String,
    map: BTreeMap<String, String>,
    otherwise: Option<String>,
}

/// A kind of record that is told by the names it has.
#[derive(Debug)]
pub(super) struct Shape {
    /// What it is called.
    #[cfg(test)]
    pub(super) name: String,
    /// Index of its log source among [`Table::sources`].
    pub(super) source: usize,
    /// Whether the log source follows from channel, provider and event id.
    pub(super) windows: bool,
    /// The name under which the event's data stand in their order, without names of their own.
    pub(super) unnamed: Option<String>,
    /// Whether the record is an entry of a journal, whose message is that of a syslog.
    pub(super) journal: bool,
    /// Names that all have to be there.
    pub(super) all: Vec<u16>,
    /// Names of which one has to be there, unless empty.
    pub(super) any: Vec<u16>,
    /// Names of which none may be there.
    pub(super) none: Vec<u16>,
    /// Names that have to hold one of these values.
    pub(super) is: Vec<(u16, Vec<String>)>,
    /// Names that hold the time, best first, and whether one without an offset is UTC whatever the
    /// settings say.
    pub(super) time: Vec<(u16, bool)>,
    /// A name by whose values the log source is told more closely: value → index of the source.
    pub(super) route: Option<(u16, BTreeMap<String, usize>)>,
    /// Second names.
    pub(super) aliases: Vec<Alias>,
    /// Values that follow from other values.
    pub(super) derived: Vec<Derived>,
}

/// A second name: of the names in `from`, the first that is there also stands under `to`.
#[derive(Debug)]
pub(super) struct Alias {
    /// The second name.
    pub(super) to: String,
    /// Its slot.
    pub(super) slot: u16,
    /// Slots and names of those that serve, best first.
    pub(super) from: Vec<(u16, String)>,
}

/// A value that follows from the value of another name.
#[derive(Debug)]
pub(super) struct Derived {
    /// The name of the new field.
    pub(super) to: String,
    /// Its slot.
    pub(super) slot: u16,
    /// The slot of the name that decides.
    pub(super) from: u16,
    /// Value → new value.
    pub(super) map: BTreeMap<String, String>,
    /// The new value for all other values.
    pub(super) otherwise: Option<String>,
}

/// Everything that is known of names in JSON logs.
#[derive(Debug, Default)]
pub(super) struct Table {
    names: Names<Known>,
    renamed: Vec<String>,
    pairs: Vec<Pairs>,
    slots: u16,
    /// The shapes, the most telling first.
    pub(super) shapes: Vec<Shape>,
    /// Names of all log sources that the shapes name.
    pub(super) sources: Vec<String>,
}

impl Table {
    /// The table that comes with the program.
    pub(super) fn shared() -> &'static Self {
        static TABLE: LazyLock<Table> = LazyLock::new(|| {
            // A test parses the same text, so the empty table is never used.
            Table::parse(include_str!("../../data/json-shapes.toml")).unwrap_or_default()
        });
        &TABLE
    }

    fn parse(text: &str) -> Result<Self, toml::de::Error> {
        let written: Written = toml::from_str(text)?;
        let mut table = Self::default();
        for (from, to) in written.rename {
            table.renamed.push(to);
            let renamed = table.renamed.len() as u16;
            table.entry(&from).renamed = renamed;
        }
        for (names, flag) in [
            (written.text, TEXT),
            (written.embedded, EMBEDDED),
            (written.through, THROUGH),
            (written.bare, BARE),
            (written.wrapper, WRAPPER),
            (written.companion, COMPANION),
        ] {
            for name in names {
                table.entry(&name).flags |= flag;
            }
        }
        for pairs in written.pairs {
            let number = table.pairs.len() as u8 + 1;
            for name in &pairs.at {
                table.entry(name).pairs = number;
            }
            table.pairs.push(pairs);
        }
        for shape in written.shape {
            let shape = table.shape(shape);
            table.shapes.push(shape);
        }
        Ok(table)
    }

    /// What is known of `name`.
    pub(super) fn known(&self, name: &str) -> Known {
        self.names.get(name)
    }

    /// The name that stands instead of the one of which this is known.
    pub(super) fn renamed(&self, known: Known) -> Option<&str> {
        Some(self.renamed.get(usize::from(known.renamed.checked_sub(1)?))?)
    }

    /// How the list under the name of which this is known writes its pairs.
    pub(super) fn pairs(&self, known: Known) -> Option<&Pairs> {
        self.pairs.get(usize::from(known.pairs.checked_sub(1)?))
    }

    /// How many names have a slot.
    pub(super) fn slots(&self) -> usize {
        usize::from(self.slots)
    }

    fn entry(&mut self, name: &str) -> &mut Known {
        self.names.entry(name)
    }

    fn slot(&mut self, name: &str) -> u16 {
        let fresh = self.slots + 1;
        let known = self.entry(name);
        if known.slot == 0 {
            known.slot = fresh;
            self.slots = fresh;
            return fresh - 1;
        }
        known.slot - 1
    }

    fn named(&mut self, names: Vec<String>) -> Vec<u16> {
        names.iter().map(|name| self.slot(name)).collect()
    }

    fn source(&mut self, name: String) -> usize {
        self.sources.iter().position(|known| *known == name).unwrap_or_else(|| {
            self.sources.push(name);
            self.sources.len() - 1
        })
    }

    fn shape(&mut self, written: WrittenShape) -> Shape {
        Shape {
            source: self.source(written.source),
            windows: written.windows,
            unnamed: written.unnamed,
            journal: written.journal,
            all: self.named(written.all),
            any: self.named(written.any),
            none: self.named(written.none),
            is: written.is.into_iter().map(|(name, values)| (self.slot(&name), values)).collect(),
            time: {
                let local = self.named(written.time).into_iter().map(|slot| (slot, written.utc));
                let utc = self.named(written.time_utc).into_iter().map(|slot| (slot, true));
                local.chain(utc).collect()
            },
            route: written.route.map(|route| {
                let to = route.to.into_iter().map(|(value, source)| (value, self.source(source))).collect();
                (self.slot(&route.by), to)
            }),
            aliases: written
                .alias
                .into_iter()
                .map(|(to, from)| Alias {
                    slot: self.slot(&to),
                    to,
                    from: from.into_iter().map(|name| (self.slot(&name), name)).collect(),
                })
                .collect(),
            derived: written
                .derive
                .into_iter()
                .map(|derive| Derived {
                    slot: self.slot(&derive.to),
                    from: self.slot(&derive.from),
                    to: derive.to,
                    map: derive.map,
                    otherwise: derive.otherwise,
                })
                .collect(),
            #[cfg(test)]
            name: written.name,
        }
    }
}
