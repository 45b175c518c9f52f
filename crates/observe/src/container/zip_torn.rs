//! Zip archives without a directory: cut short in the transfer, or carved from a disk. The members
//! are found by the headers that stand before them (APPNOTE 6.3.10, section 4.3.7).
//!
//! Members compressed by LZMA are read here in any case, since memory has to be bounded.

use std::io::{self, BufRead, BufReader, Read, SeekFrom};

use flate2::bufread::DeflateDecoder;
use lzma_rust2::{LzmaReader, XzReader};
use memchr::memmem;

use super::zip::time_of_dos;
use super::{DECODER_KIB, Member, Next, Piece, tell};
use crate::Collector;
use crate::input::{Metered, Packed};
use crate::read::ReadSeek;
use crate::text::decode_name;

const SIGNATURE: &[u8] = b"PK\x03\x04";

/// Bytes of a header before the name.
const FIXED: usize = 30;

/// Bytes that are searched at once at most.
const CHUNK: usize = 64 << 10;

/// Bytes of a member that are read at once.
const BUFFER: usize = 8 << 10;

/// What the header before a member says.
struct Header {
    flags: u16,
    method: u16,
    time: u16,
    date: u16,
    packed: u64,
    /// `u64::MAX` where it is not known.
    unpacked: u64,
    name: String,
    /// Where the data begin.
    data: u64,
}

impl Header {
    fn is_encrypted(&self) -> bool {
        self.flags & 1 != 0
    }

    /// Whether the sizes stand behind the data, so that they are not known here.
    fn is_streamed(&self) -> bool {
        self.flags & 8 != 0 && self.packed == 0
    }
}

/// Reads the members whose headers are found from the offset `from` on.
pub(super) fn unpack(piece: &Piece<'_>, file: &mut dyn ReadSeek, from: u64, out: &mut dyn Collector) {
    let mut at = from;
    while let Ok(Some(found)) = find(file, at, &[SIGNATURE]) {
        at = found + SIGNATURE.len() as u64;
        let Ok(Some(header)) = header(file, found) else {
            continue;
        };
        match member(piece, &header, file, out) {
            Some(behind) => at = behind.max(at),
            None => return,
        }
    }
}

/// Reads the header at `at`; `None` where the bytes there are no header.
fn header(file: &mut dyn ReadSeek, at: u64) -> io::Result<Option<Header>> {
    file.seek(SeekFrom::Start(at))?;
    let mut fixed = [0; FIXED];
    file.read_exact(&mut fixed)?;
    let short = |at: usize| u16::from_le_bytes([fixed[at], fixed[at + 1]]);
    let long = |at: usize| u64::from(short(at)) | u64::from(short(at + 2)) << 16;
    let (name_size, extra_size) = (usize::from(short(26)), usize::from(short(28)));
    if name_size == 0 || short(4) > 100 || short(8) > 99 {
        return Ok(None);
    }
    let mut rest = vec![0; name_size + extra_size];
    file.read_exact(&mut rest)?;
    let (name, extra) = rest.split_at(name_size);
    let packed = match long(18) {
        0xFFFF_FFFF => packed_of_zip64(extra).unwrap_or(0xFFFF_FFFF),
        packed => packed,
    };
    Ok(Some(Header {
        flags: short(6),
        method: short(8),
        time: short(10),
        date: short(12),
        packed,
        unpacked: if long(22) == 0 || long(22) == 0xFFFF_FFFF { u64::MAX } else { long(22) },
        name: decode_name(name),
        data: at + (FIXED + rest.len()) as u64,
    }))
}

/// The packed size of the extra field 1, behind the unpacked one.
fn packed_of_zip64(mut extra: &[u8]) -> Option<u64> {
    while let [id0, id1, size0, size1, rest @ ..] = extra {
        let size = usize::from(u16::from_le_bytes([*size0, *size1]));
        let field = rest.get(..size)?;
        if [*id0, *id1] == [1, 0] {
            return Some(u64::from_le_bytes(*field.get(8..)?.first_chunk()?));
        }
        extra = &rest[size..];
    }
    None
}

/// Reads one member and returns where the next one may be; `None` to stop.
fn member(
    piece: &Piece<'_>,
    header: &Header,
    file: &mut dyn ReadSeek,
    out: &mut dyn Collector,
) -> Option<u64> {
    let behind = header.data.saturating_add(header.packed);
    if header.name.ends_with('/') {
        return Some(behind);
    }
    if header.is_encrypted() {
        tell(&header.name, "is encrypted and was not read", out);
        return Some(behind);
    }
    let packed = match (header.is_streamed(), header.method) {
        (false, _) => header.packed,
        (true, STORED) => {
            let ends: [&[u8]; 3] = [b"PK\x07\x08", SIGNATURE, b"PK\x01\x02"];
            find(file, header.data, &ends).ok()?.map_or(u64::MAX, |end| end - header.data)
        }
        (true, _) => u64::MAX,
    };
    let (next, used) = contents(piece, header, packed, file, out);
    // A size may be wrong; what ends by itself tells better where it ends.
    let ends_by_itself = header.is_streamed() || matches!(header.method, DEFLATED | BZIPPED | ZSTD);
    let end = if ends_by_itself { header.data.saturating_add(used) } else { behind };
    (next == Next::Member).then_some(end)
}

