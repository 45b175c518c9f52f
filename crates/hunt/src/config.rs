use std::collections::BTreeSet;
use std::path::PathBuf;

use model::{Level, Settings, Time};
use sha2::{Digest, Sha256};

/// What to hunt through, and how. Everything here but `threads`, `tmp` and `resume` has an influence
/// on the result and stands in the manifest.
#[derive(Clone, Debug)]
pub struct Config {
    /// Files and folders.
    pub paths: Vec<PathBuf>,
    /// Workers; at least one.
    pub threads: usize,
    /// How evidence is read.
    pub reading: observe::Settings,
    /// Records before this moment are passed over.
    pub since: Option<Time>,
    /// Records at or after this moment are passed over.
    pub until: Option<Time>,
    /// Findings below this level are not reported (correlations still count them).
    pub min_level: Level,
    /// Report only rules with one of these tags; empty: all.
    pub tags: BTreeSet<String>,
    /// Report no rule with one of these ids, titles or tags.
    pub exclude: BTreeSet<String>,
    /// Only records that name this host, account or address.
    pub focus: Option<String>,
    /// Part of a path → microseconds to add to the times of that evidence.
    pub clocks: Vec<(String, i64)>,
    /// What is known of the institution, and whose word counts, for mail.
    pub mail: mail::Settings,
    /// Where to keep who has written to whom; `None`: for this hunt alone.
    pub history: Option<PathBuf>,
    /// Where to spill; emptied afterwards.
    pub tmp: PathBuf,
    /// Where to keep, per file, what is needed not to read it again.
    pub resume: Option<PathBuf>,
    /// Version of the program, for the manifest and the keys of `resume`.
    pub program: String,
}

impl Config {
    /// Every option that has an influence on the result, as the manifest shows them.
    pub fn settings(&self) -> Settings {
        let time = |time: Option<Time>| time.map_or_else(|| "none".to_owned(), |time| time.to_string());
        let list = |texts: &BTreeSet<String>| texts.iter().cloned().collect::<Vec<_>>().join(", ");
        let zone = self.reading.zone.iana_name().unwrap_or("fixed offset").to_owned();
        let limits = &self.reading.limits;
        let institution = model::hex(&Sha256::digest(format!("{:?}", self.mail)));
        [
            ("institution", institution.chars().take(16).collect()),
            ("authserv-id", self.mail.authserv_ids.join(", ")),
            ("since", time(self.since)),
            ("until", time(self.until)),
            ("min-level", self.min_level.to_string()),
            ("tag", list(&self.tags)),
            ("exclude", list(&self.exclude)),
            ("focus", self.focus.clone().unwrap_or_else(|| "none".to_owned())),
            ("zone", zone),
            (
                "year",
                self.reading.year.map_or_else(|| "from each file's date".to_owned(), |year| year.to_string()),
            ),
            (
                "clock",
                self.clocks
                    .iter()
                    .map(|(path, micros)| format!("{path}={:+}s", *micros as f64 / 1e6))
                    .collect::<Vec<_>>()
                    .join(", "),
            ),
            (
                "limits",
                format!(
                    "depth {}, ratio {}, {} bytes unpacked, {} members",
                    limits.depth, limits.ratio, limits.unpacked, limits.members
                ),
            ),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
    }
}
