//! A collector that keeps all that it is told.

use std::sync::LazyLock;

use model::{Event, Problem, Time};
use observe::{Collector, Format, LogSources, Settings};

/// One file or member, as it was told.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Piece {
    pub(crate) path: String,
    pub(crate) format: Option<Format>,
    pub(crate) events: Vec<Record>,
    pub(crate) problems: Vec<Problem>,
    pub(crate) assumed: Vec<String>,
    pub(crate) sha256: [u8; 32],
    pub(crate) size: u64,
    pub(crate) ended: bool,
}

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Record {
    pub(crate) number: u64,
    pub(crate) offset: u64,
    pub(crate) time: Option<Time>,
    pub(crate) source: u16,
    pub(crate) fields: Vec<(String, String)>,
}

impl Record {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Everything that was told, in order of `begin`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Seen {
    pub(crate) pieces: Vec<Piece>,
    open: Vec<usize>,
    pub(crate) progress: u64,
}

impl Seen {
    fn top(&mut self) -> &mut Piece {
        let at = *self.open.last().expect("something is told before `begin`");
        &mut self.pieces[at]
    }

    /// Path, format and number of records of each piece.
    pub(crate) fn shape(&self) -> Vec<(&str, &str, usize)> {
        self.pieces
            .iter()
            .map(|piece| (piece.path.as_str(), piece.format.map_or("", Format::name), piece.events.len()))
            .collect()
    }

    /// Every problem with the path of its piece.
    pub(crate) fn problems(&self) -> Vec<String> {
        self.pieces
            .iter()
            .flat_map(|piece| {
                piece.problems.iter().map(move |p| format!("{}: {} {}", piece.path, p.place, p.what))
            })
            .collect()
    }

    pub(crate) fn piece(&self, path: &str) -> &Piece {
        self.pieces
            .iter()
            .find(|piece| piece.path == path)
            .unwrap_or_else(|| panic!("no {path} in {:?}", self.shape()))
    }

    pub(crate) fn events(&self) -> usize {
        self.pieces.iter().map(|piece| piece.events.len()).sum()
    }

    /// Whether everything that began has ended.
    pub(crate) fn is_closed(&self) -> bool {
        self.open.is_empty() && self.pieces.iter().all(|piece| piece.ended && piece.format.is_some())
    }
}

impl Collector for Seen {
    fn begin(&mut self, path: &str) {
        self.open.push(self.pieces.len());
        self.pieces.push(Piece { path: path.to_owned(), ..Piece::default() });
    }

    fn format(&mut self, format: Format) {
        assert_eq!(self.top().format.replace(format), None, "a format is told once");
    }

    fn event(&mut self, event: &mut Event) {
        let record = Record {
            number: event.record,
            offset: event.offset,
            time: event.time,
            source: event.source.0,
            fields: event.fields().map(|(name, value)| (name.to_owned(), value.text.to_owned())).collect(),
        };
        self.top().events.push(record);
    }

    fn message(&mut self, message: &observe::Message<'_>, event: &mut Event) {
        let text = String::from_utf8_lossy(message.raw);
        let subject = text.lines().find_map(|line| line.strip_prefix("Subject: "));
        event.push_str("subject", subject.unwrap_or_default());
        self.event(event);
    }

    fn problem(&mut self, problem: Problem) {
        self.top().problems.push(problem);
    }

    fn assumed(&mut self, what: String) {
        self.top().assumed.push(what);
    }

    fn progress(&mut self, bytes: u64) {
        self.progress += bytes;
    }

    fn end(&mut self, sha256: [u8; 32], size: u64) {
        let piece = self.top();
        (piece.sha256, piece.size, piece.ended) = (sha256, size, true);
        self.open.pop();
    }
}

/// Settings whose spool lies in the system's temporary folder.
pub(crate) fn settings() -> Settings {
    Settings { tmp: std::env::temp_dir(), year: Some(2021), ..Settings::default() }
}

/// Reads `bytes` under the name `shown`.
pub(crate) fn read(bytes: &[u8], shown: &str) -> Seen {
    read_with(bytes, shown, &settings())
}

pub(crate) fn read_with(bytes: &[u8], shown: &str, settings: &Settings) -> Seen {
    closed(|seen| observe::read_bytes(bytes, shown, settings, &SOURCES, seen))
}

/// Reads `bytes` as what they are said to be.
pub(crate) fn read_as(format: Format, bytes: &[u8], shown: &str, settings: &Settings) -> Seen {
    closed(|seen| observe::read_bytes_as(format, bytes, shown, settings, &SOURCES, seen))
}

static SOURCES: LazyLock<LogSources> = LazyLock::new(LogSources::builtin);

fn closed(read: impl FnOnce(&mut Seen)) -> Seen {
    let mut seen = Seen::default();
    read(&mut seen);
    assert!(seen.is_closed(), "{:?}", seen.shape());
    seen
}
