//! Findings to incidents, exposure and gaps.
//!
//! A hunt ends with thousands of findings; a reader asks what happened. This crate decides which
//! findings belong together, and says of each such incident when it began, which stages it went
//! through, what it touched and exposed, where evidence is missing, and why its findings stand
//! together. It knows no wire format: it reads [`model::Finding`]s and the tables in `data/`.
//!
//! # How findings are linked
//!
//! Findings of one rule with the same machine, accounts, mailboxes and addresses, without a long
//! pause between them, form a *run*. Runs are compared in order of time. Two runs that share a
//! value are tied by it, and the weight of the tie (0 to 100) is a product of
//!
//! * what kind of value it is: a process or an address outside tells much, a host little;
//! * how rare it is, by the days on which findings name it, against all days of the evidence. For
//!   the machine on which both stand: how many other runs could stand there by chance;
//! * how much time lies between: a host counts for hours, an account or an address outside for
//!   more than a year;
//! * how quiet both rules are: by the days and machines on which they fire, and by the days on
//!   which they fire for these actors;
//! * for values that tell little, the levels of both.
//!
//! A run joins an incident when the most telling ties of each slot (host, peer, address, identity,
//! process, file, share) add up to 50: one strong value does, or two weaker ones together. A run
//! that only just joined weakens what ties to it. A joining run may bring two incidents together;
//! where it is tied to one of them by their machine alone, only when a run of another day says the
//! same. Runs below medium, and those of noisy rules, are compared last: they follow the incident
//! that they fit best, and bring nothing together. Two rules widen this: the same rule on the same outside address, process, session or file is one story
//! however often it fires; and once an incident has shown three tactics at high on a machine,
//! that machine counts as held, so that serious and unusual findings there join for months.
//!
//! All numbers are in `data/links.toml`, all arithmetic is in whole numbers, and every tie that
//! made a run join is listed in [`model::Incident::links`].
//!
//! # Two passes, bounded memory
//!
//! Findings stream through twice, in order of time, evidence and record: once to learn what there
//! is and how common it is ([`Linker`]), once to count them into their incidents ([`Collector`]).
//! What is kept are distinct things and runs, never findings, and both are bounded; a bound that
//! was reached is told in [`Answer::notes`].
//!
//! ```
//! use assess::{Linker, Settings};
//!
//! # fn main() -> Result<(), assess::BadTable> {
//! let findings: Vec<model::Finding> = Vec::new();
//! let mut linker = Linker::new(&Settings::default())?;
//! for finding in &findings {
//!     linker.see(finding, Some("EX01"));
//! }
//! let plan = linker.link();
//! let mut collector = plan.collect();
//! for finding in &findings {
//!     let incident = collector.add(finding, Some("EX01"));
//!     assert_eq!(incident.and_then(|i| plan.incident_id(i)), plan.incident_of(finding, Some("EX01")));
//! }
//! assert!(collector.finish().incidents.is_empty());
//! # Ok(())
//! # }
//! ```

mod collect;
mod command;
mod exposure;
mod incident;
mod key;
mod linker;
mod mention;
mod normal;
mod own;
mod plan;
mod runs;
mod scales;
mod sids;
mod tables;
mod tactic;
mod things;
mod tie;
mod title;
mod volume;
mod weave;
mod weigh;

#[cfg(test)]
#[path = "../tests/common/mod.rs"]
mod testing;

pub use collect::{Answer, Collector};
pub use linker::Linker;
pub use plan::Plan;
pub use tables::BadTable;
pub use volume::Volume;

pub(crate) use mention::Kind;

use model::Time;
use sha2::{Digest, Sha256};

/// What the assessment is told beside the findings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// When the intrusion was detected, as somebody said; dwell time counts until then, else
    /// until the last record.
    pub detected: Option<Time>,
}

/// The first eight bytes of the SHA-256 of `text`: the same on every machine, in every version.
fn stable_hash(text: &str) -> u64 {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(8).fold(0, |hash, &byte| hash << 8 | u64::from(byte))
}
