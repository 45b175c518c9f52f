//! Who has written to whom before: a small local store that a gate keeps and a hunt can build.
//!
//! What is kept of a message are hashes of its sender's address, of the domain, and of the pair of
//! sender and mailbox, each with the first day, the last day and a count. No address lies in clear in
//! the file; who has the file and an address in mind can still ask whether it was seen.

use std::path::Path;

use model::{Event, Time};
use rusqlite::{Connection, OptionalExtension, params};
use rustc_hash::FxHashMap;

use crate::recon::Trace;
use crate::recon::{hash, mix};

/// When something was seen, and how often.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The first time; `None` where it was never seen.
    pub first: Option<Time>,
    /// The last time.
    pub last: Option<Time>,
    /// How often.
    pub count: u64,
}

/// What was known of a message's sender before the message came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The sender's address, to any mailbox.
    pub sender: Seen,
    /// The sender's registered domain, to any mailbox.
    pub domain: Seen,
    /// The sender's address to this mailbox.
    pub pair: Seen,
    /// Messages of this mailbox's owner to the sender.
    pub answered: Seen,
}

impl Known {
    /// Adds it as facts; `now` is when the message came.
    pub fn push(&self, now: Option<Time>, event: &mut Event) {
        event.push_bool("mail.from.first_seen", self.sender.count == 0);
        event.push_bool("mail.from.domain_first_seen", self.domain.count == 0);
        event.push_bool("mail.pair.first_seen", self.pair.count == 0);
        event.push_uint("mail.from.seen", self.sender.count);
        event.push_uint("mail.pair.seen", self.pair.count);
        event.push_bool("mail.pair.answered", self.answered.count > 0);
        let days = |since: Option<Time>| since?.whole_days_until(now?);
        event.push_int("mail.from.known_days", days(self.sender.first).unwrap_or(0).max(0));
        event.push_int("mail.from.domain_known_days", days(self.domain.first).unwrap_or(0).max(0));
    }
}

/// The store: in memory for one hunt, in a file for a gate, and both for hunts that go on from one
/// another.
#[derive(Debug)]
pub struct History {
    store: Store,
    /// What other hunts have learned, and this one adds to in the end.
    earlier: Option<Box<History>>,
}

#[derive(Debug)]
enum Store {
    Memory(FxHashMap<u64, (i64, i64, u64)>),
    File { file: Connection, open: bool },
}

