use ipnet::IpNet;
use serde::Deserialize;

use crate::who::Outlets;

/// What is known of the institution, and whose word counts.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Its own mail domains.
    pub domains: Vec<String>,
    /// Names of its own mail servers, as they stand behind `by` in `Received`.
    pub hosts: Vec<String>,
    /// Addresses of its own mail servers and relays.
    pub relays: Vec<IpNet>,
    /// Servers whose `Authentication-Results` are believed (RFC 8601); none by default.
    pub authserv_ids: Vec<String>,
    /// Domains that others like to be taken for, beside its own.
    pub protected_domains: Vec<String>,
    /// People that others like to be taken for.
    pub people: Vec<Person>,
    /// Domains of services by which the institution itself sends in bulk.
    pub own_bulk: Vec<String>,
    /// News outlets beside the built-in ones.
    pub outlets: Outlets,
}

/// A person whose name is protected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Person {
    /// The name as it is written in mail.
    pub name: String,
    /// Addresses that are the person's own.
    pub addresses: Vec<String>,
}

impl Settings {
    /// Reads the institution's file (TOML).
    ///
    /// # Errors
    ///
    /// With line and column, when it is none or holds what is not known.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }
}
