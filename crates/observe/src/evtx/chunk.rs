//! The records of one chunk.

use std::sync::Arc;

use evtx::{EvtxChunk, EvtxChunkData, EvtxChunkHeader, IterChunkRecords, ParserSettings};
use memchr::memmem;
use model::{Event, Place, Problem, Time};

use super::fill::{Filler, Stop};
use super::json;
use super::store::Store;
use super::stream::{CHUNK, Found, HEADER, is_blank};
use super::wire::Wire;
use crate::Collector;

/// What a record begins with.
const RECORD_MAGIC: &[u8] = b"\x2a\x2a\0\0";
/// Magic, size, number and time of a record.
const RECORD_HEADER: usize = 24;
/// The copy of its size with which a record ends.
const RECORD_TRAILER: usize = 4;

/// Reads the records of chunks.
#[derive(Debug)]
pub(super) struct Reader {
    settings: Arc<ParserSettings>,
    event: Event,
    store: Store,
    /// Whether every record takes the slow way, to compare both.
    slow_only: bool,
}

impl Reader {
    /// A reader that knows the templates of `store`; with `slow_only`, every record is rendered by
    /// the crate.
    pub(super) fn new(store: Store, slow_only: bool) -> Self {
        let settings = ParserSettings::default().indent(false).validate_checksums(false);
        Self { settings: Arc::new(settings), event: Event::default(), store, slow_only }
    }

    /// The templates that were met.
    pub(super) fn into_store(self) -> Store {
        self.store
    }

    /// Reads the records of `found`; gives its buffer back.
    pub(super) fn read(&mut self, found: Found, out: &mut dyn Collector) -> Vec<u8> {
        let Found { offset, bytes, len } = found;
        let chunk = match EvtxChunkData::new(bytes, false) {
            Ok(chunk) => chunk,
            Err(error) => {
                out.problem(Problem::new(
                    Place::Offset(offset),
                    format!("the chunk's header is torn: {error}"),
                ));
                return Vec::new();
            }
        };
        let mut walk = Walk::new(&chunk, offset, len, out);
        if let Some(at) = walk.run(self, None) {
            // Rare: some record needs the crate's renderer, which walks the chunk by itself.
            walk.at = at;
            match EvtxChunk::new(&chunk.data, &chunk.header, Arc::clone(&self.settings)) {
                Ok(mut rendering) => {
                    let slow = Slow { records: rendering.iter(), pending: None };
                    walk.run(self, Some(slow));
                }
                Err(error) => walk.problem(at, &format!("the names in the chunk are damaged: {error}")),
            }
        }
        chunk.data
    }
}

/// The crate's own walk over a chunk, a step behind ours.
struct Slow<'a> {
    records: IterChunkRecords<'a>,
    pending: Option<evtx::EvtxRecord<'a>>,
}

impl Slow<'_> {
    /// Puts the record whose BinXML begins at `at` into `event`.
    fn fill(&mut self, at: usize, event: &mut Event) -> Result<(), String> {
        let mut damage = String::from("it lies outside of what the chunk's header covers");
        loop {
            let record = match self.pending.take().map(Ok).or_else(|| self.records.next()) {
                Some(Ok(record)) => record,
                Some(Err(error)) => {
                    damage = error.to_string();
                    continue;
                }
                None => return Err(damage),
            };
            match (record.binxml_offset as usize).cmp(&at) {
                std::cmp::Ordering::Less => {}
                std::cmp::Ordering::Equal => {
                    let rendered = record.into_json_value().map_err(|error| error.to_string())?;
                    json::flatten(&rendered.data, event);
                    return Ok(());
                }
                std::cmp::Ordering::Greater => {
                    self.pending = Some(record);
                    return Err(damage);
                }
            }
        }
    }
}

/// A record's frame.
#[derive(Clone, Copy, Debug)]
struct Frame {
    id: u64,
    filetime: u64,
    /// Where it begins in the chunk.
    from: usize,
    /// Where it ends.
    to: usize,
    /// Whether it ends with the copy of its size.
    closed: bool,
}

impl Frame {
    fn at(data: &[u8], from: usize) -> Option<Self> {
        let mut wire = Wire::new(data, from);
        if wire.take(RECORD_MAGIC.len())? != RECORD_MAGIC {
            return None;
        }
        let size = wire.u32()?;
        let (id, filetime) = (wire.u64()?, wire.u64()?);
        if (size as usize) < RECORD_HEADER + RECORD_TRAILER {
            return None;
        }
        let to = from.checked_add(size as usize).filter(|&to| to <= data.len())?;
        let closed = Wire::new(data, to - RECORD_TRAILER).u32() == Some(size);
        Some(Self { id, filetime, from, to, closed })
    }

    const fn binxml(&self) -> std::ops::Range<usize> {
        self.from + RECORD_HEADER..self.to - RECORD_TRAILER
    }
}

/// A walk over the records of a chunk.
struct Walk<'c> {
    data: &'c [u8],
    header: &'c EvtxChunkHeader,
    /// Where the chunk begins in the evidence.
    offset: u64,
    /// Whether the numbers in the chunk's header can be trusted.
    header_holds: bool,
    /// Where the live records end, as far as known.
    live_end: usize,
    /// Where the next record should begin.
    at: usize,
    last_id: Option<u64>,
    filler: Filler<'c>,
    out: &'c mut dyn Collector,
}

