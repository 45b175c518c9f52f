//! Originals of messages that were kept back, changed or rejected.
//!
//! A folder of the gate's own holds each original once, under its SHA-256, and an index (SQLite) of the
//! deliveries that it was kept for. The file is on disk before the index names it, and the index is on disk
//! before the sender is told; a file without an entry, left by a stop in between, is entered at the next
//! start. Who reads or releases an original stands in a table that can only grow.

mod acts;
mod entry;
mod index;
mod store;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use model::Time;
use rusqlite::Connection;
use sha2::{Digest, Sha256};

pub use acts::{Act, What};
pub use entry::{Entry, Filter, New, State, Why};

use crate::files;

/// Deliveries that were kept, with their originals.
#[derive(Debug)]
pub struct Quarantine {
    dir: PathBuf,
    index: Connection,
}

/// Why an original cannot be kept, found or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QuarantineError {
    /// The folder or a file in it cannot be used.
    #[error("the quarantine {path} cannot be used")]
    Io {
        /// Folder or file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The index cannot be read or written.
    #[error("the index of the quarantine cannot be used")]
    Index(#[from] rusqlite::Error),
    /// The index is of a later version of the program.
    #[error("the quarantine is of version {found}, and this program knows up to {known}")]
    Version {
        /// Its version.
        found: i64,
        /// The latest that is known.
        known: i64,
    },
    /// Another gate uses it.
    #[error("another gate uses the quarantine {0}")]
    Taken(PathBuf),
    /// There is no such delivery.
    #[error("there is no delivery {0} in quarantine")]
    Unknown(String),
    /// The original was deleted.
    #[error("the original of {0} was deleted")]
    Deleted(String),
    /// The original is not what was kept.
    #[error("the original of {0} is not what was kept: its hash differs")]
    Changed(String),
}

/// As long as it lives no other gate uses the quarantine.
#[derive(Debug)]
pub struct Lock(#[allow(dead_code)] File);

impl Quarantine {
    /// Opens or makes the quarantine in the folder `dir`.
    ///
    /// # Errors
    ///
    /// When the folder or the index cannot be used.
    pub fn open(dir: &Path) -> Result<Self, QuarantineError> {
        for folder in [dir.to_owned(), store::folder(dir), store::partial(dir)] {
            files::folder(&folder).map_err(named(&folder))?;
        }
        Ok(Self { dir: dir.to_owned(), index: index::open(dir)? })
    }

    /// Opens the quarantine in the folder `dir` where there is one.
    ///
    /// # Errors
    ///
    /// When there is none, or it cannot be used.
    pub fn existing(dir: &Path) -> Result<Self, QuarantineError> {
        let path = index::file(dir);
        std::fs::metadata(&path).map_err(named(&path))?;
        Ok(Self { dir: dir.to_owned(), index: index::open(dir)? })
    }

    /// Takes the quarantine for one gate alone.
    ///
    /// # Errors
    ///
    /// When another gate has it.
    pub fn lock(&self) -> Result<Lock, QuarantineError> {
        let path = self.dir.join("lock");
        let file = files::open(&path, false).map_err(named(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock(file)),
            Err(std::fs::TryLockError::WouldBlock) => Err(QuarantineError::Taken(self.dir.clone())),
            Err(std::fs::TryLockError::Error(source)) => Err(named(&path)(source)),
        }
    }

    /// The secret of this quarantine, made with `random` where there is none yet.
    ///
    /// # Errors
    ///
    /// When it cannot be read or made.
    pub fn secret(&self, random: fn(&mut [u8])) -> Result<[u8; 32], QuarantineError> {
        let path = self.dir.join("secret");
        let mut secret = [0; 32];
        match files::open_read(&path).and_then(|mut file| file.read_exact(&mut secret)) {
            Ok(()) => Ok(secret),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                random(&mut secret);
                let partial = store::partial(&self.dir).join("secret");
                let _ = std::fs::remove_file(&partial);
                files::write_whole(&path, &partial, &secret).map_err(named(&path))?;
                Ok(secret)
            }
            Err(error) => Err(named(&path)(error)),
        }
    }

    /// Keeps an original. When this returns, file and entry are on disk.
    ///
    /// # Errors
    ///
    /// When they are not.
    pub fn keep(&mut self, new: &New<'_>, raw: &[u8]) -> Result<(), QuarantineError> {
        let hash = model::hex(&Sha256::digest(raw));
        let stored = store::write(&self.dir, &hash, new.id, raw);
        stored.map_err(named(&store::path(&self.dir, &hash)))?;
        index::insert(&self.index, new, &hash, raw.len() as u64)?;
        // Somebody may have deleted the last other delivery of this original in between.
        let stored = store::write(&self.dir, &hash, new.id, raw);
        stored.map_err(named(&store::path(&self.dir, &hash)))
    }

    /// The deliveries that `filter` asks for, the latest first.
    ///
    /// # Errors
    ///
    /// When the index cannot be read.
    pub fn list(&self, filter: &Filter) -> Result<Vec<Entry>, QuarantineError> {
        Ok(index::list(&self.index, filter)?)
    }

    /// One delivery.
    ///
    /// # Errors
    ///
    /// When there is none of that id.
    pub fn entry(&self, id: &str) -> Result<Entry, QuarantineError> {
        index::get(&self.index, id)?.ok_or_else(|| QuarantineError::Unknown(id.to_owned()))
    }

    /// Reads an original for `act`, which is written down first: nobody reads unseen.
    ///
    /// # Errors
    ///
    /// When there is none, it is not what was kept, or the act cannot be written down.
    pub fn read(&self, id: &str, act: &Act<'_>) -> Result<Vec<u8>, QuarantineError> {
        let entry = self.entry(id)?;
        if entry.state == State::Deleted {
            return Err(QuarantineError::Deleted(id.to_owned()));
        }
        acts::note(&self.index, id, act)?;
        let path = store::path(&self.dir, &entry.sha256);
        let raw = std::fs::read(&path).map_err(named(&path))?;
        if model::hex(&Sha256::digest(&raw)) != entry.sha256 {
            return Err(QuarantineError::Changed(id.to_owned()));
        }
        Ok(raw)
    }

    /// Writes down something that was done with a delivery.
    ///
    /// # Errors
    ///
    /// When the index cannot be written.
    pub fn note(&self, id: &str, act: &Act<'_>) -> Result<(), QuarantineError> {
        Ok(acts::note(&self.index, id, act)?)
    }

    /// Everything that was done with a delivery, the first act first: when, who, what, and words.
    ///
    /// # Errors
    ///
    /// When the index cannot be read.
    pub fn acts(&self, id: &str) -> Result<Vec<(Time, String, String, String)>, QuarantineError> {
        Ok(acts::list(&self.index, id)?)
    }

    /// Says that a delivery was released.
    ///
    /// # Errors
    ///
    /// When the index cannot be written.
    pub fn released(&mut self, id: &str, act: &Act<'_>) -> Result<(), QuarantineError> {
        let change = self.index.transaction()?;
        acts::note(&change, id, act)?;
        index::set_state(&change, id, State::Released, act)?;
        Ok(change.commit()?)
    }

    /// Deletes the original of a delivery. The entry stays and says so.
    ///
    /// # Errors
    ///
    /// When there is none of that id, or the file cannot be removed.
    pub fn delete(&mut self, id: &str, act: &Act<'_>) -> Result<(), QuarantineError> {
        let entry = self.entry(id)?;
        if entry.state == State::Deleted {
            return Err(QuarantineError::Deleted(id.to_owned()));
        }
        let change = self.index.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        acts::note(&change, id, act)?;
        index::set_state(&change, id, State::Deleted, act)?;
        // The file goes while nobody can add an entry for it; if the commit fails, the entry outlives it
        // and says at the next reading that the file is not there.
        if index::uses(&change, &entry.sha256)? == 0 {
            let path = store::path(&self.dir, &entry.sha256);
            store::remove(&path).map_err(named(&path))?;
        }
        Ok(change.commit()?)
    }

    /// Deletes what is older than `before`, and forgets what was deleted before `forget`. Says how many
    /// deliveries were deleted.
    ///
    /// # Errors
    ///
    /// When the index cannot be written or a file cannot be removed.
    pub fn expire(&mut self, before: Time, forget: Time, act: &Act<'_>) -> Result<u64, QuarantineError> {
        let mut deleted = 0;
        // In parts, so that memory is bounded; each part takes what it lists.
        loop {
            let old =
                self.list(&Filter { before: Some(before), kept: true, limit: 1000, ..Filter::default() })?;
            if old.is_empty() {
                break;
            }
            for entry in &old {
                self.delete(&entry.id, act)?;
            }
            deleted += old.len() as u64;
        }
        index::forget(&self.index, forget)?;
        Ok(deleted)
    }

    /// Enters originals that no entry names, as a stop between file and index leaves them, and clears what
    /// was being written. Returns the ids of the new entries.
    ///
    /// # Errors
    ///
    /// When folders or index cannot be used.
    pub fn mend(
        &mut self,
        now: Time,
        mut name: impl FnMut() -> String,
    ) -> Result<Vec<String>, QuarantineError> {
        let dir = self.dir.clone();
        store::clear_partial(&dir).map_err(named(&dir))?;
        let mut mended = Vec::new();
        for (hash, size) in store::list(&dir).map_err(named(&dir))? {
            if index::uses(&self.index, &hash)? > 0 {
                continue;
            }
            let id = name();
            let new = New {
                id: &id,
                time: now,
                why: Why::Orphan,
                explanation: "Found without an entry after a stop: its sender was not told that it was taken, \
                    and sends it again.",
                client: String::new(),
                mail_from: "",
                recipients: &[],
                sender: "",
                subject: "",
                level: "none",
                rules: &[],
            };
            index::insert(&self.index, &new, &hash, size)?;
            mended.push(id);
        }
        Ok(mended)
    }

    /// How many originals are held, and their bytes.
    ///
    /// # Errors
    ///
    /// When the index cannot be read.
    pub fn size(&self) -> Result<(u64, u64), QuarantineError> {
        Ok(index::size(&self.index)?)
    }

    /// Writes down that `recipients` may get the release `mark` once each.
    ///
    /// # Errors
    ///
    /// When the index cannot be written.
    pub fn marked(&self, mark: &str, expires: Time) -> Result<(), QuarantineError> {
        Ok(index::add_mark(&self.index, mark, expires)?)
    }

    /// Uses the release `mark` for `recipients`; false where it was never given, or was used for one of them.
    ///
    /// # Errors
    ///
    /// When the index cannot be written.
    pub fn use_mark(
        &mut self,
        mark: &str,
        recipients: &[String],
        now: Time,
    ) -> Result<bool, QuarantineError> {
        let change = self.index.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let good = index::use_mark(&change, mark, recipients, now)?;
        if good {
            change.commit()?;
        }
        Ok(good)
    }
}

fn named(path: &Path) -> impl Fn(io::Error) -> QuarantineError {
    let path = path.to_owned();
    move |source| QuarantineError::Io { path: path.clone(), source }
}

#[cfg(test)]
mod tests;
