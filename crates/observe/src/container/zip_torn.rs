//! Zip archives without a directory: cut short in the transfer, or carved from a disk. The members
//! are found by the headers that stand before them (APPNOTE 6.3.10, section 4.3.7).

use std::io::{self, BufRead, BufReader, Read, SeekFrom};

use flate2::bufread::DeflateDecoder;
use memchr::memmem;

use super::zip::time_of_dos;
use super::{Member, Next, Piece, tell};
use crate::Collector;
use crate::input::{Metered, Packed};
use crate::read::ReadSeek;
use crate::text::decode_name;

const SIGNATURE: &[u8] = b"PK\x03\x04";

/// Bytes of a header before the name.
const FIXED: usize = 30;

/// Bytes that are searched at once.
const CHUNK: usize = 64 << 10;

/// What the header before a member says.
struct Header {
    flags: u16,
    method: u16,
    time: u16,
    date: u16,
    packed: u64,
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
        (true, 0) => {
            let ends: [&[u8]; 3] = [b"PK\x07\x08", SIGNATURE, b"PK\x01\x02"];
            find(file, header.data, &ends).ok()?.map_or(u64::MAX, |end| end - header.data)
        }
        (true, _) => u64::MAX,
    };
    file.seek(SeekFrom::Start(header.data)).ok()?;
    let used = Packed::default();
    let mut source = Metered::new(BufReader::with_capacity(CHUNK, file.take(packed)), used.clone());
    let modified = time_of_dos(header.date, header.time, &piece.run.settings.zone);
    let member = Member { name: &header.name, modified, packed: Some(used.clone()) };
    let (next, self_ending) = match header.method {
        0 => {
            (piece.member(Member { packed: None, ..member }, &mut Whole { source, left: packed }, out), false)
        }
        8 => (piece.member(member, &mut DeflateDecoder::new(source), out), true),
        12 => (piece.member(member, &mut bzip2::bufread::BzDecoder::new(source), out), true),
        93 => match zstd::Decoder::with_buffer(&mut source) {
            Ok(decoder) => (piece.member(member, &mut decoder.single_frame(), out), true),
            Err(_) => (Next::Member, false),
        },
        method => {
            tell(
                &header.name,
                &format!("is compressed by method {method}, which is read by the directory only"),
                out,
            );
            (Next::Member, false)
        }
    };
    let end =
        if self_ending || header.is_streamed() { header.data.saturating_add(used.total()) } else { behind };
    (next == Next::Member).then_some(end)
}

/// Where one of `signatures` stands from the offset `from` on.
fn find(file: &mut dyn ReadSeek, from: u64, signatures: &[&[u8]]) -> io::Result<Option<u64>> {
    const OVERLAP: usize = SIGNATURE.len() - 1;
    file.seek(SeekFrom::Start(from))?;
    let mut window = Vec::with_capacity(CHUNK + OVERLAP);
    let mut start = from;
    loop {
        let count = file.take(CHUNK as u64).read_to_end(&mut window)?;
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
