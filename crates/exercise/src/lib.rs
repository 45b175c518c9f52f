//! Staged incidents with ground truth, to rehearse a team and to measure a tool.
//!
//! [`stage`] writes a folder of evidence: event logs, web logs, mail logs, audit logs and mailboxes
//! of an invented organisation over many months, in the formats in which a responder finds them,
//! some of them packed, some torn. Within the traffic of a few hundred people lies one intrusion.
//! `truth.json` says which records it left, what was put at risk, and what only looks like it.
//! [`score`] compares findings with that truth.
//!
//! Everything is drawn from a seed: names, hosts, addresses, times. The same seed and scale give
//! the same bytes, so that two tools or two versions of one can be compared. Scenarios and their
//! tables are data below `exercises/`; code knows how a technique looks in a log, not when it is
//! used or by whom. Nothing here prints, reads a clock, or reaches the network.
//!
//! ```
//! # fn main() -> Result<(), exercise::ExerciseError> {
//! let scenarios = exercise::list()?;
//! assert_eq!(scenarios[0].name, "commission");
//! # Ok(())
//! # }
//! ```

mod alliance;
mod background;
mod batch;
mod calendar;
mod catalogue;
mod context;
mod dice;
mod error;
pub mod evtx_writer;
mod formats;
mod honest;
mod lookalikes;
mod mailboxes;
mod registers;
mod scenario;
mod score;
mod sink;
mod stage;
mod store;
mod story;
mod truth;
mod world;

pub use alliance::Difficulty;
pub use error::ExerciseError;
pub use mailboxes::mailboxes;
pub use scenario::ScenarioInfo;
pub use score::{
    ExposureScore, IncidentScore, MailScore, RaisedScore, RecordScore, Score, ScoredCase, ScoredFinding,
    SeenScore, TechniqueScore, score, score_files,
};
pub use stage::stage;
pub use truth::{Background, Hostile, HostileMail, Lookalikes, Mailings, Missing, Risk, Truth, TruthRecords};

/// The exercises that can be staged.
pub fn list() -> Result<Vec<ScenarioInfo>, ExerciseError> {
    let scenarios = scenario::all()?;
    let mut all: Vec<_> = scenarios
        .into_iter()
        .map(|scenario| ScenarioInfo { name: scenario.name, title: scenario.title })
        .collect();
    all.push(alliance::info()?);
    Ok(all)
}
