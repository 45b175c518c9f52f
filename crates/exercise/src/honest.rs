//! What honest machines do, read from `exercises/honest.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::ExerciseError;
use crate::dice::Dice;

/// Tables of ordinary programs, files, services and visitors.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Honest {
    pub programs: BTreeMap<String, Vec<[String; 4]>>,
    pub files: BTreeMap<String, Vec<[String; 2]>>,
    pub registry: BTreeMap<String, Vec<[String; 3]>>,
    pub services: BTreeMap<String, Vec<String>>,
    pub agents: BTreeMap<String, Vec<String>>,
    pub web: BTreeMap<String, Vec<String>>,
}

impl Honest {
    pub(crate) fn built_in() -> Result<Self, ExerciseError> {
        toml::from_str(include_str!("../../../exercises/honest.toml"))
            .map_err(|error| ExerciseError::Data { file: "honest.toml", what: error.to_string() })
    }

    /// A browser, `phones` or `outlook`.
    pub(crate) fn agent(&self, dice: &mut Dice, kind: &str) -> &str {
        self.agents.get(kind).map_or("", |agents| dice.text(agents))
    }
}

/// Fills in a text of the tables.
pub(crate) fn filled(text: &str, dice: &mut Dice, host: &str, domain: &str, user: &str) -> String {
    if !text.contains('{') {
        return text.to_owned();
    }
    let number = dice.within(100_000..999_999).to_string();
    text.replace("{number}", &number)
        .replace("{host}", host)
        .replace("{domain}", domain)
        .replace("{user}", user)
}
