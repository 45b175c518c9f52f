//! One stream of evidence on its way to a reader: hashed, counted and bounded.

use std::borrow::Cow;
use std::cell::Cell;
use std::io::{self, BufRead, ErrorKind, Read};
use std::rc::Rc;

use model::{Place, Problem};
use sha2::{Digest, Sha256};

use crate::{Collector, Limits};

/// How much of a stream is looked at to tell its format.
pub(crate) const HEAD: usize = 64 << 10;

/// What is read from the stream at once.
const BUFFER: usize = 128 << 10;

/// What may be unpacked before a ratio counts.
const FREE: u64 = 16 << 20;

/// What one file may still unpack to, all of its containers and members together.
#[derive(Debug)]
pub(crate) struct Budget {
    pub(crate) limits: Limits,
    unpacked: Cell<u64>,
    members: Cell<u64>,
}

impl Budget {
    /// The budget of a file of `size` bytes.
    pub(crate) fn new(limits: Limits, size: u64) -> Self {
        let by_ratio = size.saturating_mul(limits.ratio).saturating_add(FREE);
        Self {
            limits,
            unpacked: Cell::new(limits.unpacked.min(by_ratio)),
            members: Cell::new(limits.members),
        }
    }

    /// Whether nothing more may be unpacked.
    pub(crate) fn is_spent(&self) -> bool {
        self.unpacked.get() == 0
    }

    /// Takes one member; `false` when there were as many as may be.
    pub(crate) fn take_member(&self) -> bool {
        let left = self.members.get();
        self.members.set(left.saturating_sub(1));
        left > 0
    }
}

/// How many compressed bytes a stream has used so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Packed(Rc<Cell<u64>>);

impl Packed {
    /// Of a stream whose container says so.
    pub(crate) fn of(size: u64) -> Self {
        Self(Rc::new(Cell::new(size)))
    }

    /// How many it is.
    pub(crate) fn total(&self) -> u64 {
        self.0.get()
    }

    /// Notes `bytes` more.
    pub(crate) fn add(&self, bytes: usize) {
        self.0.set(self.0.get() + bytes as u64);
    }
}

/// Bounds of a member.
#[derive(Clone, Debug)]
pub(crate) struct Bounds<'a> {
    pub(crate) budget: &'a Budget,
    /// The bytes that it was compressed to; `None` where it is not compressed.
    pub(crate) packed: Option<Packed>,
}

/// A stream of evidence. Its `fill_buf` never fails: a stream that breaks ends there, and
/// [`Input::finish`] says why.
pub(crate) struct Input<'a> {
    inner: &'a mut dyn Read,
    buffer: Cow<'a, [u8]>,
    at: usize,
    filled: usize,
    hash: Option<Sha256>,
    size: u64,
    hole: u64,
    bounds: Option<Bounds<'a>>,
    /// Bytes read, for progress.
    counter: Option<&'a Cell<u64>>,
    fault: Option<String>,
    ended: bool,
}

impl<'a> Input<'a> {
    /// A file's own bytes, told to `counter` as they are read; hashed unless the hash is known.
    pub(crate) fn file(inner: &'a mut dyn Read, counter: &'a Cell<u64>, hashed: bool) -> Self {
        Self { counter: Some(counter), hash: hashed.then(Sha256::new), ..Self::new(inner) }
    }

    /// A file's own bytes, all of them in memory and hashed before.
    pub(crate) fn memory(bytes: &'a [u8], nothing: &'a mut io::Empty) -> Self {
        let (filled, size) = (bytes.len(), bytes.len() as u64);
        let buffer = Cow::Borrowed(bytes);
        Self { buffer, filled, size, hash: None, ended: true, ..Self::new(nothing) }
    }

    /// A member's bytes.
    pub(crate) fn member(inner: &'a mut dyn Read, bounds: Bounds<'a>) -> Self {
        Self { bounds: Some(bounds), ..Self::new(inner) }
    }

    fn new(inner: &'a mut dyn Read) -> Self {
        Self {
            inner,
            buffer: Cow::Owned(Vec::new()),
            at: 0,
            filled: 0,
            hash: Some(Sha256::new()),
            size: 0,
            hole: 0,
            bounds: None,
            counter: None,
            fault: None,
            ended: false,
        }
    }

