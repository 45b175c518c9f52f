use model::Time;
use serde::Serialize;

use crate::verdict::Held;

/// What became of an original.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It lies there.
    #[default]
    Held,
    /// It was sent on, and lies there.
    Released,
    /// It was deleted.
    Deleted,
}

/// Why an original was kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Why {
    /// Its recipients got nothing.
    #[default]
    Quarantined,
    /// Its recipients got it made harmless.
    Neutralised,
    /// It was rejected.
    Rejected,
    /// It was found without an entry.
    Orphan,
}

macro_rules! words {
    ($kind:ident: $($variant:ident $word:literal),+) => {
        impl $kind {
            /// The word for it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
            pub(super) fn of(word: &str) -> Self {
                match word { $($word => Self::$variant,)+ _ => Self::default() }
            }
        }
        impl std::str::FromStr for $kind {
            type Err = String;
            fn from_str(word: &str) -> Result<Self, String> {
                match word {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(format!("“{word}” is none of {}", [$($word),+].join(", "))),
                }
            }
        }
    };
}

words!(State: Held "held", Released "released", Deleted "deleted");
words!(Why: Quarantined "quarantined", Neutralised "neutralised", Rejected "rejected", Orphan "orphan");

/// What is entered with an original.
#[derive(Clone, Debug)]
pub struct New<'a> {
    /// A name that no other delivery has.
    pub id: &'a str,
    /// When it came.
    pub time: Time,
    /// Why it is kept.
    pub why: Why,
    /// The address outside that it came from.
    pub client: String,
    /// The envelope sender.
    pub mail_from: &'a str,
    /// The envelope recipients that it is kept for.
    pub recipients: &'a [String],
    /// The address in `From`.
    pub sender: &'a str,
    /// The subject.
    pub subject: &'a str,
    /// The highest level that held.
    pub level: &'a str,
    /// The rules that held.
    pub rules: &'a [Held],
    /// Why, in words.
    pub explanation: &'a str,
}

/// A delivery whose original was kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Its name.
    pub id: String,
    /// When it came.
    pub time: Time,
    /// Why it was kept.
    pub why: Why,
    /// What became of it.
    pub state: State,
    /// Who released or deleted it; empty where nobody did.
    pub by: String,
    /// The address outside that it came from; empty where it is not known.
    pub client: String,
    /// The envelope sender.
    pub mail_from: String,
    /// The envelope recipients that it was kept for.
    pub recipients: Vec<String>,
    /// The address in `From`.
    pub sender: String,
    /// The subject.
    pub subject: String,
    /// The highest level that held; `none` where no rule did.
    pub level: String,
    /// The rules that held, by title.
    pub rules: Vec<String>,
    /// Why, in words.
    pub explanation: String,
    /// The hash of the original, by which its file is called.
    pub sha256: String,
    /// Its size in bytes.
    pub size: u64,
    /// How many deliveries share the original, this one included; 0 where it was deleted.
    pub shared: u64,
}

/// Which deliveries are listed.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// In this state.
    pub state: Option<State>,
    /// In any state but deleted.
    pub kept: bool,
    /// Not before.
    pub since: Option<Time>,
    /// Before.
    pub before: Option<Time>,
    /// At most so many; 0: all.
    pub limit: u32,
}
