//! Where the chunks of a stream lie.

use std::io::{BufRead, ErrorKind};

use memchr::memmem;
use model::{Place, Problem};

/// Size of a chunk, in bytes.
pub(super) const CHUNK: usize = 64 << 10;
/// Size of a chunk's header, in bytes.
pub(super) const HEADER: usize = 512;
/// Size of the file header's block, in bytes.
const FILE_HEADER: usize = 4096;

/// What a file begins with.
pub(super) const FILE_MAGIC: &[u8] = b"ElfFile\0";
/// What a chunk begins with.
pub(super) const CHUNK_MAGIC: &[u8] = b"ElfChnk\0";

/// Finds the chunks of a stream, with one of them in memory.
pub(super) struct Chunks<'r> {
    input: &'r mut dyn BufRead,
    window: Vec<u8>,
    /// Where the window begins in the stream.
    offset: u64,
    /// Where bytes began that belong to no chunk.
    stray: Option<u64>,
    begun: bool,
}

/// A chunk as found.
#[derive(Debug)]
pub(super) struct Found {
    /// Where it begins in the stream.
    pub(super) offset: u64,
    /// Its bytes, filled up with zeros.
    pub(super) bytes: Vec<u8>,
    /// How many of them were there.
    pub(super) len: usize,
}

impl<'r> Chunks<'r> {
    /// Looks for chunks in `input`.
    pub(super) fn new(input: &'r mut dyn BufRead) -> Self {
        Self { input, window: Vec::with_capacity(CHUNK), offset: 0, stray: None, begun: false }
    }

    /// The next chunk, in `buffer`; what lies between is told to `problem`.
    pub(super) fn next(&mut self, mut buffer: Vec<u8>, problem: &mut dyn FnMut(Problem)) -> Option<Found> {
        if !std::mem::replace(&mut self.begun, true) {
            self.file_header(problem);
        }
        loop {
            self.fill(CHUNK, problem);
            if self.window.is_empty() {
                self.end_stray(problem);
                return None;
            }
            if self.window.starts_with(CHUNK_MAGIC) {
                self.end_stray(problem);
                let len = self.chunk_len();
                let offset = self.offset;
                buffer.clear();
                if len == self.window.len() {
                    std::mem::swap(&mut buffer, &mut self.window);
                    self.offset += len as u64;
                } else {
                    buffer.extend_from_slice(&self.window[..len]);
                    self.drop_front(len);
                }
                buffer.resize(CHUNK, 0);
                return Some(Found { offset, bytes: buffer, len });
            }
            self.pass_over();
        }
    }

    /// Passes over the header of the file where there is one; a carved file may have none.
    fn file_header(&mut self, problem: &mut dyn FnMut(Problem)) {
        self.fill(FILE_HEADER, problem);
        if !self.window.starts_with(FILE_MAGIC) {
            return;
        }
        match evtx::EvtxFileHeader::from_bytes(&self.window) {
            Ok(header) if header.validate_checksum() => {}
            Ok(_) => problem(Problem::new(
                Place::Offset(0),
                "the checksum of the file header does not match; the chunks are read none the less",
            )),
            Err(error) => {
                problem(Problem::new(Place::Offset(0), format!("the file header is torn: {error}")))
            }
        }
        self.drop_front(FILE_HEADER.min(self.window.len()));
    }

    /// Where the chunk at the front ends: after 64 KiB, or before where another one begins within
    /// it because bytes are missing.
    fn chunk_len(&self) -> usize {
        let len = self.window.len();
        let within = (HEADER..len)
            .step_by(HEADER)
            .find(|&at| self.window[at..].starts_with(CHUNK_MAGIC) && is_chunk_header(&self.window[at..]));
        within.unwrap_or(len)
    }

    /// Passes over bytes that belong to no chunk. Unused space is all zeros and no problem.
    fn pass_over(&mut self) {
        if self.window.len() == CHUNK && is_blank(&self.window) {
            return self.drop_front(CHUNK);
        }
        let next = memmem::find(&self.window[1..], CHUNK_MAGIC).map(|at| at + 1);
        // A magic may begin in the last bytes, unless nothing follows.
        let torn = if self.window.len() < CHUNK { 0 } else { CHUNK_MAGIC.len() - 1 };
        let len = next.unwrap_or(self.window.len() - torn);
        if self.stray.is_none() && !is_blank(&self.window[..len]) {
            self.stray = Some(self.offset);
        }
        self.drop_front(len);
    }

    fn end_stray(&mut self, problem: &mut dyn FnMut(Problem)) {
        if let Some(from) = self.stray.take() {
            let len = self.offset - from;
            problem(Problem::new(
                Place::Offset(from),
                format!("{len} bytes belong to no chunk and were passed over"),
            ));
        }
    }

    fn drop_front(&mut self, len: usize) {
        self.window.drain(..len);
        self.offset += len as u64;
    }

    /// Reads until the window holds `len` bytes or the stream ends.
    fn fill(&mut self, len: usize, problem: &mut dyn FnMut(Problem)) {
        self.window.reserve(len.saturating_sub(self.window.len()));
        while self.window.len() < len {
            let wanted = len - self.window.len();
            match self.input.fill_buf() {
                Ok([]) => return,
                Ok(available) => {
                    let count = available.len().min(wanted);
                    self.window.extend_from_slice(&available[..count]);
                    self.input.consume(count);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    let at = self.offset + self.window.len() as u64;
                    return problem(Problem::new(Place::Offset(at), format!("reading ended here: {error}")));
                }
            }
        }
    }
}

/// Whether `bytes` are all zeros; logs are laid out ahead of their use, so this has to be quick.
pub(super) fn is_blank(bytes: &[u8]) -> bool {
    bytes.chunks(256).all(|part| part.iter().fold(0, |seen, byte| seen | byte) == 0)
}

/// Whether `bytes` begin with a chunk's header, judged by its checksum or its constant size.
fn is_chunk_header(bytes: &[u8]) -> bool {
    const HEADER_SIZE: [u8; 4] = 128u32.to_le_bytes();
    bytes.starts_with(CHUNK_MAGIC) && bytes.get(40..44) == Some(&HEADER_SIZE)
}

/// Whether `head`, the first bytes of a file, are of a Windows event log: its header, or a chunk
/// on a sector's boundary.
pub(super) fn is_evtx(head: &[u8]) -> bool {
    head.starts_with(FILE_MAGIC) || (0..head.len()).step_by(HEADER).any(|at| is_chunk_header(&head[at..]))
}
