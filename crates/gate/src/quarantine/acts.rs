//! Who did what with an original: a table that can only grow.

use model::Time;
use rusqlite::{Connection, params};

/// What somebody did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Read an original.
    Read,
    /// Sent one on.
    Release,
    /// Deleted one.
    Delete,
}

/// Something that somebody did.
#[derive(Clone, Copy, Debug)]
pub struct Act<'a> {
    /// When.
    pub time: Time,
    /// Who: the user of the operating system, or the gate.
    pub who: &'a str,
    /// What.
    pub what: What,
    /// More about it, such as whom it was sent to.
    pub note: &'a str,
}

pub(super) const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS act (
        number INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, id TEXT NOT NULL, who TEXT NOT NULL,
        what TEXT NOT NULL, note TEXT NOT NULL);
    CREATE INDEX IF NOT EXISTS act_id ON act (id);
    CREATE TRIGGER IF NOT EXISTS act_stays BEFORE DELETE ON act
        BEGIN SELECT RAISE(ABORT, 'what was done stays written'); END;
    CREATE TRIGGER IF NOT EXISTS act_is_so BEFORE UPDATE ON act
        BEGIN SELECT RAISE(ABORT, 'what was done stays written'); END;";

pub(super) fn note(index: &Connection, id: &str, act: &Act<'_>) -> rusqlite::Result<()> {
    let what = match act.what {
        What::Read => "read",
        What::Release => "release",
        What::Delete => "delete",
    };
    index
        .prepare_cached("INSERT INTO act (time, id, who, what, note) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![act.time.micros(), id, act.who, what, act.note])?;
    Ok(())
}

pub(super) fn list(index: &Connection, id: &str) -> rusqlite::Result<Vec<(Time, String, String, String)>> {
    index
        .prepare_cached("SELECT time, who, what, note FROM act WHERE id = ?1 ORDER BY number")?
        .query_map([id], |row| Ok((Time::from_micros(row.get(0)?), row.get(1)?, row.get(2)?, row.get(3)?)))?
        .collect()
}