impl<'c> Walk<'c> {
    fn new(chunk: &'c EvtxChunkData, offset: u64, len: usize, out: &'c mut dyn Collector) -> Self {
        let header = &chunk.header;
        let header_holds = chunk.validate_header_checksum();
        let free = header.free_space_offset as usize;
        let live_end = if (HEADER..=len).contains(&free) { free } else { len };
        let mut walk = Self {
            data: &chunk.data,
            header,
            offset,
            header_holds,
            live_end,
            at: HEADER,
            last_id: None,
            filler: Filler::new(&chunk.data),
            out,
        };
        walk.check(chunk, len);
        walk
    }

    /// Reports what is wrong with the chunk as a whole.
    fn check(&mut self, chunk: &EvtxChunkData, len: usize) {
        let unheard = || Frame::at(self.data, HEADER).is_some_and(|frame| self.is_live(&frame));
        let what = if len < CHUNK && len < self.header.free_space_offset as usize {
            &format!("the chunk is torn after {len} of {CHUNK} bytes; its whole records are read")
        } else if !self.header_holds {
            "the checksum of the chunk's header does not match; the chunk is read none the less"
        } else if !chunk.validate_data_checksum() {
            "the checksum of the chunk's records does not match; the chunk is read none the less"
        } else if self.live_end == HEADER && unheard() {
            "the chunk's header knows of no records; those that follow one another are read"
        } else {
            return;
        };
        self.problem(0, what);
    }

    fn problem(&mut self, at: usize, what: &str) {
        self.out.problem(Problem::new(Place::Offset(self.offset + at as u64), what));
    }

    /// Hands the records on; where one needs the crate's renderer and there is none, gives its
    /// place instead.
    fn run(&mut self, reader: &mut Reader, mut slow: Option<Slow<'_>>) -> Option<usize> {
        loop {
            let Some(frame) = Frame::at(self.data, self.at).filter(|frame| self.is_live(frame)) else {
                if self.at >= self.live_end || !self.resume() {
                    return None;
                }
                continue;
            };
            match self.record(reader, &frame, slow.as_mut()) {
                Ok(()) => {}
                Err(Stop::Unsupported) => return Some(frame.from),
                Err(Stop::Spent) => {
                    self.problem(
                        frame.from,
                        "the records expand beyond all measure; the rest of the chunk is left out",
                    );
                    return None;
                }
            }
            self.at = frame.to;
            self.last_id = Some(frame.id);
            if self.header_holds && frame.id == self.header.last_event_record_id {
                self.live_end = self.live_end.min(frame.to);
            }
        }
    }

    /// Whether `frame` is a record of the log as it stands. Beyond the live records lie old ones;
    /// one that continues the numbering was written after the header was.
    fn is_live(&self, frame: &Frame) -> bool {
        let follows = match self.last_id {
            Some(last) => Some(frame.id) == last.checked_add(1),
            // The header was written before any record was.
            None => self.live_end == HEADER,
        };
        frame.to <= self.live_end || (frame.closed && follows)
    }

    /// Finds where the records go on after one that cannot be read.
    fn resume(&mut self) -> bool {
        let from = self.at;
        let end = self.live_end.min(self.data.len());
        let search = self.data.get(from + 1..end).unwrap_or_default();
        let next = memmem::find_iter(search, RECORD_MAGIC).map(|at| from + 1 + at).find(|&at| {
            Frame::at(self.data, at)
                .is_some_and(|frame| frame.closed && frame.to <= end && self.may_follow(&frame))
        });
        let rest = &self.data[from..next.unwrap_or(end)];
        if !is_blank(rest) {
            self.problem(from, &format!("{} bytes hold no record that can be read", rest.len()));
        }
        self.at = next.unwrap_or(end);
        next.is_some()
    }

    /// Whether a record found by searching is one of this chunk.
    fn may_follow(&self, frame: &Frame) -> bool {
        let ids = self.header.first_event_record_id..=self.header.last_event_record_id;
        !self.header_holds || ids.contains(&frame.id)
    }

    fn record(
        &mut self,
        reader: &mut Reader,
        frame: &Frame,
        slow: Option<&mut Slow<'_>>,
    ) -> Result<(), Stop> {
        let event = &mut reader.event;
        event.clear();
        let filled = if reader.slow_only {
            Err(Stop::Unsupported)
        } else {
            self.filler.fill(&mut reader.store, frame.binxml(), event)
        };
        match (filled, slow) {
            (Ok(()), _) => {}
            (Err(Stop::Unsupported), Some(slow)) => {
                event.clear();
                if let Err(damage) = slow.fill(frame.binxml().start, event) {
                    let what = format!("cannot be read: {damage}");
                    self.out.problem(Problem::new(Place::Record(frame.id), what));
                    return Ok(());
                }
            }
            (Err(stop), _) => return Err(stop),
        }
        event.record = frame.id;
        event.offset = self.offset + frame.from as u64;
        event.time = event.time.or_else(|| Time::from_filetime(frame.filetime));
        crate::windows::route(event);
        self.out.event(event);
        Ok(())
    }
}
