use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How much a finding matters, as its rule says (Sigma specification, `level`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Context, not a sign of anything.
    Informational,
    /// Notable; rarely of interest alone.
    Low,
    /// To be looked at.
    Medium,
    /// To be looked at now.
    High,
    /// Almost certainly an intrusion.
    Critical,
}

impl Level {
    /// All levels, least first.
    pub const ALL: [Self; 5] = [Self::Informational, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The word that Sigma uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that names no level or marking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownLevel {
    /// The word as it stood in the input.
    pub text: String,
    /// The words that would have served.
    pub known: &'static str,
}

impl fmt::Display for UnknownLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "“{}” is none of {}", self.text, self.known)
    }
}

impl std::error::Error for UnknownLevel {}

impl FromStr for Level {
    type Err = UnknownLevel;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|level| level.as_str() == text.to_ascii_lowercase()).ok_or_else(|| {
            UnknownLevel { text: text.to_owned(), known: "informational, low, medium, high, critical" }
        })
    }
}

/// Traffic Light Protocol 2.0: who may be told (FIRST, August 2022).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tlp {
    /// Everybody.
    Clear,
    /// The community.
    Green,
    /// The organisation and its clients, as they need to know.
    Amber,
    /// The organisation alone.
    #[default]
    #[serde(rename = "amber+strict")]
    AmberStrict,
    /// The people addressed alone.
    Red,
}

impl Tlp {
    /// All markings, the freest first.
    pub const ALL: [Self; 5] = [Self::Clear, Self::Green, Self::Amber, Self::AmberStrict, Self::Red];

    /// The marking as typed on a command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Green => "green",
            Self::Amber => "amber",
            Self::AmberStrict => "amber+strict",
            Self::Red => "red",
        }
    }
}

impl fmt::Display for Tlp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TLP:{}", self.as_str().to_ascii_uppercase())
    }
}

impl FromStr for Tlp {
    type Err = UnknownLevel;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|tlp| tlp.as_str() == text.to_ascii_lowercase()).ok_or_else(|| {
            UnknownLevel { text: text.to_owned(), known: "clear, green, amber, amber+strict, red" }
        })
    }
}
