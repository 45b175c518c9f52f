use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufRead, Cursor, ErrorKind, Read, Seek};
use std::path::Path;

use model::{Place, Problem, Time};
use sha2::{Digest, Sha256};

use crate::container::{self, Piece, Run};
use crate::input::{Budget, Input};
use crate::mail::outlook;
use crate::recognise::{recognise, unread};
use crate::report::Reporter;
use crate::text::{Encoding, Transcoded};
use crate::{Collector, Context, Format, LogSources, Settings};
use crate::{auditd, combined, csv, evtx, exchange, json, mail, plain, syslog, w3c, zeek};

/// What can be read at any place.
pub(crate) trait ReadSeek: Read + Seek {}

impl<T: Read + Seek> ReadSeek for T {}

/// Files of at most so many bytes are kept in memory between hashing and reading.
const SMALL: u64 = 4 << 20;

/// A file whose bytes were hashed before they are read.
#[derive(Debug)]
pub struct Hashed {
    /// SHA-256 of the bytes.
    pub sha256: [u8; 32],
    /// How many there are.
    pub size: u64,
    /// The bytes themselves where they are few, so that the file need not be opened again.
    bytes: Option<Vec<u8>>,
    modified: Option<Time>,
}

impl Hashed {
    /// The memory that it used, for the next file.
    pub fn into_buffer(self) -> Vec<u8> {
        self.bytes.unwrap_or_default()
    }
}

/// Reads the file at `path`, which is shown as `shown`, and everything that lies in it.
///
/// `known` is what [`hash_file`] found, if it was asked before; else the file is hashed while it is
/// read. The file is opened for reading only, and read up to the size that it has when it is opened.
///
/// # Errors
///
/// When the file cannot be opened or is not a file. Everything else is a problem that `out` is told.
pub fn read_file(
    path: &Path,
    shown: &str,
    known: Option<&Hashed>,
    settings: &Settings,
    sources: &LogSources,
    out: &mut dyn Collector,
) -> io::Result<()> {
    let check = |size: u64, read: u64, out: &mut dyn Collector| {
        let now = path.metadata().map_or(size, |meta| meta.len());
        if now > size {
            let what = format!("grew to {now} bytes while it was read; what was added is left out");
            out.problem(Problem::new(Place::Offset(size), what));
        } else if read < size {
            let what = format!("had {size} bytes when it was opened and ended here");
            out.problem(Problem::new(Place::Offset(read), what));
        }
    };
    if let Some(Hashed { sha256, size, bytes: Some(bytes), modified }) = known {
        let opened = Opened {
            format: None,
            shown,
            modified: *modified,
            known: Some(*sha256),
            size: *size,
            settings,
            sources,
        };
        let (mut nothing, counter) = (io::empty(), Cell::new(0));
        let input = Input::memory(bytes, &mut nothing);
        let read = |read, out: &mut dyn Collector| check(*size, read, out);
        opened.read(input, &counter, &mut Cursor::new(bytes), out, read);
        return Ok(());
    }
    let (file, found, modified) = open(path)?;
    let size = known.map_or(found, |known| known.size);
    let known = known.map(|known| known.sha256);
    let opened = Opened { format: None, shown, modified, known, size, settings, sources };
    let mut bytes = (&file).take(size);
    // A handle with a place of its own: the stream and the container's directory are read in turn.
    let mut seekable = File::open(path)?;
    let counter = Cell::new(0);
    let input = Input::file(&mut bytes, &counter, opened.known.is_none());
    opened.read(input, &counter, &mut seekable, out, |read, out| check(size, read, out));
    Ok(())
}

/// Reads `bytes`, which are shown as `shown`, like a file.
pub fn read_bytes(
    bytes: &[u8],
    shown: &str,
    settings: &Settings,
    sources: &LogSources,
    out: &mut dyn Collector,
) {
    read_unnamed(None, bytes, shown, settings, sources, out);
}

/// Reads `bytes` as what they are said to be; what lies in them is recognised as ever.
pub fn read_bytes_as(
    format: Format,
    bytes: &[u8],
    shown: &str,
    settings: &Settings,
    sources: &LogSources,
    out: &mut dyn Collector,
) {
    read_unnamed(Some(format), bytes, shown, settings, sources, out);
}