/// Reads the member whose header stands at `at` and whose sizes the directory knows.
pub(super) fn member_at(
    piece: &Piece<'_>,
    at: u64,
    (packed, unpacked): (u64, u64),
    file: &mut dyn ReadSeek,
    out: &mut dyn Collector,
) -> io::Result<Next> {
    let Some(header) = header(file, at)? else {
        return Err(io::Error::other("its header is damaged"));
    };
    Ok(contents(piece, &Header { unpacked, ..header }, packed, file, out).0)
}

/// Reads what a member holds, and counts the bytes that this took.
fn contents(
    piece: &Piece<'_>,
    header: &Header,
    packed: u64,
    file: &mut dyn ReadSeek,
    out: &mut dyn Collector,
) -> (Next, u64) {
    if file.seek(SeekFrom::Start(header.data)).is_err() {
        return (Next::Stop, 0);
    }
    let used = Packed::default();
    let source = Metered::new(BufReader::with_capacity(BUFFER, file.take(packed)), used.clone());
    let mut bytes = match decoder(header, source, packed) {
        Ok(bytes) => bytes,
        Err(error) => {
            tell(&header.name, &format!("cannot be read: {error}"), out);
            return (Next::Member, used.total());
        }
    };
    let modified = time_of_dos(header.date, header.time, &piece.run.settings.zone);
    let compressed = (header.method != STORED).then(|| used.clone());
    let member = Member { name: &header.name, modified, packed: compressed };
    let next = piece.member(member, &mut bytes, out);
    drop(bytes);
    (next, used.total())
}

const STORED: u16 = 0;
const DEFLATED: u16 = 8;
const BZIPPED: u16 = 12;
const LZMA: u16 = 14;
const ZSTD: u16 = 93;
const XZ: u16 = 95;

fn decoder<'s>(header: &Header, source: impl BufRead + 's, packed: u64) -> io::Result<Box<dyn Read + 's>> {
    Ok(match header.method {
        STORED => Box::new(Whole { source, left: packed }),
        DEFLATED => Box::new(DeflateDecoder::new(source)),
        BZIPPED => Box::new(bzip2::bufread::BzDecoder::new(source)),
        LZMA => Box::new(lzma(source, header.unpacked)?),
        ZSTD => Box::new(zstd::Decoder::with_buffer(source)?.single_frame()),
        XZ => Box::new(XzReader::new_mem_limit(source, false, DECODER_KIB)),
        method => return Err(io::Error::other(format!("compressed by method {method}"))),
    })
}

/// LZMA as zip keeps it (APPNOTE, section 5.8.8): a version, then the properties with their size.
fn lzma<'s>(mut source: impl BufRead + 's, unpacked: u64) -> io::Result<impl Read + 's> {
    let mut start = [0; 4 + 5];
    source.read_exact(&mut start)?;
    if start[2..4] != [5, 0] {
        return Err(io::Error::other("its LZMA properties are damaged"));
    }
    // The same as at the beginning of a file by itself, where the properties are checked.
    let own = [&start[4..], &unpacked.to_le_bytes()].concat();
    LzmaReader::new_mem_limit(io::Cursor::new(own).chain(source), DECODER_KIB, None)
}

/// Where one of `signatures` stands from the offset `from` on.
fn find(file: &mut dyn ReadSeek, from: u64, signatures: &[&[u8]]) -> io::Result<Option<u64>> {
    const OVERLAP: usize = SIGNATURE.len() - 1;
    file.seek(SeekFrom::Start(from))?;
    let mut window = Vec::new();
    let mut start = from;
    // Mostly it is not far.
    let mut chunk = 256;
    loop {
        let count = file.take(chunk).read_to_end(&mut window)?;
        chunk = (chunk * 8).min(CHUNK as u64);
        if let Some(at) = signatures.iter().filter_map(|signature| memmem::find(&window, signature)).min() {
            return Ok(Some(start + at as u64));
        }
        if count == 0 {
            return Ok(None);
        }
        let done = window.len().saturating_sub(OVERLAP);
        window.drain(..done);
        start += done as u64;
    }
}

/// A stored member, which has to be as long as its header says.
struct Whole<R> {
    source: R,
    left: u64,
}

impl<R: BufRead> Read for Whole<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(to)?;
        self.left = self.left.saturating_sub(count as u64);
        if count == 0 && !to.is_empty() && self.left > 0 && self.left < u64::MAX / 2 {
            let what = format!("the archive ends {} bytes before this member does", self.left);
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, what));
        }
        Ok(count)
    }
}
