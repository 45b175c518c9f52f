use std::io::{BufRead, ErrorKind};

use memchr::memchr_iter;

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
}

impl<'i> Window<'i> {
    /// A window at the beginning of `input`.
    pub(crate) fn new(input: &'i mut dyn BufRead) -> Self {
        Self { input, bytes: Vec::new(), at: 0, offset: 0, line: 1, failure: None, ended: false }
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
        self.offset += taken.len() as u64;
        self.at = end;
    }

    /// Widens the window: to a chunk when it is small, else to twice its size or by a step. `false`
    /// when there is nothing more.
    pub(crate) fn more(&mut self) -> bool {
        if self.ended {
            return false;
        }
        // What is left is moved only when it is the smaller part, so that moving costs no more than
        // reading did.
        if self.at * 2 >= self.bytes.len() {
            self.bytes.drain(..self.at);
            self.at = 0;
        }
        let before = self.bytes.len();
        let rest = before - self.at;
        let wanted = before + rest.clamp(CHUNK - rest.min(CHUNK), STEP);
        while self.bytes.len() < wanted && !self.ended {
            match self.input.fill_buf() {
                Ok([]) => self.ended = true,
                Ok(bytes) => {
                    let count = bytes.len().min(wanted - self.bytes.len());
                    self.bytes.extend_from_slice(&bytes[..count]);
                    self.input.consume(count);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.failure = Some(error.to_string());
                    self.ended = true;
                }
            }
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

#[cfg(test)]
mod tests {
    use super::*;

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