fn read_unnamed(
    format: Option<Format>,
    mut bytes: &[u8],
    shown: &str,
    settings: &Settings,
    sources: &LogSources,
    out: &mut dyn Collector,
) {
    let opened =
        Opened { format, shown, modified: None, known: None, size: bytes.len() as u64, settings, sources };
    let (mut seekable, counter) = (Cursor::new(bytes), Cell::new(0));
    let input = Input::file(&mut bytes, &counter, true);
    opened.read(input, &counter, &mut seekable, out, |_, _| {});
}

/// Hashes the file at `path`; a small one is kept in `buffer`.
///
/// # Errors
///
/// When the file cannot be opened or read, or is not a file.
pub fn hash_file(path: &Path, mut buffer: Vec<u8>) -> io::Result<Hashed> {
    let (file, size, modified) = open(path)?;
    let mut input = file.take(size);
    let mut hash = Sha256::new();
    if size <= SMALL {
        buffer.clear();
        buffer.reserve(size as usize);
        input.read_to_end(&mut buffer)?;
        hash.update(&buffer);
        let (sha256, size) = (hash.finalize().into(), buffer.len() as u64);
        return Ok(Hashed { sha256, size, bytes: Some(buffer), modified });
    }
    buffer.resize(256 << 10, 0);
    let mut read = 0;
    loop {
        let count = match input.read(&mut buffer) {
            Ok(0) => return Ok(Hashed { sha256: hash.finalize().into(), size: read, bytes: None, modified }),
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hash.update(&buffer[..count]);
        read += count as u64;
    }
}

/// The file at `path`, its size and when it was changed last.
fn open(path: &Path) -> io::Result<(File, u64, Option<Time>)> {
    // Asked before opening: opening a pipe would wait for a writer.
    let metadata = path.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "not a file"));
    }
    let modified = metadata.modified().ok().and_then(time_of_system);
    Ok((File::open(path)?, metadata.len(), modified))
}

fn time_of_system(time: std::time::SystemTime) -> Option<Time> {
    let stamp = jiff::Timestamp::try_from(time).ok()?;
    Time::checked(stamp.as_microsecond())
}

/// A file that was opened, or bytes that stand for one.
struct Opened<'a> {
    /// What it is, where that is not to be found out.
    format: Option<Format>,
    shown: &'a str,
    modified: Option<Time>,
    known: Option<[u8; 32]>,
    size: u64,
    settings: &'a Settings,
    sources: &'a LogSources,
}

impl Opened<'_> {
    fn read(
        &self,
        mut input: Input<'_>,
        counter: &Cell<u64>,
        seekable: &mut dyn ReadSeek,
        out: &mut dyn Collector,
        check: impl FnOnce(u64, &mut dyn Collector),
    ) {
        let out = &mut Reporter::new(out, counter);
        let run = Run {
            settings: self.settings,
            sources: self.sources,
            budget: Budget::new(self.settings.limits, self.size),
        };
        let piece = Piece { run: &run, path: self.shown, depth: 0, modified: self.modified };
        out.begin(self.shown);
        read_piece(&piece, self.format, &mut input, Some(seekable), out);
        if self.known.is_some() {
            // What was read at any place, or was of no interest, is done as well.
            counter.set(self.size);
        }
        let (sha256, read) = input.finish(out);
        match self.known.or(sha256) {
            Some(sha256) if self.known.is_some() => {
                check(self.size, out);
                out.end(sha256, self.size);
            }
            sha256 => {
                check(read, out);
                out.end(sha256.unwrap_or_default(), read);
            }
        }
    }
}