/// Why a history cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// The file cannot be opened, read or written.
    #[error("the history {path} cannot be used")]
    File {
        /// The file.
        path: String,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
    /// The file is of a later version of the program.
    #[error("the history {path} is of version {found}, and this program knows up to {known}")]
    Version {
        /// The file.
        path: String,
        /// Its version.
        found: i64,
        /// The latest that is known.
        known: i64,
    },
    /// Something could not be read from or written to a history that was open.
    #[error("the history could not be kept")]
    Store(#[from] rusqlite::Error),
}

const VERSION: i64 = 1;

/// What is told apart under one address.
#[derive(Clone, Copy)]
enum Of {
    Sender = 1,
    Domain = 2,
    Pair = 3,
    Answer = 4,
}

impl History {
    /// A history that begins now and ends with the hunt.
    pub fn in_memory() -> Self {
        Self { store: Store::Memory(FxHashMap::default()), earlier: None }
    }

    /// Opens or makes the file at `path`, readable by its owner alone.
    ///
    /// # Errors
    ///
    /// When the file cannot be used, or is of a later version.
    pub fn open(path: &Path) -> Result<Self, HistoryError> {
        let shown = path.display().to_string();
        let named = |source| HistoryError::File { path: shown.clone(), source };
        let file = Connection::open(path).map_err(named)?;
        owner_only(path);
        file.pragma_update(None, "journal_mode", "wal").map_err(named)?;
        file.pragma_update(None, "synchronous", "normal").map_err(named)?;
        // In KiB: enough for the inner pages of a table of millions of rows.
        file.pragma_update(None, "cache_size", -16_384).map_err(named)?;
        file.busy_timeout(std::time::Duration::from_secs(10)).map_err(named)?;
        let found: i64 = file.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(named)?;
        if found > VERSION {
            return Err(HistoryError::Version { path: shown, found, known: VERSION });
        }
        file.execute_batch(
            "CREATE TABLE IF NOT EXISTS seen (
                 what INTEGER PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL,
                 count INTEGER NOT NULL) WITHOUT ROWID;",
        )
        .map_err(named)?;
        file.pragma_update(None, "user_version", VERSION).map_err(named)?;
        Ok(Self { store: Store::File { file, open: false }, earlier: None })
    }

    /// A history for one hunt that goes on from the file at `path`, and adds to it when it is kept.
    /// Of the file counts what was seen before a message came, so that the same evidence hunted once
    /// more is not its own past.
    ///
    /// # Errors
    ///
    /// As [`History::open`].
    pub fn for_hunt(path: &Path) -> Result<Self, HistoryError> {
        Ok(Self { earlier: Some(Box::new(Self::open(path)?)), ..Self::in_memory() })
    }

    /// What was seen of the sender of `trace` so far.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn look(&mut self, trace: &Trace) -> Result<Known, HistoryError> {
        if trace.sender.is_empty() {
            return Ok(Known::default());
        }
        let mut seen = |of, one: &str, two: &str| self.seen(key(of, one, two), trace.time);
        Ok(Known {
            sender: seen(Of::Sender, &trace.sender, "")?,
            domain: seen(Of::Domain, &trace.domain, "")?,
            pair: seen(Of::Pair, &trace.sender, &trace.mailbox)?,
            answered: seen(Of::Answer, &trace.mailbox, &trace.sender)?,
        })
    }

    fn seen(&mut self, what: u64, now: Option<Time>) -> Result<Seen, HistoryError> {
        let own = self.get(what)?;
        let Some(earlier) = &mut self.earlier else { return Ok(own) };
        let before = earlier.get(what)?;
        if before.first.is_none() || before.first >= now.or(before.first) {
            return Ok(own);
        }
        let first = [own.first, before.first].into_iter().flatten().min();
        Ok(Seen { first, last: own.last.max(before.first), count: own.count.max(1) })
    }

    /// Takes a message in; its facts are those of [`History::look`] before.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn note(&mut self, trace: &Trace) -> Result<(), HistoryError> {
        let Some(time) = trace.time.map(Time::micros) else { return Ok(()) };
        if trace.sender.is_empty() {
            return Ok(());
        }
        self.add(key(Of::Sender, &trace.sender, ""), time)?;
        self.add(key(Of::Domain, &trace.domain, ""), time)?;
        self.add(key(Of::Pair, &trace.sender, &trace.mailbox), time)?;
        for recipient in &trace.written_to {
            self.add(key(Of::Answer, &trace.sender, recipient), time)?;
        }
        Ok(())
    }

    /// Makes what was noted lasting. A gate calls it every second or so; what was not is lost with the
    /// power, and a sender then counts as new once more.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn keep(&mut self) -> Result<(), HistoryError> {
        if let (Store::Memory(seen), Some(earlier)) = (&self.store, &mut self.earlier) {
            for (&what, &entry) in seen {
                earlier.join(what, entry)?;
            }
            earlier.keep()?;
        }
        if let Store::File { file, open } = &mut self.store
            && *open
        {
            file.execute_batch("COMMIT")?;
            *open = false;
        }
        Ok(())
    }

    /// Forgets whom nobody has heard of since `before`, and returns how many entries that were.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn forget(&mut self, before: Time) -> Result<u64, HistoryError> {
        self.keep()?;
        match &mut self.store {
            Store::Memory(seen) => {
                let all = seen.len();
                seen.retain(|_, (_, last, _)| *last >= before.micros());
                Ok((all - seen.len()) as u64)
            }
            Store::File { file, .. } => {
                Ok(file.execute("DELETE FROM seen WHERE last < ?1", [before.micros()])? as u64)
            }
        }
    }

    fn get(&mut self, what: u64) -> Result<Seen, HistoryError> {
        let found = match &mut self.store {
            Store::Memory(seen) => seen.get(&what).copied(),
            Store::File { file, .. } => file
                .prepare_cached("SELECT first, last, count FROM seen WHERE what = ?1")?
                .query_row([what.cast_signed()], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)?.cast_unsigned()))
                })
                .optional()?,
        };
        Ok(found.map_or_else(Seen::default, |(first, last, count)| Seen {
            first: Some(Time::from_micros(first)),
            last: Some(Time::from_micros(last)),
            count,
        }))
    }

    /// Takes over what another history knows; the same twice changes nothing.
    fn join(&mut self, what: u64, (first, last, count): (i64, i64, u64)) -> Result<(), HistoryError> {
        let Store::File { file, open } = &mut self.store else { return Ok(()) };
        if !*open {
            file.execute_batch("BEGIN IMMEDIATE")?;
            *open = true;
        }
        file.prepare_cached(
            "INSERT INTO seen (what, first, last, count) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (what) DO UPDATE SET first = min(first, ?2), last = max(last, ?3),
             count = max(count, ?4)",
        )?
        .execute(params![what.cast_signed(), first, last, count.cast_signed()])?;
        Ok(())
    }

    fn add(&mut self, what: u64, time: i64) -> Result<(), HistoryError> {
        match &mut self.store {
            Store::Memory(seen) => {
                let entry = seen.entry(what).or_insert((time, time, 0));
                *entry = (entry.0.min(time), entry.1.max(time), entry.2 + 1);
            }
            Store::File { file, open } => {
                if !*open {
                    file.execute_batch("BEGIN IMMEDIATE")?;
                    *open = true;
                }
                file.prepare_cached(
                    "INSERT INTO seen (what, first, last, count) VALUES (?1, ?2, ?2, 1)
                     ON CONFLICT (what) DO UPDATE SET first = min(first, ?2), last = max(last, ?2),
                     count = count + 1",
                )?
                .execute(params![what.cast_signed(), time])?;
            }
        }
        Ok(())
    }
}

