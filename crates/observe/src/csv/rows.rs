//! Records of comma-separated text, line by line.
//!
//! `csv-core` does the quoting. What it does not know is when to stop: a quotation mark that is
//! never closed would make one record of the rest of the file. A record may therefore span only so
//! much text; beyond that its lines are read again, each on its own.

use std::collections::VecDeque;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use model::{Place, Problem};

use super::header::TYPE;
use crate::Collector;
use crate::text::Lines;

/// How much text one record over several lines may hold.
const MAX_OPEN: usize = 1 << 20;
/// What holding a line costs besides its text.
const LINE_COST: usize = 64;
/// More columns than any export has.
const MAX_COLUMNS: usize = 4096;

const NOT_CLOSED: &str = "a quoted value is not closed; it ends with its line";

/// Where a record begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Start {
    /// Its first line, counted from 1.
    pub(crate) line: u64,
    /// The byte at which that line begins.
    pub(crate) offset: u64,
}

/// What [`Rows::next`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Row {
    /// A record; its values are in [`Rows::values`].
    Record(Start),
    /// A line that begins with `#`, in [`Rows::comment`].
    Comment,
}

/// The records of one file, one at a time.
pub(crate) struct Rows<'a> {
    lines: Lines<'a>,
    parser: Parser,
    /// Whether the first line is still to say what separates values.
    sniffing: bool,
    comments: bool,
    comment: String,
    /// Whether a quoted value may go on in the next line.
    spanning: bool,
    held: VecDeque<(String, Start)>,
}

impl<'a> Rows<'a> {
    /// The records of `lines`, whose values are separated by `delimiter`; with `comments`, lines
    /// that begin with `#` are no records.
    pub(crate) fn new(lines: Lines<'a>, delimiter: u8, comments: bool) -> Self {
        Self {
            lines,
            parser: Parser::new(delimiter),
            sniffing: false,
            comments,
            comment: String::new(),
            spanning: true,
            held: VecDeque::new(),
        }
    }

    /// The records of `lines`, separated by what the first line uses or names (`sep=;`).
    pub(crate) fn sniffing(lines: Lines<'a>) -> Self {
        Self { sniffing: true, ..Self::new(lines, b',', false) }
    }

    /// The values of the last record.
    pub(crate) fn values(&self) -> impl Iterator<Item = &str> + Clone {
        self.parser.values()
    }

    /// The last comment, with its `#`.
    pub(crate) fn comment(&self) -> &str {
        &self.comment
    }

    /// Reads on to the next record or comment.
    pub(crate) fn next(&mut self, out: &mut dyn Collector) -> Option<Row> {
        loop {
            if let Some((text, start)) = self.held.pop_front() {
                if let Some(row) = self.alone(&text, start, out) {
                    return Some(row);
                }
            } else {
                match self.gather(out) {
                    Gathered::Row(row) => return Some(row),
                    Gathered::Again => {}
                    Gathered::End => return None,
                }
            }
        }
    }

    /// Reads lines until a record is complete.
    fn gather(&mut self, out: &mut dyn Collector) -> Gathered {
        let mut size = 0;
        loop {
            let Some(line) = self.lines.next(out) else {
                return if self.held.is_empty() { Gathered::End } else { self.give_up(out) };
            };
            let text = line.text.trim_end_matches(['\r', '\0']);
            let start = Start { line: line.number, offset: line.offset };
            if self.held.is_empty() {
                if text.trim_matches(['\0', ' ']).is_empty() {
                    continue;
                }
                if self.sniffing && text.starts_with(TYPE) {
                    continue;
                }
                if self.sniffing {
                    self.sniffing = false;
                    let told = text.strip_prefix("sep=");
                    let delimiter = told
                        .and_then(|told| told.bytes().next())
                        .filter(|byte| byte.is_ascii_punctuation() || *byte == b'\t');
                    self.parser = Parser::new(delimiter.unwrap_or_else(|| sniff_delimiter(text)));
                    if told.is_some() {
                        continue;
                    }
                }
                if self.comments && text.starts_with('#') {
                    text.clone_into(&mut self.comment);
                    return Gathered::Row(Row::Comment);
                }
            }
            match self.parser.feed(text) {
                Fed::Complete => {
                    let first = self.held.front().map_or(start, |(_, first)| *first);
                    self.held.clear();
                    return Gathered::Row(Row::Record(first));
                }
                Fed::Open if !self.spanning => {
                    self.parser.close();
                    out.problem(Problem::new(Place::Line(start.line), NOT_CLOSED));
                    return Gathered::Row(Row::Record(start));
                }
                fed => {
                    size += text.len() + LINE_COST;
                    self.held.push_back((text.to_owned(), start));
                    if fed == Fed::TooWide || size > MAX_OPEN {
                        return self.give_up(out);
                    }
                }
            }
        }
    }

