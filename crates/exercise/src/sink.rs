//! One file while its records are written.

use crate::batch::{Entry, put};
use crate::calendar::Stamp;
use crate::evtx_writer::{EvtxWriter, Layout, Record, TooLarge};
use crate::formats::{httpproxy, iis, tracking};
use crate::scenario::Shape;

/// Separates what only some shapes write from the rest of a payload.
pub(crate) const PART: u8 = 0x1f;

/// Columns of a unified audit export.
const AUDIT_COLUMNS: &str = "CreationDate,UserIds,Operations,AuditData";

/// A file that is being written.
pub(crate) struct Sink<'a> {
    shape: Shape,
    bytes: Vec<u8>,
    /// Lines, elements or messages so far.
    count: u64,
    log: Option<(EvtxWriter, &'a [Layout])>,
    /// Whether the web log already has its later columns.
    wide: bool,
}

impl<'a> Sink<'a> {
    /// A file whose first record is of the moment `micros`.
    pub(crate) fn text(shape: Shape, micros: i64) -> Self {
        let mut sink = Self { shape, bytes: Vec::new(), count: 0, log: None, wide: micros >= iis::WIDE_FROM };
        let head = match shape {
            Shape::W3c => iis::head(micros, sink.wide),
            Shape::HttpProxy => httpproxy::head(micros),
            Shape::Tracking => tracking::head(micros),
            Shape::AuditCsv => format!("{}{AUDIT_COLUMNS}\r\n", '\u{feff}'),
            Shape::JsonArray => "[\n".to_owned(),
            Shape::Trail => "{\"Records\":[".to_owned(),
            _ => String::new(),
        };
        if !matches!(shape, Shape::JsonArray | Shape::Trail) {
            sink.count = head.matches('\n').count() as u64;
        }
        sink.bytes.extend_from_slice(head.as_bytes());
        sink
    }

    /// An event log whose first record has the number `first`.
    pub(crate) fn evtx(first: u64, layouts: &'a [Layout]) -> Self {
        let log = Some((EvtxWriter::new(first), layouts));
        Self { shape: Shape::Evtx, bytes: Vec::new(), count: 0, log, wide: false }
    }

    /// Writes a record and returns its number.
    pub(crate) fn write(&mut self, entry: &Entry, payload: &[u8]) -> Result<u64, TooLarge> {
        match self.shape {
            Shape::Evtx => return self.event(entry, payload),
            Shape::W3c => self.request(entry, payload),
            Shape::HttpProxy | Shape::Tracking => self.line(payload, b"\r\n"),
            Shape::JsonArray | Shape::Trail => {
                if self.count > 0 {
                    self.bytes.extend_from_slice(if self.shape == Shape::Trail { b"," } else { b",\n" });
                }
                self.bytes.extend_from_slice(payload);
                self.count += 1;
            }
            Shape::Mbox | Shape::Maildir => {
                self.bytes.extend_from_slice(payload);
                self.count += 1;
            }
            Shape::AuditLines => {
                self.line(payload.rsplit(|byte| *byte == PART).next().unwrap_or(payload), b"\n")
            }
            Shape::AuditCsv => self.audit_row(entry, payload),
            Shape::Lines | Shape::Csv => {
                let first = self.count + 1;
                self.bytes.extend_from_slice(payload);
                self.bytes.push(b'\n');
                self.count += 1 + payload.iter().filter(|byte| **byte == b'\n').count() as u64;
                return Ok(first);
            }
        }
        Ok(self.count)
    }

    fn line(&mut self, payload: &[u8], end: &[u8]) {
        self.bytes.extend_from_slice(payload);
        self.bytes.extend_from_slice(end);
        self.count += 1;
    }

    fn request(&mut self, entry: &Entry, payload: &[u8]) {
        if !self.wide && entry.micros >= iis::WIDE_FROM {
            self.wide = true;
            let head = iis::head(entry.micros, true);
            self.count += head.matches('\n').count() as u64;
            self.bytes.extend_from_slice(head.as_bytes());
        }
        let mut parts = payload.split(|byte| *byte == PART);
        self.bytes.extend_from_slice(parts.next().unwrap_or_default());
        if self.wide {
            self.bytes.push(b' ');
            self.bytes.extend_from_slice(parts.next().unwrap_or_default());
        }
        self.line(b"", b"\r\n");
    }

    fn audit_row(&mut self, entry: &Entry, payload: &[u8]) {
        let mut parts = payload.split(|byte| *byte == PART);
        let mut part = || String::from_utf8_lossy(parts.next().unwrap_or_default());
        let (user, operation, data) = (part(), part(), part());
        let created = Stamp::new(entry.micros).iso();
        put!(self.bytes, "{created}.0000000Z,{user},{operation},\"{}\"", data.replace('"', "\"\""));
        self.line(b"", b"\r\n");
    }

    fn event(&mut self, entry: &Entry, payload: &[u8]) -> Result<u64, TooLarge> {
        let Some((log, layouts)) = &mut self.log else { return Ok(0) };
        let number = |at: usize| {
            payload.get(at..at + 4).map_or(0, |part| u32::from_le_bytes([part[0], part[1], part[2], part[3]]))
        };
        let record = Record {
            micros: entry.micros,
            process: number(0),
            thread: number(4),
            layout: &layouts[usize::from(entry.kind)],
            values: payload.get(8..).unwrap_or_default(),
        };
        log.push(&record)
    }

    /// The bytes of the finished file, and the number of the next record of an event log.
    pub(crate) fn finish(mut self) -> (Vec<u8>, u64) {
        if let Some((log, ..)) = self.log {
            let next = log.next_record();
            return (log.finish(), next);
        }
        match self.shape {
            Shape::JsonArray => self.bytes.extend_from_slice(b"\n]\n"),
            Shape::Trail => self.bytes.extend_from_slice(b"]}\n"),
            _ => {}
        }
        (self.bytes, 1)
    }
}
