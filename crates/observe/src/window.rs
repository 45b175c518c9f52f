use std::io::{BufRead, ErrorKind};

use memchr::memchr_iter;

use crate::text::Encoding;

/// How much is read at once; small enough to stay in a core's own cache.
const CHUNK: usize = 256 << 10;

/// By how much the window grows at most.
const STEP: usize = 4 << 20;

/// A window that moves over the evidence and holds as much of it as one record needs.
pub(crate) struct Window<'i> {
    input: &'i mut dyn BufRead,
    bytes: Vec<u8>,
    at: usize,
    offset: u64,
    line: u64,
    failure: Option<String>,
    ended: bool,
    /// For UTF-16, which way round; the window holds the same as UTF-8.
    wide: Option<Encoding>,
    /// The beginning of a character of UTF-16 of which the rest has not been read yet.
    half: Vec<u8>,
}

impl<'i> Window<'i> {
    /// A window at the beginning of `input`, which it shows byte for byte.
    pub(crate) fn new(input: &'i mut dyn BufRead) -> Self {
        Self {
            input,
            bytes: Vec::new(),
            at: 0,
            offset: 0,
            line: 1,
            failure: None,
            ended: false,
            wide: None,
            half: Vec::new(),
        }
    }

    /// A window at the beginning of the text of `input`, which it shows as UTF-8 without a byte
    /// order mark if it is UTF-16, and else byte for byte.
    pub(crate) fn text(input: &'i mut dyn BufRead) -> Self {
        let mut window = Self::new(input);
        if let Ok(head) = window.input.fill_buf() {
            let (encoding, mark) = Encoding::of(head);
            if encoding.is_utf16() {
                window.wide = Some(encoding);
            }
            let mark = mark.min(head.len());
            window.input.consume(mark);
            window.offset = mark as u64;
        }
        window
    }

    /// What is in the window and not yet taken.
    pub(crate) fn rest(&self) -> &[u8] {
        &self.bytes[self.at..]
    }

    /// Where the rest begins, in bytes from the beginning of the evidence.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// The line in which the rest begins, counted from 1.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// Why the evidence could not be read to its end, told once.
    pub(crate) fn failure(&mut self) -> Option<String> {
        self.failure.take()
    }

    /// Leaves `count` bytes behind.
    pub(crate) fn take(&mut self, count: usize) {
        let end = (self.at + count).min(self.bytes.len());
        let taken = &self.bytes[self.at..end];
        self.line += memchr_iter(b'\n', taken).count() as u64;
        self.offset += if self.wide.is_some() { utf16_length(taken) } else { taken.len() as u64 };
        self.at = end;
    }

    /// Widens the window: to a chunk when it is small, else to twice its size or by a step. `false`
    /// when there is nothing more.
    pub(crate) fn more(&mut self) -> bool {
        self.bytes.drain(..self.at);
        self.at = 0;
        let before = self.bytes.len();
        let wanted = before + before.clamp(CHUNK - before.min(CHUNK), STEP);
        while self.bytes.len() < wanted && !self.ended {
            match self.input.fill_buf() {
                Ok([]) => self.ended = true,
                Ok(bytes) => {
                    let count = bytes.len().min(wanted - self.bytes.len());
                    match self.wide {
                        None => self.bytes.extend_from_slice(&bytes[..count]),
                        Some(encoding) => {
                            self.half.extend_from_slice(&bytes[..count]);
                            decode(encoding, &mut self.half, &mut self.bytes);
                        }
                    }
                    self.input.consume(count);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.failure = Some(error.to_string());
                    self.ended = true;
                }
            }
        }
        if self.ended && !self.half.is_empty() {
            self.half.clear();
            self.bytes.extend_from_slice("\u{FFFD}".as_bytes());
        }
        self.bytes.len() > before
    }

    /// Skips bytes for which `blank` holds and returns the next other one, without taking it.
    pub(crate) fn next(&mut self, blank: impl Fn(u8) -> bool) -> Option<u8> {
        loop {
            let rest = self.rest();
            let skipped = rest.iter().position(|&byte| !blank(byte)).unwrap_or(rest.len());
            let found = rest.get(skipped).copied();
            if skipped > 0 {
                self.take(skipped);
            }
            if found.is_some() || !self.more() {
                return found;
            }
        }
    }
}

/// Moves all whole characters of UTF-16 from `from` to `to`, as UTF-8; halves of surrogate pairs
/// become U+FFFD.
fn decode(encoding: Encoding, from: &mut Vec<u8>, to: &mut Vec<u8>) {
    let unit = |pair: &[u8; 2]| match encoding {
        Encoding::Utf16Be => u16::from_be_bytes(*pair),
        _ => u16::from_le_bytes(*pair),
    };
    let mut pairs = from.as_chunks::<2>().0;
    if let Some((last, before)) = pairs.split_last()
        && (0xD800..0xDC00).contains(&unit(last))
    {
        pairs = before;
    }
    for found in char::decode_utf16(pairs.iter().map(unit)) {
        let found = found.unwrap_or(char::REPLACEMENT_CHARACTER);
        to.extend_from_slice(found.encode_utf8(&mut [0; 4]).as_bytes());
    }
    let taken = pairs.len() * 2;
    from.drain(..taken);
}

/// How many bytes of UTF-16 the UTF-8 in `bytes` was.
fn utf16_length(bytes: &[u8]) -> u64 {
    bytes.iter().map(|&byte| 2 * (u64::from(byte & 0xC0 != 0x80) + u64::from(byte >= 0xF0))).sum()
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    #[test]
    fn utf16_is_shown_as_utf8_and_counted_as_it_stands() {
        let text = "{\"a\":\"ä😀\"}\n{}";
        for big in [false, true] {
            let mut bytes = if big { vec![0xFE, 0xFF] } else { vec![0xFF, 0xFE] };
            for unit in text.encode_utf16() {
                bytes.extend(if big { unit.to_be_bytes() } else { unit.to_le_bytes() });
            }
            let mut input = BufReader::with_capacity(5, bytes.as_slice());
            let mut window = Window::text(&mut input);
            while window.more() {}
            assert_eq!(std::str::from_utf8(window.rest()), Ok(text));
            window.take(text.len() - 2);
            assert_eq!(window.offset(), bytes.len() as u64 - 4);
            assert_eq!(window.line(), 2);
        }
    }

    #[test]
    fn the_window_grows_and_moves_on() {
        let bytes = vec![b'x'; 3 * CHUNK];
        let mut input = bytes.as_slice();
        let mut window = Window::new(&mut input);
        assert!(window.more());
        assert_eq!(window.rest().len(), CHUNK);
        window.take(CHUNK - 1);
        assert!(window.more());
        assert_eq!(window.rest().len(), CHUNK);
        assert_eq!(window.next(|byte| byte == b'x'), None);
        assert_eq!(window.offset(), 3 * CHUNK as u64);
        assert!(!window.more());
    }
}
