//! Lines of text logs: any of the usual encodings and line ends, of bounded length.

use std::io::{BufRead, ErrorKind};

use memchr::{memchr, memchr_iter, memchr2_iter};
use model::{Place, Problem};

use crate::Collector;

/// Bytes of one line; what is longer is cut.
pub(crate) const MAX_LINE: usize = 1 << 20;

/// As many NUL bytes in a row end a line: a crash left a hole, and what follows is another record.
const HOLE: usize = 4;

/// How the bytes of a text stand for characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// UTF-8, or a code page that agrees with it in ASCII.
    Utf8,
    /// UTF-16, the low byte first.
    Utf16Le,
    /// UTF-16, the high byte first.
    Utf16Be,
}

impl Encoding {
    /// The encoding of a text that begins with `head`, and the length of its byte order mark.
    ///
    /// Without a mark, UTF-16 shows by the NUL bytes that stand at every other place, since the
    /// syntax of any log is ASCII.
    pub(crate) fn of(head: &[u8]) -> (Self, usize) {
        match head {
            [0xEF, 0xBB, 0xBF, ..] => return (Self::Utf8, 3),
            [0xFF, 0xFE, ..] => return (Self::Utf16Le, 2),
            [0xFE, 0xFF, ..] => return (Self::Utf16Be, 2),
            _ => {}
        }
        let pairs = head.get(..head.len().min(4096) & !1).unwrap_or_default().as_chunks::<2>().0;
        let high = pairs.iter().filter(|pair| pair[0] == 0 && pair[1] != 0).count();
        let low = pairs.iter().filter(|pair| pair[1] == 0 && pair[0] != 0).count();
        let filled = pairs.iter().filter(|pair| **pair != [0, 0]).count();
        match () {
            () if low > high && low * 10 >= filled * 4 && high * 20 <= low => (Self::Utf16Le, 0),
            () if high > low && high * 10 >= filled * 4 && low * 20 <= high => (Self::Utf16Be, 0),
            () => (Self::Utf8, 0),
        }
    }

    /// `head` as text, for recognition: without a byte order mark, faulty bytes replaced.
    pub(crate) fn head_text(head: &[u8]) -> String {
        let (encoding, mark) = Self::of(head);
        let mut text = String::with_capacity(head.len());
        let bytes = head.get(mark..).unwrap_or_default();
        match encoding {
            Self::Utf8 => {
                decode_bytes(bytes, &mut text);
            }
            Self::Utf16Le | Self::Utf16Be => encoding.decode_utf16(bytes, &mut text),
        }
        text
    }

    /// Whether a text in this encoding is read unit by unit of two bytes.
    pub(crate) const fn is_utf16(self) -> bool {
        matches!(self, Self::Utf16Le | Self::Utf16Be)
    }

    fn decode_utf16(self, bytes: &[u8], text: &mut String) {
        let units = bytes.as_chunks::<2>().0.iter().map(|pair| match self {
            Self::Utf16Be => u16::from_be_bytes(*pair),
            _ => u16::from_le_bytes(*pair),
        });
        text.extend(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)));
    }
}

/// What had to be done to bytes that are not UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mended {
    Nothing,
    Replaced,
    Windows1252,
}

/// Appends `bytes` to `text`. What is not UTF-8 and holds no character of several bytes that is, was
/// written in a code page, most likely the western one.
fn decode_bytes(bytes: &[u8], text: &mut String) -> Mended {
    let Err(fault) = std::str::from_utf8(bytes).map(|valid| text.push_str(valid)) else {
        return Mended::Nothing;
    };
    let is_utf8 = bytes.utf8_chunks().any(|chunk| !chunk.valid().is_ascii()) || fault.error_len().is_none();
    if is_utf8 {
        text.push_str(&String::from_utf8_lossy(bytes));
        return Mended::Replaced;
    }
    text.push_str(&encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0);
    Mended::Windows1252
}

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
        let head = self.fill(out)?;
        let (encoding, mark) = Encoding::of(head);
        let line_end = match memchr(b'\n', head) {
            None if memchr(b'\r', head).is_some_and(|at| at + 1 < head.len()) => b'\r',
            _ => b'\n',
        };
        self.line_end = line_end;
        self.encoding = Some(encoding);
        self.consume(mark);
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
        let start = self.offset;
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
fn end_utf16(buffer: &[u8], encoding: Encoding, line_end: u8, length: usize, before: Option<u8>) -> Option<usize> {
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
