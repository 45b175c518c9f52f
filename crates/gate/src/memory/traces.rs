//! The traces of messages that could report back, in a file, in the order in which they came.

use std::path::Path;
use std::time::Duration;

use mail::recon::Trace;
use model::Time;
use rusqlite::{Connection, OptionalExtension, params};

use crate::files;

#[derive(Debug)]
pub(super) struct Traces {
    file: Connection,
    /// Whether something waits to be made lasting.
    open: bool,
}

/// A file of another version is begun anew: it holds nothing that is missed for long.
const VERSION: i64 = 1;

impl Traces {
    pub(super) fn open(path: &Path) -> rusqlite::Result<Self> {
        // Made by us first, so that it is never readable by others.
        let _ = files::open(path, false);
        let file = Connection::open(path)?;
        file.busy_timeout(Duration::from_secs(10))?;
        file.pragma_update(None, "journal_mode", "wal")?;
        file.pragma_update(None, "synchronous", "normal")?;
        let found: i64 = file.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if found != VERSION {
            file.execute_batch("DROP TABLE IF EXISTS trace")?;
            file.pragma_update(None, "user_version", VERSION)?;
        }
        file.execute_batch(
            "CREATE TABLE IF NOT EXISTS trace (
                 number INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, trace BLOB NOT NULL);
             CREATE INDEX IF NOT EXISTS trace_time ON trace (time);",
        )?;
        Ok(Self { file, open: false })
    }

    pub(super) fn add(&mut self, trace: &Trace) -> rusqlite::Result<()> {
        let Ok(bytes) = postcard::to_stdvec(trace) else { return Ok(()) };
        if !self.open {
            self.file.execute_batch("BEGIN")?;
            self.open = true;
        }
        self.file
            .prepare_cached("INSERT INTO trace (time, trace) VALUES (?1, ?2)")?
            .execute(params![trace.time.map_or(0, Time::micros), bytes])?;
        Ok(())
    }

    pub(super) fn keep(&mut self) -> rusqlite::Result<()> {
        if self.open {
            self.file.execute_batch("COMMIT")?;
            self.open = false;
        }
        Ok(())
    }

    pub(super) fn forget(&mut self, before: Time) -> rusqlite::Result<()> {
        self.keep()?;
        self.file.execute("DELETE FROM trace WHERE time < ?1", [before.micros()])?;
        Ok(())
    }

    /// The number of the last trace; 0 where there is none.
    pub(super) fn last(&self) -> rusqlite::Result<i64> {
        self.file.query_row("SELECT coalesce(max(number), 0) FROM trace", [], |row| row.get(0))
    }

    /// The number of the trace that has `most` - 1 behind it, else of the first.
    pub(super) fn place_from_end(&self, most: usize) -> rusqlite::Result<i64> {
        let skip = i64::try_from(most.saturating_sub(1)).unwrap_or(i64::MAX);
        let place = self
            .file
            .query_row("SELECT number FROM trace ORDER BY number DESC LIMIT 1 OFFSET ?1", [skip], |row| {
                row.get(0)
            })
            .optional()?;
        Ok(place.unwrap_or(0))
    }

    /// Calls `each` with the traces after number `last`, and says how many they were.
    pub(super) fn after(&self, last: i64, each: impl FnMut(Trace)) -> rusqlite::Result<usize> {
        self.between(last.saturating_add(1), i64::MAX, each)
    }

    /// Calls `each` with the traces of these numbers, both included, and says how many they were. One that
    /// cannot be read is left out.
    pub(super) fn between(
        &self,
        first: i64,
        last: i64,
        mut each: impl FnMut(Trace),
    ) -> rusqlite::Result<usize> {
        let mut ask = self
            .file
            .prepare_cached("SELECT trace FROM trace WHERE number BETWEEN ?1 AND ?2 ORDER BY number")?;
        let mut rows = ask.query([first, last])?;
        let mut count = 0;
        while let Some(row) = rows.next()? {
            if let Ok(trace) = postcard::from_bytes(row.get_ref(0)?.as_blob().unwrap_or_default()) {
                each(trace);
                count += 1;
            }
        }
        Ok(count)
    }
}
