//! Bytes to events.
//!
//! [`read_file`] opens one file, finds out by its content what it is, unpacks it if it is a
//! container, and hands every record to a [`Collector`] as a [`model::Event`] in Sigma's field
//! names with its log source and its time in UTC. A reader never panics and never stops at the
//! first error: what cannot be read becomes a [`model::Problem`] with its place.

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use model::{Event, Problem, Time};

/// What a piece of evidence was recognised as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Format {
    /// Windows event log.
    Evtx,
    /// Nothing that is known here.
    Unknown,
}

/// How to read: what the evidence does not say of itself, and the bounds.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The zone of times that carry no offset.
    pub zone: TimeZone,
    /// The year of times that carry none (RFC 3164); else taken from `modified` in [`Context`].
    pub year: Option<i16>,
    /// Bounds on containers.
    pub limits: Limits,
    /// Where to spool what has to be seekable.
    pub tmp: PathBuf,
}

/// Bounds on what one file may unpack to.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Containers within containers.
    pub depth: u32,
    /// Bytes out per byte in, beyond the first 16 MiB out.
    pub ratio: u64,
    /// Bytes that one file may unpack to in all.
    pub unpacked: u64,
    /// Members of one file in all.
    pub members: u64,
}

/// What a reader of one format is told.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// How to read.
    pub settings: &'a Settings,
    /// The table of log sources.
    pub sources: &'a LogSources,
    /// When the file or member was last changed, as its file system or container says.
    pub modified: Option<Time>,
    /// The path as shown, for formats whose names say something (Zeek's `conn.log`).
    pub path: &'a str,
}

/// Receives what a file holds, depth first: `begin`, events and problems, members, `end`.
pub trait Collector {
    /// A file or a member of the container that is open begins.
    fn begin(&mut self, path: &str);
    /// Its format is known.
    fn format(&mut self, format: Format);
    /// A record. The collector may change the event; the reader clears it afterwards.
    fn event(&mut self, event: &mut Event);
    /// Something could not be read.
    fn problem(&mut self, problem: Problem);
    /// Something had to be assumed, such as a year. Told once for each piece of evidence.
    fn assumed(&mut self, what: String);
    /// Bytes were read from disk, for progress.
    fn progress(&mut self, bytes: u64);
    /// It ends; `sha256` is over its own bytes.
    fn end(&mut self, sha256: [u8; 32], size: u64);
}
