//! The content of a message as it comes by `DATA` or `BDAT`, and as it goes on.
//!
//! In 2023 it was shown that servers which take `\n.\n`, `\n.\r\n`, `\r.\r` and the like for the end of a message, or
//! pass them on to such a server, let a sender smuggle a second message in under another's name. Here CRLF dot CRLF
//! alone ends a message, a dot is only unstuffed after CRLF, and what is kept has no CR and no LF but in pairs.

use super::BareNewline;
use crate::wire::{Room, Share};

/// Why a message cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// An LF without a CR before it.
    BareLf,
    /// A CR without an LF after it.
    BareCr,
    /// A byte of zero.
    Nul,
    /// A line beyond [`super::Limits::line`].
    LongLine,
    /// More bytes than [`super::Limits::message`].
    TooBig,
    /// No memory for it now.
    NoRoom,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// After CRLF, or at the very beginning.
    Begin,
    /// Within a line.
    Within,
    /// After a CR.
    Cr,
    /// After a dot at the beginning of a line.
    Dot,
    /// After a CR after such a dot.
    DotCr,
}

/// A message that is being received. After a fault the rest is read to the end, and thrown away.
#[derive(Debug)]
pub struct Content {
    dots: bool,
    replace: bool,
    limit: usize,
    line_limit: usize,
    room: Room,
    share: Share,
    out: Vec<u8>,
    seen: usize,
    line: usize,
    state: State,
    fault: Option<Fault>,
}

impl Content {
    /// A message that comes by `DATA` (`dots`) or by `BDAT`.
    pub fn new(dots: bool, bare: BareNewline, limits: &super::Limits) -> Self {
        Self {
            dots,
            replace: bare == BareNewline::Replace,
            limit: limits.message,
            line_limit: limits.line,
            room: limits.room.clone(),
            share: Share::default(),
            out: Vec::new(),
            seen: 0,
            line: 0,
            state: State::Begin,
            fault: None,
        }
    }

    /// Takes bytes in; says how many were used and whether the message ended with the last of them. Each byte is
    /// looked at at most twice.
    pub fn feed(&mut self, bytes: &[u8]) -> (usize, bool) {
        let mut at = 0;
        while at < bytes.len() {
            let byte = bytes[at];
            match (self.state, byte) {
                (State::Begin, b'.') if self.dots => (self.state, at) = (State::Dot, at + 1),
                (State::Begin | State::Within, _) => at += self.text(&bytes[at..]),
                (State::Cr, b'\n') => {
                    self.push(b"\r\n");
                    (self.state, self.line, at) = (State::Begin, 0, at + 1);
                }
                (State::Cr, _) => self.bare_cr(),
                (State::Dot, b'\r') => (self.state, at) = (State::DotCr, at + 1),
                // The dot was put there by the sender's stuffing and goes; what follows is text.
                (State::Dot, _) => self.state = State::Within,
                (State::DotCr, b'\n') => {
                    self.seen += at + 1;
                    return (at + 1, true);
                }
                (State::DotCr, _) => self.bare_cr(),
            }
        }
        self.seen += bytes.len();
        (bytes.len(), false)
    }

    /// Text up to and with the next byte that means something; returns how many bytes that were.
    fn text(&mut self, bytes: &[u8]) -> usize {
        self.state = State::Within;
        let length = memchr::memchr3(b'\r', b'\n', 0, bytes).unwrap_or(bytes.len());
        self.line += length;
        if self.line + 2 > self.line_limit {
            self.fail(Fault::LongLine);
        }
        self.push(&bytes[..length]);
        match bytes.get(length) {
            None => return length,
            Some(b'\r') => self.state = State::Cr,
            Some(b'\n') if self.replace => {
                self.push(b"\r\n");
                self.line = 0;
            }
            Some(b'\n') => self.fail(Fault::BareLf),
            Some(_) => self.fail(Fault::Nul),
        }
        length + 1
    }

    fn bare_cr(&mut self) {
        if self.replace {
            self.push(b" ");
        } else {
            self.fail(Fault::BareCr);
        }
        self.state = State::Within;
    }

    fn fail(&mut self, fault: Fault) {
        self.fault.get_or_insert(fault);
        self.out = Vec::new();
        self.share = Share::default();
    }

    fn push(&mut self, bytes: &[u8]) {
        if self.fault.is_some() {
            return;
        }
        let length = self.out.len() + bytes.len();
        if length > self.limit {
            return self.fail(Fault::TooBig);
        }
        if length > self.out.capacity() {
            // Grown by own hand, so that the room knows of every byte that is reserved.
            let capacity = length.max(self.out.capacity() * 2).min(self.limit).max(4096.min(self.limit));
            if !self.room.grow(&mut self.share, capacity) {
                return self.fail(Fault::NoRoom);
            }
            self.out.reserve_exact(capacity - self.out.len());
        }
        self.out.extend_from_slice(bytes);
    }

    /// Bytes that came for the message, with those thrown away.
    pub fn seen(&self) -> usize {
        self.seen
    }

    /// The message, and the memory that it holds. A CR at the end of the last chunk stands alone.
    pub fn finish(mut self) -> Result<(Vec<u8>, Share), Fault> {
        if self.state == State::Cr {
            self.bare_cr();
        }
        match self.fault {
            Some(fault) => Err(fault),
            None => Ok((self.out, self.share)),
        }
    }
}

/// The message for `DATA`: a dot before each dot that begins a line, a line end at the end if there is none, and
/// the dot that ends it. `message` has no bare CR or LF.
pub fn stuff(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + message.len() / 64 + 8);
    let mut from = 0;
    for at in memchr::memchr_iter(b'.', message) {
        if at == 0 || message[at - 1] == b'\n' {
            out.extend_from_slice(&message[from..at]);
            out.push(b'.');
            from = at;
        }
    }
    out.extend_from_slice(&message[from..]);
    if !message.is_empty() && !message.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
    out
}

/// The message with every line end as CRLF; itself if that is so already. What a judge changed goes on by the
/// same rule as what came.
pub fn paired(message: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    let mut at = 0;
    while let Some(offset) = memchr::memchr2(b'\r', b'\n', &message[at..]) {
        if !message[at + offset..].starts_with(b"\r\n") {
            return crate::fields::crlf(message).into();
        }
        at += offset + 2;
    }
    message.into()
}

#[cfg(test)]
#[path = "data_tests.rs"]
mod tests;
