use serde::Deserialize;

/// News outlets that the institution adds to the built-in directory (`data/outlets.toml`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Outlets {
    /// Each with its names and domains.
    pub list: Vec<Outlet>,
}

/// A news outlet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outlet {
    /// Its name as people write it.
    pub name: String,
    /// Other names.
    #[serde(default)]
    pub also: Vec<String>,
    /// Registered domains that are its own.
    pub domains: Vec<String>,
}
