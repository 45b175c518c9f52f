//! The tables of the scenario.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;

use super::grammar::Pools;
use crate::ExerciseError;
use crate::scenario::Names;

/// `exercises/alliance.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Data {
    pub name: String,
    pub title: String,
    pub organisation: String,
    pub begin: Date,
    pub end: Date,
    pub detected: Date,
    pub holidays: Vec<Date>,
    pub maildir_every: usize,
    pub parliament: Vec<Parliament>,
    pub outlet: Vec<Outlet>,
    pub service: Vec<Service>,
    pub bulk: Vec<Bulk>,
    pub volume: BTreeMap<String, u64>,
    pub hostile: Hostile,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parliament {
    pub name: String,
    pub domain: String,
    /// Name of its folder.
    pub key: String,
    /// The first three parts of its addresses.
    pub net: String,
    pub zone: String,
    pub members: usize,
    /// Of a hundred, how many have names of other languages.
    pub foreign_names: u64,
}

impl Parliament {
    /// The host that takes mail from outside, and by whose results of authentication it goes.
    pub(super) fn mx(&self) -> String {
        format!("mx1.{}", self.domain)
    }

    /// The host that holds the mailboxes.
    pub(super) fn store(&self) -> String {
        format!("store.{}", self.domain)
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Outlet {
    pub name: String,
    pub also: Vec<String>,
    pub domain: String,
    /// What its newsletters are called.
    pub titles: Vec<String>,
}

/// A bulk-mail service, and how it builds addresses.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Service {
    pub name: String,
    pub domain: String,
    pub mta: String,
    pub host: String,
    pub link: String,
    pub pixel: String,
    pub unsubscribe: String,
    pub shape: String,
    pub headers: Vec<String>,
    pub one_click: bool,
    #[serde(default)]
    pub own: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Bulk {
    pub kind: Kind,
    pub count: usize,
    pub audience: [usize; 2],
    pub every: Vec<u64>,
    pub fresh: u64,
}

/// What a bulk sender is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Outlet,
    Ngo,
    Agency,
    Embassy,
    Vendor,
    Digest,
    Event,
    Survey,
    Internal,
    /// A journalist on the own account.
    Freelance,
    /// Another arm of the house of an outlet.
    Partner,
}

impl Kind {
    /// The pool of its texts; subjects have `_subject` behind.
    pub(super) const fn pool(self) -> &'static str {
        match self {
            Self::Outlet => "news",
            Self::Ngo => "ngo",
            Self::Agency => "agency",
            Self::Embassy => "embassy",
            Self::Vendor => "vendor",
            Self::Digest => "digest",
            Self::Event => "event",
            Self::Survey => "survey",
            Self::Internal => "internal",
            Self::Freelance => "freelance",
            Self::Partner => "partner",
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hostile {
    pub senders: usize,
    pub mails: usize,
    pub waves: usize,
    pub first: Date,
    pub last: Date,
    pub opened: u64,
    pub attached: u64,
    pub persona: Vec<Persona>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Persona {
    /// The outlet that it claims to be.
    pub outlet: String,
    /// The domain that it writes from.
    pub domain: String,
    /// Where its tokens go.
    pub tracking: String,
}

/// What a quoted article says, line by line.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Story {
    pub title: String,
    pub lines: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Texts {
    pools: Pools,
    #[serde(default)]
    story: Vec<Story>,
}

/// All tables.
#[derive(Clone, Debug)]
pub(super) struct Tables {
    pub data: Data,
    pub names: Names,
    /// Honest texts.
    pub texts: Pools,
    /// The campaign's texts.
    pub lies: Pools,
    pub stories: Vec<Story>,
}

impl Tables {
    pub(super) fn built_in() -> Result<Self, ExerciseError> {
        let texts: Texts =
            parse("alliance-texts.toml", include_str!("../../../../exercises/alliance-texts.toml"))?;
        let lies: Texts =
            parse("alliance-campaign.toml", include_str!("../../../../exercises/alliance-campaign.toml"))?;
        Ok(Self {
            data: data()?,
            names: Names::built_in()?,
            texts: texts.pools,
            lies: lies.pools,
            stories: lies.story,
        })
    }

    pub(super) fn volume(&self, name: &str) -> u64 {
        self.data.volume.get(name).copied().unwrap_or(0)
    }
}

/// The scenario itself.
pub(super) fn data() -> Result<Data, ExerciseError> {
    parse("alliance.toml", include_str!("../../../../exercises/alliance.toml"))
}

fn parse<T: serde::de::DeserializeOwned>(file: &'static str, text: &str) -> Result<T, ExerciseError> {
    toml::from_str(text).map_err(|error| ExerciseError::Data { file, what: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_tables_hold_together() {
        let tables = Tables::built_in().unwrap();
        let vars = [
            "first", "last", "name", "you", "me", "editor", "title", "date", "sender", "client", "outlet",
            "outlet2", "code", "office", "cause", "story",
        ];
        assert!(tables.texts.unknown(&vars).is_empty());
        assert!(tables.lies.unknown(&vars).is_empty());
        let data = &tables.data;
        assert_eq!(data.parliament.iter().map(|one| one.members).sum::<usize>(), 400);
        assert_eq!(data.hostile.persona.len(), data.hostile.senders);
        for persona in &data.hostile.persona {
            let outlet = data.outlet.iter().find(|outlet| outlet.name == persona.outlet);
            assert_ne!(outlet.unwrap().domain, persona.domain);
        }
        for story in &tables.stories {
            assert!(story.lines.len() >= 4);
        }
    }
}
