//! A gate from its start to its end.

mod changes;
mod doors;
mod pages;
mod upkeep;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::Outside;
use crate::config::Config;
use crate::judge::Room;
use crate::memory::{Days, Memory, MemoryError};
use crate::quarantine::{Quarantine, QuarantineError};
use crate::setup::{Setup, SetupError, Told};
use doors::Doors;

/// What the program tells a running gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Read the configuration again.
    Reload,
    /// Take nothing new, end what is open, and stop.
    Drain,
}

/// Why a gate cannot run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The configuration cannot be put to work.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The quarantine cannot be used.
    #[error(transparent)]
    Quarantine(#[from] QuarantineError),
    /// The history cannot be used.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// A door cannot be opened.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where.
        address: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A part of the gate broke.
    #[error("a part of the gate broke: {0}")]
    Broke(String),
}

/// Looks whether the configuration at `path` could be put to work, and says what it comes to.
///
/// # Errors
///
/// When it could not.
pub fn check(path: &Path, outside: &Outside) -> Result<Told, RunError> {
    let (setup, told) = Setup::read(path, outside)?;
    doors::settings(&setup)?;
    Ok(told)
}

/// Runs the gate of the configuration at `path` until it is told to drain.
///
/// # Errors
///
/// When it cannot begin, or a part of it breaks.
pub async fn run(path: &Path, outside: Outside, mut signals: mpsc::Receiver<Signal>) -> Result<(), RunError> {
    let (setup, told) = Setup::read(path, &outside)?;
    tell(&told);
    let quarantine = Quarantine::open(&setup.config.quarantine.dir)?;
    let _lock = quarantine.lock()?;
    let room = Arc::new(begin(setup, quarantine, outside)?);
    let (end, ends) = watch::channel(false);
    let mut tasks = JoinSet::new();
    let mut doors = Doors::open(&room, &mut tasks, &ends).await?;
    pages::open(&room, &mut tasks, &ends).await?;
    tasks.spawn(upkeep::upkeep(room.clone(), ends.clone()));
    tracing::info!("the gate is open");
    let broke = loop {
        tokio::select! {
            signal = signals.recv() => match signal {
                Some(Signal::Reload) => reload(path, &room, &mut doors),
                Some(Signal::Drain) | None => break None,
            },
            Some(ended) = tasks.join_next() => {
                break Some(ended.err().map_or_else(|| "it ended".to_owned(), |error| error.to_string()));
            }
        }
    };
    tracing::info!("the gate closes: what is open is ended");
    // Nobody listens any more where every part has broken.
    let _ = end.send(true);
    while tasks.join_next().await.is_some() {}
    room.memory.keep()?;
    tracing::info!("the gate is closed");
    broke.map_or(Ok(()), |why| Err(RunError::Broke(why)))
}

fn begin(setup: Setup, mut quarantine: Quarantine, outside: Outside) -> Result<Room, RunError> {
    let now = (outside.now)();
    let secret = quarantine.secret(outside.random)?;
    for id in quarantine.mend(now, || outside.name())? {
        tracing::warn!(id, "an original without an entry was found and entered");
    }
    let memory =
        Memory::open(&history_file(&setup.config), days(&setup.config), setup.config.limits.mailings, now)?;
    Ok(Room::new(outside, setup, memory, quarantine, secret))
}

/// Where the history lies; beside the originals where nothing is set.
fn history_file(config: &Config) -> PathBuf {
    config
        .history
        .as_ref()
        .map_or_else(|| config.quarantine.dir.join("history.sqlite"), |set| set.file.clone())
}

fn days(config: &Config) -> Days {
    let set = config.history.as_ref();
    Days {
        history: set.map_or(730, |set| set.retention_days),
        mailings: set.map_or(90, |set| set.mailing_days),
    }
}

/// Takes the configuration over where it can be used; else everything stays as it was.
fn reload(path: &Path, room: &Room, doors: &mut Doors) {
    let old = room.setup();
    let new = Setup::read(path, &room.outside).map_err(RunError::from).and_then(|(setup, told)| {
        let settings = doors::settings(&setup)?;
        Ok((setup, told, settings))
    });
    match new {
        Ok((setup, told, settings)) => {
            tell(&told);
            let (changed, later) = changes::between(&old.config, &setup.config);
            for what in later {
                tracing::warn!(what, "counts only when the gate is started again");
            }
            doors.set(settings);
            *room.setup.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(setup);
            room.metrics.reloads.fetch_add(1, Ordering::Relaxed);
            tracing::info!(
                changed = changed.join(", "),
                rules = told.rules,
                "the configuration was taken over"
            );
        }
        Err(error) => {
            room.metrics.reloads_failed.fetch_add(1, Ordering::Relaxed);
            let cause = causes(&error);
            tracing::error!(%error, cause, "the configuration cannot be used; the old one stays");
        }
    }
}

fn causes(error: &dyn std::error::Error) -> String {
    let mut all = Vec::new();
    let mut next = error.source();
    while let Some(error) = next {
        all.push(error.to_string());
        next = error.source();
    }
    all.join(": ")
}

fn tell(told: &Told) {
    for what in &told.rejected {
        tracing::warn!(what, "a rule cannot be used");
    }
    for what in &told.remarks {
        tracing::warn!(what, "of the configuration");
    }
}

#[cfg(test)]
mod tests;
