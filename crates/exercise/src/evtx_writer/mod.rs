//! Writes Windows event logs (EVTX) as Windows itself lays them out: a file header, chunks of
//! 64 KiB with their own tables of names and templates, records in Binary XML, and all checksums.
//!
//! Only what a staged log needs is here: events of two templates (the `System` part, and the
//! provider's part nested in it), no full or dirty files. The layout is that of MS-EVEN6, of the
//! libevtx documentation, and of real files.

mod chunk;
mod template;
mod value;

use chunk::{CHUNK, Chunk};

pub use template::{Body, Template, event_template};
pub use value::{Sid, ValueType, file_time};
pub(crate) use value::{guid_bytes, put_utf16};

/// Size of the block that holds the file header.
const FILE_HEADER: usize = 4096;

/// What all events of one kind have in common.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Template of the whole event.
    pub event: Template,
    /// Template of the provider's part.
    pub body: Template,
    /// Provider's name.
    pub provider: String,
    /// Provider's GUID; classic sources have none.
    pub provider_guid: Option<[u8; 16]>,
    /// Channel.
    pub channel: String,
    /// Account under which the provider writes.
    pub user: Option<Sid>,
    /// Event identifier.
    pub id: u16,
    /// High part of a classic identifier.
    pub qualifiers: Option<u16>,
    /// Version of the event.
    pub version: u8,
    /// Level: 0 always, 1 critical, 2 error, 3 warning, 4 information.
    pub level: u8,
    /// Operation code.
    pub opcode: u8,
    /// Task.
    pub task: u16,
    /// Keyword bits.
    pub keywords: u64,
}

/// One record to be written.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub micros: i64,
    /// Process that logged it.
    pub process: u32,
    /// Thread that logged it.
    pub thread: u32,
    /// Its kind.
    pub layout: &'a Layout,
    /// The values of the provider's part: their count, a descriptor each, their bytes.
    pub values: &'a [u8],
}

/// A record that no chunk can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event of {size} bytes does not fit into a chunk of an event log")]
pub struct TooLarge {
    /// Size of its values.
    pub size: usize,
}

/// An event log that is being written.
pub struct EvtxWriter {
    bytes: Vec<u8>,
    chunk: Chunk,
    chunks: u64,
    next: u64,
}

impl EvtxWriter {
    /// An empty log whose first record gets the number `first`.
    pub fn new(first: u64) -> Self {
        Self { bytes: vec![0; FILE_HEADER], chunk: Chunk::new(first), chunks: 0, next: first }
    }

    /// Appends a record and returns its number (`EventRecordID`).
    pub fn push(&mut self, record: &Record<'_>) -> Result<u64, TooLarge> {
        if !self.chunk.has_room(record) {
            if !self.chunk.is_empty() {
                self.close_chunk();
            }
            if !self.chunk.has_room(record) {
                return Err(TooLarge { size: record.values.len() });
            }
        }
        let id = self.next;
        self.chunk.push(record, id);
        self.next += 1;
        Ok(id)
    }

    /// The number that the next record would get.
    pub const fn next_record(&self) -> u64 {
        self.next
    }

    fn close_chunk(&mut self) {
        let chunk = std::mem::replace(&mut self.chunk, Chunk::new(self.next));
        self.bytes.extend_from_slice(&chunk.finish());
        self.chunks += 1;
    }

    /// The bytes of the finished log.
    pub fn finish(mut self) -> Vec<u8> {
        if !self.chunk.is_empty() || self.chunks == 0 {
            self.close_chunk();
        }
        let header = &mut self.bytes[..FILE_HEADER];
        header[..8].copy_from_slice(b"ElfFile\0");
        for (place, number) in [(8, 0), (16, self.chunks - 1), (24, self.next)] {
            header[place..place + 8].copy_from_slice(&number.to_le_bytes());
        }
        header[32..36].copy_from_slice(&128_u32.to_le_bytes());
        for (place, number) in [(36, 1), (38, 3), (40, FILE_HEADER as u16), (42, self.chunks as u16)] {
            header[place..place + 2].copy_from_slice(&number.to_le_bytes());
        }
        let sum = crc32fast::hash(&header[..120]);
        header[124..128].copy_from_slice(&sum.to_le_bytes());
        debug_assert_eq!((self.bytes.len() - FILE_HEADER) % CHUNK, 0);
        self.bytes
    }
}
