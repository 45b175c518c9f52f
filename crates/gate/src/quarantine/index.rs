//! The index of deliveries.

use std::path::{Path, PathBuf};

use model::Time;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Act, Entry, Filter, New, QuarantineError, State, Why, acts, named};
use crate::files;

const VERSION: i64 = 1;

pub(super) fn file(dir: &Path) -> PathBuf {
    dir.join("index.sqlite")
}

pub(super) fn open(dir: &Path) -> Result<Connection, QuarantineError> {
    let path = file(dir);
    // Made by us first: SQLite would make it as the umask says, and gives its side files the same rights.
    drop(files::open(&path, false).map_err(named(&path))?);
    let index = Connection::open(&path)?;
    index.busy_timeout(std::time::Duration::from_secs(20))?;
    index.pragma_update(None, "journal_mode", "wal")?;
    // Every commit is on disk before it is told.
    index.pragma_update(None, "synchronous", "full")?;
    let found: i64 = index.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > VERSION {
        return Err(QuarantineError::Version { found, known: VERSION });
    }
    if found < VERSION {
        index.execute_batch(
            "BEGIN IMMEDIATE;
             CREATE TABLE IF NOT EXISTS delivery (
                 id TEXT PRIMARY KEY, time INTEGER NOT NULL, why TEXT NOT NULL, state TEXT NOT NULL,
                 changed INTEGER NOT NULL, by TEXT NOT NULL, client TEXT NOT NULL, mail_from TEXT NOT NULL,
                 recipients TEXT NOT NULL, sender TEXT NOT NULL, subject TEXT NOT NULL, level TEXT NOT NULL,
                 rules TEXT NOT NULL, explanation TEXT NOT NULL, sha256 TEXT NOT NULL, size INTEGER NOT NULL)
                 WITHOUT ROWID;
             CREATE INDEX IF NOT EXISTS delivery_time ON delivery (time);
             CREATE INDEX IF NOT EXISTS delivery_sha256 ON delivery (sha256);
             CREATE TABLE IF NOT EXISTS mark (
                 mark TEXT NOT NULL, recipient TEXT NOT NULL, time INTEGER NOT NULL,
                 PRIMARY KEY (mark, recipient)) WITHOUT ROWID;",
        )?;
        index.execute_batch(acts::TABLE)?;
        index.pragma_update(None, "user_version", VERSION)?;
        index.execute_batch("COMMIT")?;
    }
    Ok(index)
}

pub(super) fn insert(index: &Connection, new: &New<'_>, hash: &str, size: u64) -> rusqlite::Result<()> {
    let titles: Vec<&str> = new.rules.iter().map(|rule| rule.title.as_str()).collect();
    index
        .prepare_cached(
            "INSERT INTO delivery VALUES (?1, ?2, ?3, ?4, ?2, '', ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        )?
        .execute(params![
            new.id,
            new.time.micros(),
            new.why.as_str(),
            State::Held.as_str(),
            new.client,
            new.mail_from,
            json(new.recipients),
            new.sender,
            new.subject,
            new.level,
            json(&titles),
            new.explanation,
            hash,
            size.cast_signed(),
        ])?;
    Ok(())
}

fn json<T: serde::Serialize + ?Sized>(list: &T) -> String {
    serde_json::to_string(list).unwrap_or_default()
}

const COLUMNS: &str = "id, time, why, state, by, client, mail_from, recipients, sender, subject, level, rules, \
    explanation, sha256, size, (SELECT count(*) FROM delivery AS other WHERE other.sha256 = delivery.sha256 AND \
    other.state <> 'deleted')";

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let list = |text: String| serde_json::from_str(&text).unwrap_or_default();
    let word = |at| row.get::<_, String>(at);
    Ok(Entry {
        id: row.get(0)?,
        time: Time::from_micros(row.get(1)?),
        why: Why::of(&word(2)?),
        state: State::of(&word(3)?),
        by: row.get(4)?,
        client: row.get(5)?,
        mail_from: row.get(6)?,
        recipients: list(word(7)?),
        sender: row.get(8)?,
        subject: row.get(9)?,
        level: row.get(10)?,
        rules: list(word(11)?),
        explanation: row.get(12)?,
        sha256: row.get(13)?,
        size: row.get::<_, i64>(14)?.cast_unsigned(),
        shared: row.get::<_, i64>(15)?.cast_unsigned(),
    })
}

