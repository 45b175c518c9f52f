use std::io::{BufRead, ErrorKind};

use memchr::{memchr, memchr_iter, memchr2_iter};
use model::{Place, Problem};

use super::{Encoding, Mended, decode_bytes};
use crate::Collector;

/// Bytes of one line; what is longer is cut.
pub(crate) const MAX_LINE: usize = 1 << 20;

/// As many NUL bytes in a row end a line: a crash left a hole, and what follows is another record.
const HOLE: usize = 4;

/// One line, without its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    /// Counted from 1.
    pub(crate) number: u64,
    /// Where it begins, in bytes of the evidence.
    pub(crate) offset: u64,
    /// Its text.
    pub(crate) text: &'a str,
}

impl Line<'_> {
    /// Where a problem with this line lies.
    pub(crate) fn place(&self) -> Place {
        Place::Line(self.number)
    }
}

/// The lines of a text, one at a time.
///
/// A line that lies whole in the input's buffer is lent from there. What is wrong with the text (not
/// UTF-8, holes of NUL bytes, lines without an end) goes to the collector, each kind of encoding
/// fault once.
pub(crate) struct Lines<'a> {
    input: &'a mut dyn BufRead,
    limit: usize,
    /// Known after the first look at the input.
    encoding: Option<Encoding>,
    line_end: u8,
    /// Bytes at the beginning of the input's buffer that the last line was lent from.
    lent: usize,
    /// Lines that have ended.
    ended_lines: u64,
    offset: u64,
    /// Where a hole begins that the first look has passed.
    hole: Option<u64>,
    carry: Vec<u8>,
    text: String,
    told_replaced: bool,
    told_windows_1252: bool,
    ended: bool,
}

/// Where a line that was found lies.
enum Found {
    /// In so many bytes at the beginning of the input's buffer.
    Lent(usize),
    /// In the carry.
    Carried,
}

/// A line that was found.
struct Span {
    found: Found,
    offset: u64,
    number: u64,
}

/// Why a line stops in a piece of input.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    LineEnd(usize),
    Hole(usize),
}

impl<'a> Lines<'a> {
    /// The lines of `input`, cut at [`MAX_LINE`].
    pub(crate) fn new(input: &'a mut dyn BufRead) -> Self {
        Self::with_limit(input, MAX_LINE)
    }

    /// The lines of `input`, cut at `limit` bytes.
    pub(crate) fn with_limit(input: &'a mut dyn BufRead, limit: usize) -> Self {
        Self {
            input,
            limit,
            encoding: None,
            line_end: b'\n',
            lent: 0,
            ended_lines: 0,
            offset: 0,
            hole: Some(0),
            carry: Vec::new(),
            text: String::new(),
            told_replaced: false,
            told_windows_1252: false,
            ended: false,
        }
    }