fn key(of: Of, one: &str, two: &str) -> u64 {
    mix(of as u64 ^ mix(hash(one) ^ mix(hash(two))))
}

/// A file that tells who writes to whom is nobody else's business. Where the system knows no such
/// rights, the folder's have to do.
#[cfg(unix)]
fn owner_only(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        let _ = std::fs::set_permissions(name, std::fs::Permissions::from_mode(0o600));
    }
}

#[cfg(not(unix))]
fn owner_only(_: &Path) {}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(sender: &str, mailbox: &str, day: &str) -> Trace {
        Trace {
            time: Some(Time::parse(day).unwrap()),
            sender: sender.to_owned(),
            domain: sender.rsplit('@').next().unwrap().to_owned(),
            mailbox: mailbox.to_owned(),
            ..Trace::default()
        }
    }

    fn try_out(mut history: History) {
        let first = trace("a@news.example", "mp@parl.example", "2021-01-01");
        assert_eq!(history.look(&first).unwrap(), Known::default());
        history.note(&first).unwrap();
        let again = trace("a@news.example", "other@parl.example", "2021-02-01");
        let known = history.look(&again).unwrap();
        assert_eq!((known.sender.count, known.domain.count, known.pair.count), (1, 1, 0));
        history.note(&again).unwrap();
        let colleague = history.look(&trace("b@news.example", "mp@parl.example", "2021-03-01")).unwrap();
        assert_eq!((colleague.sender.count, colleague.domain.count), (0, 2));
        let mut own = trace("mp@parl.example", "mp@parl.example", "2021-03-02");
        own.written_to = vec!["a@news.example".to_owned()];
        history.note(&own).unwrap();
        assert_eq!(history.look(&first).unwrap().answered.count, 1);
        history.keep().unwrap();
        assert_eq!(history.forget(Time::parse("2021-01-15").unwrap()).unwrap(), 1, "the first pair alone");
        assert_eq!(history.look(&first).unwrap().sender.count, 2);
    }

    #[test]
    fn senders_become_known() {
        try_out(History::in_memory());
        let folder = tempfile::tempdir().unwrap();
        try_out(History::open(&folder.path().join("history.sqlite")).unwrap());
    }

    #[test]
    fn what_was_kept_is_there_the_next_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history.sqlite");
        let message = trace("a@news.example", "mp@parl.example", "2021-01-01");
        let mut history = History::open(&path).unwrap();
        history.note(&message).unwrap();
        history.keep().unwrap();
        drop(history);
        assert_eq!(History::open(&path).unwrap().look(&message).unwrap().pair.count, 1);
        let file = Connection::open(&path).unwrap();
        file.pragma_update(None, "user_version", 99).unwrap();
        drop(file);
        assert!(matches!(History::open(&path), Err(HistoryError::Version { found: 99, .. })));
        std::fs::write(&path, vec![b'x'; 5000]).unwrap();
        assert!(matches!(History::open(&path), Err(HistoryError::File { .. })));
    }
}
