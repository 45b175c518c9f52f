//! The answer on paper and on the wire.
//!
//! Everything that leaves the program as a file is written here, each output by one function or
//! one small writer, into a [`std::io::Write`] that the caller hands in. Nothing here opens a file,
//! prints, asks the clock or draws a random number: the same case gives the same bytes.
//!
//! | output | by |
//! | --- | --- |
//! | the answer in a few sentences | [`answer`] |
//! | reconnaissance by mail, in sentences for those who got it | [`Mailings`] |
//! | `findings.jsonl` | [`write_finding`] |
//! | `timeline.csv`, `timeline.jsonl` | [`CsvTimeline`], [`JsonTimeline`] |
//! | `navigator.json` | [`write_navigator`] |
//! | `case.stix.json` | [`write_stix`] |
//! | `report.html` | [`write_report`] |
//!
//! Findings may be millions, so they are written one by one, and a [`Tally`] gathers in the same
//! pass what report and STIX need of all of them. Values of logs are hostile: in HTML they are
//! escaped by the template, everywhere a person looks they go through [`visible`], and in CSV no
//! cell begins a formula.
//!
//! ```
//! use model::{Case, EvidenceId};
//! use share::{CsvTimeline, ReportSettings, Tally, answer, write_finding, write_report};
//!
//! let case = Case::default();
//! let findings: Vec<(model::Finding, Option<String>)> = Vec::new();
//! let origins = |_: EvidenceId| ("evidence/Security.evtx", "5f6f…");
//!
//! let mut tally = Tally::new(&case);
//! let mut lines = Vec::new();
//! let mut timeline = CsvTimeline::new(Vec::new())?;
//! for (finding, incident) in &findings {
//!     write_finding(&mut lines, finding, incident.as_deref(), &origins)?;
//!     timeline.push(finding, incident.as_deref(), &origins)?;
//!     tally.add(finding, incident.as_deref());
//! }
//! assert_eq!(timeline.finish()?.left_out, 0);
//!
//! let mut report = Vec::new();
//! write_report(&mut report, &case, &tally, &origins, &ReportSettings::default())?;
//! assert!(answer(&case)[0].starts_with("No sign of an intrusion"));
//! # Ok::<(), std::io::Error>(())
//! ```

use model::EvidenceId;

mod answer;
mod attack;
mod dates;
mod fields;
mod finding;
mod mailings;
mod navigator;
mod report;
mod stix;
mod tally;
mod text;
mod timeline;

#[cfg(test)]
#[path = "../tests/sample/mod.rs"]
mod sample;

pub use answer::{answer, exposed_parts, is_brief};
pub use dates::stamp;
pub use finding::write_finding;
pub use mailings::Mailings;
pub use navigator::write_navigator;
pub use report::{ReportSettings, write_report};
pub use stix::{RulePattern, StixSettings, write_stix};
pub use tally::Tally;
pub use text::{count, visible};
pub use timeline::{CsvTimeline, JsonTimeline, TimelineCount};

/// Tells path and SHA-256 of a piece of evidence, as the manifest shows them.
pub type Origins<'a> = dyn Fn(EvidenceId) -> (&'a str, &'a str) + 'a;