    /// The next line, which may be blank.
    pub(crate) fn next(&mut self, out: &mut dyn Collector) -> Option<Line<'_>> {
        self.consume(self.lent);
        self.lent = 0;
        let encoding = match self.encoding {
            Some(encoding) => encoding,
            None => self.look(out)?,
        };
        if encoding.is_utf16() {
            let span = self.find_utf16(encoding, out)?;
            self.text.clear();
            encoding.decode_utf16(&self.carry, &mut self.text);
            let text = trim(&self.text);
            return Some(Line { number: span.number, offset: span.offset, text });
        }
        let span = self.find(out)?;
        let Span { offset, number, .. } = span;
        let bytes = match span.found {
            Found::Lent(length) => {
                // The same buffer that the line was found in.
                let buffer = self.input.fill_buf().unwrap_or_default();
                buffer.get(..length).unwrap_or(buffer)
            }
            Found::Carried => &self.carry,
        };
        if let Ok(text) = std::str::from_utf8(bytes) {
            return Some(Line { number, offset, text: trim(text) });
        }
        self.text.clear();
        match decode_bytes(bytes, &mut self.text) {
            Mended::Replaced if !self.told_replaced => {
                self.told_replaced = true;
                let what = "bytes that are not UTF-8 were replaced, here and in further lines";
                out.problem(Problem::new(Place::Line(number), what));
            }
            Mended::Windows1252 if !self.told_windows_1252 => {
                self.told_windows_1252 = true;
                let what = "not UTF-8; read as Windows-1252, here and in further lines";
                out.problem(Problem::new(Place::Line(number), what));
            }
            _ => {}
        }
        Some(Line { number, offset, text: trim(&self.text) })
    }

    /// Finds out encoding and line ends by the first piece of input.
    fn look(&mut self, out: &mut dyn Collector) -> Option<Encoding> {
        // A hole at the beginning says nothing.
        while let Some(buffer) = self.fill(out)
            && buffer.iter().all(|byte| *byte == 0)
        {
            let nuls = buffer.len();
            self.consume(nuls);
        }
        let Some(head) = self.fill(out) else {
            self.skip_hole(1, out);
            return None;
        };
        let (encoding, mark) = Encoding::of(head);
        let unit = if encoding.is_utf16() { 2 } else { 1 };
        let line_end = match memchr(b'\n', head) {
            None if memchr(b'\r', head).is_some_and(|at| at + unit < head.len()) => b'\r',
            _ => b'\n',
        };
        self.line_end = line_end;
        self.encoding = Some(encoding);
        if mark > 0 {
            self.hole = None;
            self.consume(mark);
        }
        Some(encoding)
    }

    /// The input's buffer, filled; `None` at the end.
    fn fill(&mut self, out: &mut dyn Collector) -> Option<&[u8]> {
        while !self.ended {
            match self.input.fill_buf() {
                Ok([]) => self.ended = true,
                Ok(_) => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.ended = true;
                    let what = format!("cannot be read from here on: {error}");
                    out.problem(Problem::new(Place::Offset(self.offset), what));
                }
            }
        }
        if self.ended { None } else { self.input.fill_buf().ok() }
    }

    fn consume(&mut self, count: usize) {
        self.input.consume(count);
        self.offset += count as u64;
    }

    /// Finds the next line of a text in UTF-8 or a code page.
    fn find(&mut self, out: &mut dyn Collector) -> Option<Span> {
        self.carry.clear();
        self.skip_hole(1, out);
        let (offset, number) = (self.offset, self.ended_lines + 1);
        let (line_end, limit) = (self.line_end, self.limit);
        let mut cut = false;
        loop {
            let nuls = trailing_nuls(&self.carry);
            let Some(buffer) = self.fill(out) else {
                if cut {
                    self.tell_cut(number, out);
                }
                return (!self.carry.is_empty()).then_some(Span { found: Found::Carried, offset, number });
            };
            let stop = stop_in(buffer, line_end, nuls);
            let length = match stop {
                Some(Stop::LineEnd(at) | Stop::Hole(at)) => at,
                None => buffer.len(),
            };
            let taken = length + usize::from(matches!(stop, Some(Stop::LineEnd(_))));
            self.ended_lines += u64::from(matches!(stop, Some(Stop::LineEnd(_))));
            if stop.is_some() && self.carry.is_empty() && length <= limit {
                self.lent = taken;
                return Some(Span { found: Found::Lent(length), offset, number });
            }
            self.carry(length, taken, &mut cut);
            if stop.is_some() {
                if cut {
                    self.tell_cut(number, out);
                }
                return Some(Span { found: Found::Carried, offset, number });
            }
        }
    }

    /// Moves `length` bytes of the buffer into the carry, as far as they fit, and leaves `taken`
    /// bytes behind.
    fn carry(&mut self, length: usize, taken: usize, cut: &mut bool) {
        let room = self.limit - self.carry.len();
        *cut |= length > room;
        let buffer = self.input.fill_buf().unwrap_or_default();
        self.carry.extend_from_slice(buffer.get(..length.min(room)).unwrap_or_default());
        self.consume(taken);
    }

    fn tell_cut(&self, number: u64, out: &mut dyn Collector) {
        let what = format!("the line is longer than {} bytes; the rest of it was left out", self.limit);
        out.problem(Problem::new(Place::Line(number), what));
    }

    /// Leaves NUL bytes at the beginning of a line behind.
    fn skip_hole(&mut self, unit: usize, out: &mut dyn Collector) {
        let start = self.hole.take().unwrap_or(self.offset);
        while let Some(buffer) = self.fill(out) {
            let size = buffer.len();
            let nuls = buffer.iter().take_while(|byte| **byte == 0).count() / unit * unit;
            self.consume(nuls);
            if nuls == 0 || nuls < size {
                break;
            }
        }
        let skipped = self.offset - start;
        if skipped >= HOLE as u64 {
            let what = format!("{skipped} NUL bytes were skipped");
            out.problem(Problem::new(Place::Offset(start), what));
        }
    }

    /// Finds the next line of a text in UTF-16 and puts it into the carry.
    fn find_utf16(&mut self, encoding: Encoding, out: &mut dyn Collector) -> Option<Span> {
        self.carry.clear();
        self.skip_hole(2, out);
        let (offset, number) = (self.offset, self.ended_lines + 1);
        let (line_end, mut cut, mut length) = (self.line_end, false, 0);
        // The last byte of the piece before.
        let mut before = None;
        loop {
            let Some(buffer) = self.fill(out) else {
                if cut {
                    self.tell_cut(number, out);
                }
                return (length > 0).then_some(Span { found: Found::Carried, offset, number });
            };
            let last = buffer.last().copied();
            let end = end_utf16(buffer, encoding, line_end, length, before);
            let taken = end.unwrap_or(buffer.len());
            self.carry(taken, taken, &mut cut);
            length += taken;
            if end.is_some() {
                if cut {
                    self.tell_cut(number, out);
                } else {
                    self.carry.truncate(length - 2);
                }
                self.ended_lines += 1;
                return Some(Span { found: Found::Carried, offset, number });
            }
            before = last;
        }
    }
}

