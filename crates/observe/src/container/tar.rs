//! Tar archives: POSIX ustar and pax, GNU, and the old format without a magic.
//!
//! Headers are taken apart by the crate `tar`. The walk over them is done here, since it has to be
//! bounded (a name may claim to be gigabytes long) and to find its way on behind a damaged header.

use std::io::{self, Read};

use ::tar::{EntryType, Header};
use model::{Place, Problem, Time};

use super::{Member, Next, Piece, tell};
use crate::Collector;
use crate::input::Input;
use crate::recognise::is_tar_header;

const BLOCK: usize = 512;

/// Bytes of a long name or of extended headers that are looked at.
const EXTENDED: u64 = 1 << 20;

/// What an extended header says of the member that follows.
#[derive(Default)]
struct Extended {
    name: Option<String>,
    size: Option<u64>,
    modified: Option<Time>,
    sparse: bool,
}

/// Reads the members of an archive.
pub(super) fn unpack(piece: &Piece<'_>, input: &mut Input<'_>, out: &mut dyn Collector) {
    let mut extended = Extended::default();
    let mut offset = 0;
    let mut lost = false;
    let mut block = [0; BLOCK];
    while read_block(input, &mut block, offset, out) {
        let at = offset;
        offset += BLOCK as u64;
        if block.iter().all(|byte| *byte == 0) {
            continue;
        }
        if !is_tar_header(&block) {
            if !lost {
                let what = "not the header of a member; skipped to the next one";
                out.problem(Problem::new(Place::Offset(at), what));
            }
            lost = true;
            continue;
        }
        lost = false;
        let header = Header::from_byte_slice(&block);
        let size = extended.size.take().or_else(|| header.entry_size().ok()).unwrap_or_default();
        let padded = size.div_ceil(BLOCK as u64).saturating_mul(BLOCK as u64);
        offset = offset.saturating_add(padded);
        let mut bytes = Exact { input, left: size };
        let next = entry(piece, header, &mut extended, &mut bytes, out);
        if next == Next::Stop || !skip(input_rest(bytes), padded - size) {
            return;
        }
    }
}

/// Reads one header; `false` at the end.
fn read_block(input: &mut Input<'_>, block: &mut [u8; BLOCK], offset: u64, out: &mut dyn Collector) -> bool {
    let mut filled = 0;
    while filled < BLOCK {
        match input.read(&mut block[filled..]) {
            Ok(count) if count > 0 => filled += count,
            _ => break,
        }
    }
    if filled > 0 && filled < BLOCK && block[..filled].iter().any(|byte| *byte != 0) {
        out.problem(Problem::new(Place::Offset(offset), "the archive ends in the midst of a header"));
    }
    filled == BLOCK
}

/// Reads the member that `header` is of, or what it says of the next one.
fn entry(
    piece: &Piece<'_>,
    header: &Header,
    extended: &mut Extended,
    bytes: &mut Exact<'_, '_>,
    out: &mut dyn Collector,
) -> Next {
    match header.entry_type() {
        EntryType::GNULongName => {
            let name = bytes.up_to(EXTENDED);
            let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
            extended.name = Some(String::from_utf8_lossy(&name[..end]).into_owned());
            return Next::Member;
        }
        EntryType::XHeader => {
            pax(&bytes.up_to(EXTENDED), extended);
            return Next::Member;
        }
        EntryType::GNULongLink | EntryType::XGlobalHeader => return Next::Member,
        _ => {}
    }
    let extended = std::mem::take(extended);
    let name = extended.name.unwrap_or_else(|| String::from_utf8_lossy(&header.path_bytes()).into_owned());
    let what = match header.entry_type() {
        EntryType::Directory => return Next::Member,
        EntryType::Link | EntryType::Symlink => "is a link, which is not followed",
        EntryType::GNUSparse => "is stored with holes and was not read",
        _ if extended.sparse => "is stored with holes and was not read",
        EntryType::Char | EntryType::Block | EntryType::Fifo => "is a device and holds nothing",
        // Whatever else a writer may call it holds bytes, in which evidence may lie.
        _ => {
            let modified = extended.modified.or_else(|| time_of_seconds(header.mtime().ok()?));
            return piece.member(Member { name: &name, modified, packed: None }, bytes, out);
        }
    };
    tell(&name, what, out);
    Next::Member
}

/// Takes what is of use from an extended header of POSIX: lines of length, name and value.
fn pax(bytes: &[u8], extended: &mut Extended) {
    for extension in ::tar::PaxExtensions::new(bytes).flatten() {
        let value = String::from_utf8_lossy(extension.value_bytes());
        match extension.key_bytes() {
            b"path" => extended.name = Some(value.into_owned()),
            b"size" => extended.size = value.parse().ok(),
            b"mtime" => {
                let seconds = value.split('.').next().unwrap_or_default();
                extended.modified = seconds.parse().ok().and_then(time_of_seconds);
            }
            key if key.starts_with(b"GNU.sparse.") => extended.sparse = true,
            _ => {}
        }
    }
}

fn time_of_seconds(seconds: u64) -> Option<Time> {
    if seconds == 0 {
        return None;
    }
    Time::checked(i64::try_from(seconds).ok()?.checked_mul(1_000_000)?)
}

/// Leaves `count` bytes behind; `false` at the end of the input.
fn skip(input: &mut Input<'_>, count: u64) -> bool {
    io::copy(&mut input.take(count), &mut io::sink()).is_ok_and(|skipped| skipped == count)
}

/// What is left of a member is left behind.
fn input_rest<'s, 'i>(mut bytes: Exact<'s, 'i>) -> &'s mut Input<'i> {
    let left = std::mem::take(&mut bytes.left);
    skip(bytes.input, left);
    bytes.input
}

/// The bytes of one member, of which there have to be as many as its header says.
struct Exact<'s, 'i> {
    input: &'s mut Input<'i>,
    left: u64,
}

impl Exact<'_, '_> {
    /// The first bytes, `limit` at most.
    fn up_to(&mut self, limit: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        // What is missing shows when the next header is read.
        let _ = self.take(limit).read_to_end(&mut bytes);
        bytes
    }
}

impl Read for Exact<'_, '_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let wanted = usize::try_from(self.left).unwrap_or(usize::MAX).min(to.len());
        if wanted == 0 {
            return Ok(0);
        }
        let count = self.input.read(&mut to[..wanted])?;
        if count == 0 {
            let what = format!("the archive ends {} bytes before this member does", self.left);
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, what));
        }
        self.left -= count as u64;
        Ok(count)
    }
}