pub(super) fn get(index: &Connection, id: &str) -> rusqlite::Result<Option<Entry>> {
    index
        .prepare_cached(&format!("SELECT {COLUMNS} FROM delivery WHERE id = ?1"))?
        .query_row([id], entry)
        .optional()
}

pub(super) fn list(index: &Connection, filter: &Filter) -> rusqlite::Result<Vec<Entry>> {
    let since = filter.since.map_or(i64::MIN, Time::micros);
    let before = filter.before.map_or(i64::MAX, Time::micros);
    let limit = if filter.limit == 0 { -1 } else { i64::from(filter.limit) };
    index
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM delivery WHERE time >= ?1 AND time < ?2 AND (?3 = '' OR state = ?3)
             AND (NOT ?4 OR state <> 'deleted') ORDER BY time DESC, id DESC LIMIT ?5"
        ))?
        .query_map(params![since, before, filter.state.map_or("", State::as_str), filter.kept, limit], entry)?
        .collect()
}

pub(super) fn set_state(index: &Connection, id: &str, state: State, act: &Act<'_>) -> rusqlite::Result<()> {
    index
        .prepare_cached("UPDATE delivery SET state = ?2, by = ?3, changed = ?4 WHERE id = ?1")?
        .execute(params![id, state.as_str(), act.who, act.time.micros()])?;
    Ok(())
}

/// How many deliveries need the original with this hash.
pub(super) fn uses(index: &Connection, hash: &str) -> rusqlite::Result<u64> {
    index
        .prepare_cached("SELECT count(*) FROM delivery WHERE sha256 = ?1 AND state <> 'deleted'")?
        .query_row([hash], |row| row.get::<_, i64>(0))
        .map(i64::cast_unsigned)
}

/// Forgets entries that were deleted, and marks that were used, before `before`.
pub(super) fn forget(index: &Connection, before: Time) -> rusqlite::Result<()> {
    index.execute("DELETE FROM delivery WHERE state = 'deleted' AND changed < ?1", [before.micros()])?;
    index.execute("DELETE FROM mark WHERE time < ?1", [before.micros()])?;
    Ok(())
}

pub(super) fn size(index: &Connection) -> rusqlite::Result<(u64, u64)> {
    index.query_row(
        "SELECT count(*), coalesce(sum(size), 0) FROM
             (SELECT DISTINCT sha256, size FROM delivery WHERE state <> 'deleted')",
        [],
        |row| Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get::<_, i64>(1)?.cast_unsigned())),
    )
}

/// The recipient under which a mark itself is written down.
const NOBODY: &str = "";

pub(super) fn add_mark(index: &Connection, mark: &str, expires: Time) -> rusqlite::Result<()> {
    index.execute("INSERT INTO mark VALUES (?1, ?2, ?3)", params![mark, NOBODY, expires.micros()])?;
    Ok(())
}

pub(super) fn use_mark(
    index: &Connection,
    mark: &str,
    recipients: &[String],
    now: Time,
) -> rusqlite::Result<bool> {
    let given: Option<i64> = index
        .query_row("SELECT time FROM mark WHERE mark = ?1 AND recipient = ?2", [mark, NOBODY], |row| {
            row.get(0)
        })
        .optional()?;
    if given.is_none_or(|expires| expires < now.micros()) {
        return Ok(false);
    }
    let mut enter = index.prepare_cached("INSERT OR IGNORE INTO mark VALUES (?1, ?2, ?3)")?;
    for recipient in recipients {
        if enter.execute(params![mark, recipient.to_lowercase(), now.micros()])? == 0 {
            return Ok(false);
        }
    }
    Ok(!recipients.is_empty())
}
