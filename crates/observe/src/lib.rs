//! Bytes to events.
//!
//! [`read_file`] opens one file, finds out by its content what it is, unpacks it if it is a
//! container, and hands every record to a [`Collector`] as a [`model::Event`] in Sigma's field
//! names with its log source and its time in UTC. A reader never panics and never stops at the
//! first error: what cannot be read becomes a [`model::Problem`] with its place.
//!
//! Names and dates of files decide nothing, since an intruder chooses them; a web log that is called
//! `holiday.jpg` is read as a web log. Nothing is ever written under a name that evidence holds.
//!
//! ```
//! use model::{Event, Problem};
//! use observe::{Collector, Format, LogSources, Settings};
//!
//! #[derive(Default)]
//! struct Count(Vec<(String, u64)>);
//!
//! impl Collector for Count {
//!     fn begin(&mut self, path: &str) {
//!         self.0.push((path.to_owned(), 0));
//!     }
//!     fn format(&mut self, _: Format) {}
//!     fn event(&mut self, _: &mut Event) {
//!         self.0.last_mut().unwrap().1 += 1;
//!     }
//!     fn problem(&mut self, problem: Problem) {
//!         panic!("{problem:?}");
//!     }
//!     fn assumed(&mut self, _: String) {}
//!     fn progress(&mut self, _: u64) {}
//!     fn end(&mut self, _: [u8; 32], _: u64) {}
//! }
//!
//! let log = b"{\"eventName\":\"ConsoleLogin\"}\n{\"eventName\":\"StopLogging\"}\n";
//! let mut count = Count::default();
//! observe::read_bytes(log, "trail.json", &Settings::default(), &LogSources::builtin(), &mut count);
//! assert_eq!(count.0, [("trail.json".to_owned(), 2)]);
//! ```

mod auditd;
mod combined;
mod container;
mod csv;
mod evtx;
mod exchange;
mod format;
mod input;
mod json;
mod m365;
mod mail;
mod plain;
mod read;
mod recognise;
mod report;
mod sources;
mod syslog;
mod text;
mod w3c;
mod window;
mod windows;
mod zeek;

use std::path::PathBuf;

use jiff::tz::TimeZone;
use model::{Event, Problem, Time};

pub use format::Format;
pub use mail::outlook::{html_of_rtf, tnef};
pub use read::{Hashed, hash_file, read_bytes, read_bytes_as, read_file};
pub use sources::LogSources;

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

impl Default for Settings {
    /// Times without an offset in UTC, and what has to be spooled into the current folder.
    fn default() -> Self {
        Self { zone: TimeZone::UTC, year: None, limits: Limits::default(), tmp: PathBuf::from(".") }
    }
}

/// Bounds on what one file may unpack to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Containers within containers.
    pub depth: u32,
    /// Bytes out per byte in, beyond the first 16 MiB out: of each compressed stream, and of the
    /// file as a whole with everything that lies in it.
    pub ratio: u64,
    /// Bytes that one file may unpack to in all.
    pub unpacked: u64,
    /// Members of one file in all.
    pub members: u64,
}

impl Default for Limits {
    /// Ten deep, 500 times the size, 1 TiB, a million members: beyond any collection of logs, and
    /// an hour's work at most.
    fn default() -> Self {
        Self { depth: 10, ratio: 500, unpacked: 1 << 40, members: 1_000_000 }
    }
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

/// A message of a mailbox, as its reader found it.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// Its bytes (RFC 5322).
    pub raw: &'a [u8],
    /// Whose mailbox it lies in.
    pub mailbox: Option<&'a str>,
    /// The folder in that mailbox.
    pub folder: Option<&'a str>,
    /// Whether the bytes were put together from another format.
    pub rebuilt: bool,
}

/// Receives what a file holds, depth first: `begin`, `format`, events and problems, members, `end`.
pub trait Collector {
    /// A file or a member of the container that is open begins.
    fn begin(&mut self, path: &str);
    /// Its format is known.
    fn format(&mut self, format: Format);
    /// A record. The collector may change the event; the reader clears it afterwards.
    fn event(&mut self, event: &mut Event);
    /// A message. `event` holds what its container says; a collector that does not look into
    /// messages takes that as the record.
    fn message(&mut self, message: &Message<'_>, event: &mut Event) {
        let _ = message;
        self.event(event);
    }
    /// Something could not be read.
    fn problem(&mut self, problem: Problem);
    /// Something had to be assumed, such as a year. Told once for each piece of evidence.
    fn assumed(&mut self, what: String);
    /// Bytes were read from disk, for progress.
    fn progress(&mut self, bytes: u64);
    /// It ends; `sha256` is over its own bytes.
    fn end(&mut self, sha256: [u8; 32], size: u64);
}
