use std::ops::Range;

/// Says of a record that it is part of the story: an index into the marks of the desk; nought for
/// ordinary traffic.
pub(crate) type Mark = u32;

/// A record that waits to be written.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub micros: i64,
    /// The kind of Windows event; nought in other formats.
    pub kind: u16,
    /// What it is in the story.
    pub mark: Mark,
    range: Range<u32>,
}

/// Records of one stream before they are put in order: for text formats each is its line or lines
/// without the last line end, for Windows events its process, its thread and its values.
#[derive(Clone, Debug, Default)]
pub(crate) struct Batch {
    pub(crate) bytes: Vec<u8>,
    pub(crate) entries: Vec<Entry>,
    /// What records added from now on are in the story.
    pub(crate) mark: Mark,
    /// What was wrong with a record, when one did not fit the tables.
    pub(crate) fault: Option<String>,
}

impl Batch {
    /// Empties it and keeps its memory.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.entries.clear();
        self.mark = 0;
    }

    /// Adds the record that `write` puts into the buffer.
    pub(crate) fn add(&mut self, micros: i64, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.bytes.len();
        write(&mut self.bytes);
        self.close(start, micros, 0);
    }

    /// Adds what was put into the buffer from `start` on.
    pub(crate) fn close(&mut self, start: usize, micros: i64, kind: u16) {
        let range = start as u32..self.bytes.len() as u32;
        self.entries.push(Entry { micros, kind, mark: self.mark, range });
    }

    /// Adds `entry` of another batch.
    pub(crate) fn copy(&mut self, other: &Self, entry: &Entry) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(other.payload(entry));
        let range = start as u32..self.bytes.len() as u32;
        self.entries.push(Entry { range, ..entry.clone() });
    }

    /// The bytes of `entry`.
    pub(crate) fn payload(&self, entry: &Entry) -> &[u8] {
        &self.bytes[entry.range.start as usize..entry.range.end as usize]
    }

    /// Puts the records in order of time; those of one moment stay as they were added.
    pub(crate) fn sort(&mut self) {
        self.entries.sort_by_key(|entry| entry.micros);
    }
}

/// Writes formatted text into a byte buffer, where writing cannot fail.
macro_rules! put {
    ($out:expr, $($arg:tt)*) => {{
        use std::io::Write as _;
        let _ = write!($out, $($arg)*);
    }};
}
pub(crate) use put;
