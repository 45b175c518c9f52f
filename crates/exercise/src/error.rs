use std::io;
use std::path::{Path, PathBuf};

use crate::evtx_writer::TooLarge;

/// Why an exercise could not be staged or scored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExerciseError {
    /// There is no scenario of that name.
    #[error("there is no exercise “{name}”; there is {known}")]
    Unknown {
        /// The name that was asked for.
        name: String,
        /// The names that exist.
        known: String,
    },
    /// A scale that is no positive number.
    #[error("a scale of {scale} cannot be staged; it must lie between 0.0001 and 100")]
    Scale {
        /// The scale that was asked for.
        scale: f64,
    },
    /// A number of mailboxes that cannot be made.
    #[error("{owners} mailboxes cannot be filled; there must be 3 to 10000")]
    Owners {
        /// The number that was asked for.
        owners: usize,
    },
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Data of a scenario that does not hold together.
    #[error("exercises/{file}: {what}")]
    Data {
        /// The data file.
        file: &'static str,
        /// What is wrong with it.
        what: String,
    },
    /// A truth file, finding or case that is not what its format says.
    #[error("{}, line {line}: {source}", path.display())]
    Json {
        /// Which file.
        path: PathBuf,
        /// Which line of it, from 1.
        line: u64,
        /// What the parser said.
        source: serde_json::Error,
    },
    /// A Windows event that no log can hold.
    #[error("event kind {kind}: {source}")]
    Event {
        /// Its kind.
        kind: String,
        /// Why.
        source: TooLarge,
    },
}

impl ExerciseError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }
}