    /// Leaves the lines that were held to be read one by one.
    fn give_up(&mut self, out: &mut dyn Collector) -> Gathered {
        self.parser.close();
        if self.spanning
            && self.held.len() > 1
            && let Some((_, first)) = self.held.front()
        {
            let what = "a quotation mark is never closed; from here on every line is read as one record";
            out.problem(Problem::new(Place::Line(first.line), what));
            self.spanning = false;
        }
        Gathered::Again
    }

    /// Reads one line as one record.
    fn alone(&mut self, text: &str, start: Start, out: &mut dyn Collector) -> Option<Row> {
        let fed = self.parser.feed(text);
        if fed == Fed::Open {
            self.parser.close();
            out.problem(Problem::new(Place::Line(start.line), NOT_CLOSED));
        }
        if fed == Fed::TooWide {
            let what = format!("more than {MAX_COLUMNS} values; left out");
            out.problem(Problem::new(Place::Line(start.line), what));
            self.parser.close();
            return None;
        }
        Some(Row::Record(start))
    }
}

/// The delimiter that stands most often in `header` outside quotation marks; the comma if none.
pub(super) fn sniff_delimiter(header: &str) -> u8 {
    const KNOWN: [u8; 4] = [b',', b';', b'\t', b'|'];
    let mut counts = [0_usize; 4];
    let mut quoted = false;
    for byte in header.bytes() {
        if byte == b'"' {
            quoted = !quoted;
        } else if !quoted && let Some(place) = KNOWN.iter().position(|known| *known == byte) {
            counts[place] += 1;
        }
    }
    let most = counts.iter().copied().max().unwrap_or(0);
    counts.iter().position(|count| *count == most).map_or(b',', |place| KNOWN[place])
}

enum Gathered {
    Row(Row),
    Again,
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fed {
    /// The record ends with this line.
    Complete,
    /// A quoted value goes on in the next line.
    Open,
    /// There are more values than can be.
    TooWide,
}

/// `csv-core` with its buffers.
pub(super) struct Parser {
    core: Reader,
    text: Vec<u8>,
    used: usize,
    ends: Vec<usize>,
    count: usize,
    open: bool,
}

impl Parser {
    pub(super) fn new(delimiter: u8) -> Self {
        let core = ReaderBuilder::new().delimiter(delimiter).build();
        Self { core, text: vec![0; 4096], used: 0, ends: vec![0; 64], count: 0, open: false }
    }

    pub(super) fn feed(&mut self, line: &str) -> Fed {
        if !self.open {
            (self.used, self.count) = (0, 0);
        }
        let mut fed = Fed::Open;
        for part in [line.as_bytes(), b"\n"] {
            fed = self.push(part);
            if fed != Fed::Open {
                break;
            }
        }
        self.open = fed == Fed::Open;
        fed
    }

    fn push(&mut self, mut part: &[u8]) -> Fed {
        while !part.is_empty() {
            let (result, read, written, ended) =
                self.core.read_record(part, &mut self.text[self.used..], &mut self.ends[self.count..]);
            part = &part[read..];
            self.used += written;
            self.count += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
                ReadRecordResult::OutputEndsFull if self.ends.len() >= MAX_COLUMNS => return Fed::TooWide,
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::Record | ReadRecordResult::End => return Fed::Complete,
            }
        }
        Fed::Open
    }

    /// Ends the record that is open, as the end of the text would.
    fn close(&mut self) {
        loop {
            let (result, _, written, ended) =
                self.core.read_record(&[], &mut self.text[self.used..], &mut self.ends[self.count..]);
            self.used += written;
            self.count += ended;
            match result {
                ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
                ReadRecordResult::OutputEndsFull if self.ends.len() < MAX_COLUMNS => {
                    self.ends.resize(self.ends.len() * 2, 0);
                }
                _ => break,
            }
        }
        // The line's end went into the value that is open.
        if let Some(last) = self.ends[..self.count].last_mut()
            && *last == self.used
            && self.text[..self.used].ends_with(b"\n")
        {
            self.used -= 1;
            *last = self.used;
        }
        self.core.reset();
        self.open = false;
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &str> + Clone {
        // The parser only takes ASCII bytes out of what was UTF-8.
        let text = std::str::from_utf8(&self.text[..self.used]).unwrap_or_default();
        let mut start = 0;
        self.ends[..self.count].iter().map(move |end| {
            let value = text.get(start..*end).unwrap_or_default();
            start = *end;
            value
        })
    }
}
