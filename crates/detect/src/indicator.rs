//! Indicators: addresses, domains, hashes and URLs that others have seen an actor use.

use model::{Event, Matched, RuleInfo};

use crate::Rejected;

/// Reads indicator files.
#[derive(Debug, Default)]
pub struct IndicatorLoader {
    out: Indicators,
}

impl IndicatorLoader {
    /// Reads one file.
    pub fn add(&mut self, _source: &str, _bytes: &[u8]) {}

    /// What was read.
    pub fn finish(self) -> Indicators {
        self.out
    }
}

/// Indicators, indexed so that a hundred thousand cost about as much as one.
#[derive(Debug, Default)]
pub struct Indicators {
    infos: Vec<RuleInfo>,
    sha256: String,
    rejected: Vec<Rejected>,
}

impl Indicators {
    /// What findings say of each indicator.
    pub fn infos(&self) -> &[RuleInfo] {
        &self.infos
    }

    /// What findings say of the indicator at `place`.
    pub fn info(&self, place: u32) -> &RuleInfo {
        &self.infos[place as usize]
    }

    /// What could not be read, and why.
    pub fn rejected(&self) -> &[Rejected] {
        &self.rejected
    }

    /// Lower-case hexadecimal SHA-256 over all that was loaded.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Which indicators match `event`, and by which facts.
    pub fn look(&self, _event: &Event) -> Vec<(u32, Vec<Matched>)> {
        Vec::new()
    }
}