    /// The first bytes, up to [`HEAD`], which stay to be read. A hole of NUL bytes before them that
    /// is as long is left behind.
    pub(crate) fn head(&mut self) -> &[u8] {
        loop {
            while !self.ended && self.filled < HEAD {
                self.refill(self.filled);
            }
            let len = (self.filled - self.at).min(BUFFER);
            if (self.ended && len < HEAD) || self.buffer[self.at..][..len].iter().any(|byte| *byte != 0) {
                return &self.buffer[self.at..][..len];
            }
            self.hole += len as u64;
            self.at += len;
            if !self.ended {
                self.at = 0;
                self.filled = 0;
            }
        }
    }

    /// How many NUL bytes were left behind before the head.
    pub(crate) fn hole(&self) -> u64 {
        self.hole
    }

    /// Reads what is left, so that size and hash are those of the whole.
    fn drain(&mut self) {
        self.at = self.filled;
        while !self.ended {
            self.refill(0);
            self.at = self.filled;
        }
    }

    /// Reads what is left if that is needed for the hash.
    pub(crate) fn hash_rest(&mut self) {
        if self.hash.is_some() {
            self.drain();
        }
    }

    /// Tells why the stream ended early, if it did, and returns its hash (unless that was known
    /// before) and size.
    pub(crate) fn finish(mut self, out: &mut dyn Collector) -> (Option<[u8; 32]>, u64) {
        self.hash_rest();
        if let Some(what) = self.fault {
            out.problem(Problem::new(Place::Offset(self.size), what));
        }
        (self.hash.map(|hash| hash.finalize().into()), self.size)
    }

    /// Reads once, to `from` in the buffer, which holds nothing that is needed beyond.
    fn refill(&mut self, from: usize) {
        let buffer = self.buffer.to_mut();
        buffer.resize(BUFFER, 0);
        let count = match self.inner.read(&mut buffer[from..]) {
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => return,
            Err(error) => {
                self.fault = Some(format!("cannot be read from here on: {error}"));
                0
            }
        };
        let count = self.within_bounds(count.min(self.buffer.len() - from));
        self.filled = from + count;
        self.size += count as u64;
        self.ended |= count == 0;
        if let Some(hash) = &mut self.hash {
            hash.update(&self.buffer[from..self.filled]);
        }
        if let Some(counter) = self.counter {
            counter.set(counter.get() + count as u64);
        }
    }

    /// How many of `count` bytes more are within the bounds.
    fn within_bounds(&mut self, count: usize) -> usize {
        let Some(bounds) = &self.bounds else {
            return count;
        };
        let limits = bounds.budget.limits;
        let left = bounds.budget.unpacked.get();
        let size = self.size + count as u64;
        if let Some(packed) = &bounds.packed
            && size > FREE
            && size - FREE > packed.0.get().saturating_mul(limits.ratio)
        {
            self.ended = true;
            let what = format!("unpacks to more than {} times its size; the rest was left out", limits.ratio);
            self.fault = Some(what);
            return 0;
        }
        if count as u64 > left {
            self.ended = true;
            self.fault = Some("the file unpacks to more than may be; the rest was left out".to_owned());
        }
        let count = left.min(count as u64);
        bounds.budget.unpacked.set(left - count);
        count as usize
    }
}

impl Read for Input<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let mut available = self.fill_buf()?;
        let count = available.read(to)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Input<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.at == self.filled && !self.ended {
            self.at = 0;
            self.filled = 0;
            self.refill(0);
        }
        Ok(&self.buffer[self.at..self.filled])
    }

    fn consume(&mut self, count: usize) {
        self.at = (self.at + count).min(self.filled);
    }
}

/// Notes the bytes that a decoder takes from its source.
pub(crate) struct Metered<R> {
    inner: R,
    packed: Packed,
}

impl<R> Metered<R> {
    pub(crate) fn new(inner: R, packed: Packed) -> Self {
        Self { inner, packed }
    }
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(to)?;
        self.packed.add(count);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Metered<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.packed.add(count);
        self.inner.consume(count);
    }
}