/// How many bytes of `buffer` the line takes with its end, where it ends there. `length` bytes of
/// it lie before the buffer, the last of which is `before`.
fn end_utf16(
    buffer: &[u8],
    encoding: Encoding,
    line_end: u8,
    length: usize,
    before: Option<u8>,
) -> Option<usize> {
    let little = encoding == Encoding::Utf16Le;
    if little && length % 2 == 1 && before == Some(line_end) && buffer.first() == Some(&0) {
        return Some(1);
    }
    memchr_iter(line_end, buffer).find_map(|at| {
        let first_of_unit = (length + at).is_multiple_of(2);
        if little {
            (first_of_unit && buffer.get(at + 1) == Some(&0)).then_some(at + 2)
        } else {
            let high = at.checked_sub(1).map_or(before, |at| buffer.get(at).copied());
            (!first_of_unit && high == Some(0)).then_some(at + 1)
        }
    })
}

/// Where a line stops in `buffer`, when `nuls` NUL bytes stand right before it.
fn stop_in(buffer: &[u8], line_end: u8, nuls: usize) -> Option<Stop> {
    let mut passed = 0;
    for at in memchr2_iter(line_end, 0, buffer) {
        if buffer[at] == line_end {
            return Some(Stop::LineEnd(at));
        }
        if at < passed {
            continue;
        }
        let run = buffer[at..].iter().take(HOLE).take_while(|byte| **byte == 0).count();
        passed = at + run;
        if run + if at == 0 { nuls } else { 0 } >= HOLE {
            return Some(Stop::Hole(at));
        }
    }
    None
}

fn trailing_nuls(bytes: &[u8]) -> usize {
    bytes.iter().rev().take_while(|byte| **byte == 0).count()
}

/// Without what belongs to the line's end, and without the mark that a text begins with which was
/// appended to another.
fn trim(text: &str) -> &str {
    let text = text.trim_end_matches(['\r', '\0']);
    text.strip_prefix('\u{FEFF}').unwrap_or(text)
}