/// Reads one piece of evidence, the file itself (then it can be read at any place) or a member.
pub(crate) fn read_piece(
    piece: &Piece<'_>,
    format: Option<Format>,
    input: &mut Input<'_>,
    seekable: Option<&mut dyn ReadSeek>,
    out: &mut dyn Collector,
) {
    let head = input.head();
    let format = format.unwrap_or_else(|| recognise(head));
    if format == Format::Msg || head.starts_with(outlook::msg::MAGIC) {
        return read_compound(piece, input, seekable, out);
    }
    if format == Format::Pst {
        return read_mailbox(piece, input, seekable, out);
    }
    let unread = if format == Format::Unknown { unread(head) } else { None };
    let is_utf16 = Encoding::of(head).0.is_utf16();
    out.format(format);
    if input.hole() > 0 && format != Format::Empty {
        let what = format!("{} NUL bytes at the beginning; offsets are counted behind them", input.hole());
        out.problem(Problem::new(Place::Offset(0), what));
    }
    if format.is_container() {
        return container::unpack(format, piece, input, seekable, out);
    }
    if let Some(name) = unread {
        out.problem(Problem::new(Place::Whole, format!("{name}, which is not read here")));
        return;
    }
    let context = piece.context();
    if is_utf16 && matches!(format, Format::Json | Format::Message | Format::Mbox) {
        out.assumed("UTF-16, read as UTF-8; offsets are those of the UTF-8 text".to_owned());
        read_records(format, &mut Transcoded::new(input), &context, out);
    } else {
        read_records(format, input, &context, out);
    }
}

/// Reads a compound file if it is a saved message. Its beginning does not tell: its directory may lie
/// anywhere.
fn read_compound(
    piece: &Piece<'_>,
    input: &mut Input<'_>,
    seekable: Option<&mut dyn ReadSeek>,
    out: &mut dyn Collector,
) {
    let mut spool = None;
    let file = match container::at_any_place(
        input,
        seekable.map(|file| file as _),
        &mut spool,
        piece.run.settings,
    ) {
        Ok(file) => file,
        Err(error) => {
            out.format(Format::Unknown);
            let what = format!("not read, since it could not be spooled: {error}");
            return out.problem(Problem::new(Place::Whole, what));
        }
    };
    match outlook::open_compound(file) {
        outlook::Compound::Message(saved) => {
            out.format(Format::Msg);
            outlook::read_msg(&saved, &piece.context(), out);
        }
        outlook::Compound::Other(error) => {
            out.format(Format::Unknown);
            let why = error.map_or("which is not read here".to_owned(), |error| format!("damaged: {error}"));
            out.problem(Problem::new(Place::Whole, format!("an OLE compound file, {why}")));
        }
    }
}

/// Reads a mailbox of Outlook, whose parts lie anywhere in it.
fn read_mailbox(
    piece: &Piece<'_>,
    input: &mut Input<'_>,
    seekable: Option<&mut dyn ReadSeek>,
    out: &mut dyn Collector,
) {
    out.format(Format::Pst);
    let mut spool = None;
    let seekable = seekable.map(|file| file as _);
    match container::at_any_place(input, seekable, &mut spool, piece.run.settings) {
        Ok(file) => outlook::pst::read(file, &piece.context(), out),
        Err(error) => {
            let what = format!("not read, since it could not be spooled: {error}");
            out.problem(Problem::new(Place::Whole, what));
        }
    }
}

/// Hands a piece of evidence that holds records to the reader of its format.
fn read_records(format: Format, input: &mut dyn BufRead, context: &Context<'_>, out: &mut dyn Collector) {
    match format {
        Format::Evtx => evtx::read(input, context, out),
        Format::W3c => w3c::read(input, context, out),
        Format::Combined => combined::read(input, context, out),
        Format::Exchange => exchange::read(input, context, out),
        Format::Json => json::read(input, context, out),
        Format::Zeek => zeek::read(input, context, out),
        Format::Csv => csv::read(input, context, out),
        Format::Syslog => syslog::read(input, context, out),
        Format::Auditd => auditd::read(input, context, out),
        Format::Message => mail::read_message(input, context, out),
        Format::Mbox => mail::read_mbox(input, context, out),
        Format::Emlx => mail::read_emlx(input, context, out),
        Format::Tnef => outlook::read_tnef(input, context, out),
        Format::Text => plain::read(input, context, out),
        _ => {}
    }
}
