//! Zip archives, by their central directory; where that is missing or damaged, by the headers that
//! stand before the members.

use std::io::{self, Read, Seek, SeekFrom};

use ::zip::read::{Config, ZipFileEntry};
use ::zip::result::ZipError;
use ::zip::unstable::read::ZipIterable;
use ::zip::{CompressionMethod, ZipReadOptions};
use jiff::tz::TimeZone;
use model::{Place, Problem, Time};

use super::{Member, Next, Piece, tell, zip_torn};
use crate::Collector;
use crate::input::Packed;
use crate::read::ReadSeek;
use crate::text::decode_name;

/// How often all of an archive may be read. Whoever lets members overlap could have it read without
/// an end.
const PASSES: u64 = 4;

/// What may be read besides for each member, since it is read in blocks.
const BESIDE: u64 = 16 << 10;

/// Reads the members of an archive.
///
/// The directory is walked and not loaded: it may be large, and two members may bear one name, of
/// which an index by name would hide the first.
pub(super) fn unpack(piece: &Piece<'_>, file: &mut dyn ReadSeek, out: &mut dyn Collector) {
    let size = file.seek(SeekFrom::End(0)).unwrap_or_default();
    let left = size.saturating_mul(PASSES) + piece.run.budget.limits.members.saturating_mul(BESIDE);
    let file = &mut Guarded { inner: file, left };
    let Err(damage) = by_directory(piece, file, out) else {
        return;
    };
    let what = format!("{} ({}); read on by the headers of the members", damage.what, damage.error);
    out.problem(Problem::new(Place::Whole, what));
    zip_torn::unpack(piece, file, damage.behind, out);
}

/// What is wrong with a directory.
struct Damage {
    what: &'static str,
    error: ZipError,
    /// Where the members end that were read.
    behind: u64,
}

fn by_directory(piece: &Piece<'_>, file: &mut dyn ReadSeek, out: &mut dyn Collector) -> Result<(), Damage> {
    let missing = |error| Damage { what: "no directory of members", error, behind: 0 };
    let mut archive = ZipIterable::try_new(file, Config::default()).map_err(missing)?;
    let entries = archive.files().map_err(missing)?;
    let mut behind = 0;
    while let Some(entry) = entries.next() {
        let entry =
            entry.map_err(|error| Damage { what: "the directory of members is damaged", error, behind })?;
        let end = entry.header_start().saturating_add(entry.compressed_size());
        match member(piece, entry, entries.reader_mut(), out) {
            Ok(Next::Member) => behind = behind.max(end),
            Ok(Next::Stop) => break,
            // The directory leads nowhere, as when its beginning was mistaken.
            Err((_, error)) if behind == 0 => {
                return Err(Damage { what: "the directory of members is damaged", error, behind });
            }
            Err((name, error)) => tell(&name, &format!("cannot be read: {error}"), out),
        }
    }
    Ok(())
}

/// Reads one member; on failure, its name and why.
fn member(
    piece: &Piece<'_>,
    entry: ZipFileEntry<'_>,
    file: &mut &mut dyn ReadSeek,
    out: &mut dyn Collector,
) -> Result<Next, (String, ZipError)> {
    if entry.is_dir() {
        return Ok(Next::Member);
    }
    let name = match entry.name() {
        Ok(name) => name.into_owned(),
        Err(_) => decode_name(entry.name_raw()),
    };
    if entry.encrypted() {
        tell(&name, "is encrypted and was not read", out);
        return Ok(Next::Member);
    }
    if entry.is_symlink() {
        tell(&name, "is a link, which is not followed", out);
        return Ok(Next::Member);
    }
    if matches!(entry.compression(), CompressionMethod::Lzma | CompressionMethod::Xz) {
        let sizes = (entry.compressed_size(), entry.size());
        let read = zip_torn::member_at(piece, entry.header_start(), sizes, *file, out);
        return read.map_err(|error| (name, error.into()));
    }
    let zone = &piece.run.settings.zone;
    let modified = entry.last_modified().and_then(|at| time_of_dos(at.datepart(), at.timepart(), zone));
    let packed = Some(Packed::of(entry.compressed_size()));
    match entry.with_reader(file, ZipReadOptions::new()) {
        Ok(mut bytes) => Ok(piece.member(Member { name: &name, modified, packed }, &mut bytes, out)),
        Err(error) => Err((name, error)),
    }
}

/// An archive of which only so much is read.
struct Guarded<'a> {
    inner: &'a mut dyn ReadSeek,
    left: u64,
}

impl Read for Guarded<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::Error::other("its members overlap"));
        }
        let count = self.inner.read(to)?;
        self.left = self.left.saturating_sub(count as u64);
        Ok(count)
    }
}

impl Seek for Guarded<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

/// The moment of a date and time of DOS, which is local time of the machine that wrote the archive.
pub(super) fn time_of_dos(date: u16, time: u16, zone: &TimeZone) -> Option<Time> {
    let bits = |from: u16, shift: u16, width: u16| i8::try_from(from >> shift & ((1 << width) - 1)).ok();
    let year = i16::try_from(1980 + (date >> 9)).ok()?;
    let (month, day) = (bits(date, 5, 4)?, bits(date, 0, 5)?);
    let (hour, minute, second) = (bits(time, 11, 5)?, bits(time, 5, 6)?, bits(time, 0, 5)? * 2);
    Time::from_civil(jiff::civil::DateTime::new(year, month, day, hour, minute, second, 0).ok()?, zone)
}
