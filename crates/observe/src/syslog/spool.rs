//! Reading a file twice, to know in which year its dates end before the first is given one.
//!
//! A file of fourteen months that was last written in October 2022 begins in 2021, which only its
//! last line tells. The input can be read once, so it is copied: in memory while it is small, else
//! in the folder for temporary files.

use std::io::{BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom, Write};

use model::{Event, Place, Problem, Time};
use tempfile::SpooledTempFile;

use super::header::{self, DayOfYear, When};
use super::year::{Turns, Years, first_year};
use crate::text::{Encoding, Lines};
use crate::{Collector, Context, Format};

/// What stays in memory.
const IN_MEMORY: usize = 8 << 20;
/// How much is read at once.
const PIECE: usize = 256 << 10;

/// Whether the first dates of `input`, of which nothing is taken, lack their year.
pub(super) fn begins_without_year(input: &mut dyn BufRead) -> bool {
    let head = Encoding::head_text(input.fill_buf().unwrap_or_default());
    head.lines().take(50).any(|line| date(line).is_some())
}

fn date(line: &str) -> Option<DayOfYear> {
    match header::parse(line)?.when {
        When::Yearless(date) => Some(date),
        When::Full(_) | When::Missing => None,
    }
}

/// Reads `input` for its dates, and then for its records.
pub(super) fn read_twice(
    input: &mut dyn BufRead,
    modified: Time,
    context: &Context<'_>,
    out: &mut dyn Collector,
) {
    let mut spool = SpooledTempFile::new_in(IN_MEMORY, &context.settings.tmp);
    let copied = copy(input, &mut spool, out);
    let years = match rewound(&mut spool, copied).map(|mut copy| last_date(&mut copy)) {
        Some(Some((last, turns))) => Years::derived(first_year(last, turns, modified), modified),
        _ => Years::new(None, Some(modified)),
    };
    match rewound(&mut spool, copied) {
        Some(copy) => {
            super::read_once(&mut BufReader::with_capacity(PIECE, copy.chain(input)), years, context, out)
        }
        None => out.problem(Problem::new(Place::Whole, "the temporary copy cannot be read back")),
    }
}

/// Copies `input` and returns how much was copied, which is all of it unless the copy has no room.
fn copy(input: &mut dyn BufRead, spool: &mut SpooledTempFile, out: &mut dyn Collector) -> u64 {
    let mut copied = 0;
    loop {
        let piece = match input.fill_buf() {
            Ok([]) => return copied,
            Ok(piece) => piece,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            // Whoever reads on behind the copy meets it again and reports it.
            Err(_) => return copied,
        };
        if let Err(error) = spool.write_all(piece) {
            let what =
                format!("no room for a temporary copy ({error}); the year is taken from the first part");
            out.problem(Problem::new(Place::Offset(copied), what));
            return copied;
        }
        let length = piece.len();
        copied += length as u64;
        input.consume(length);
    }
}

fn rewound(
    spool: &mut SpooledTempFile,
    copied: u64,
) -> Option<BufReader<std::io::Take<&mut SpooledTempFile>>> {
    spool.seek(SeekFrom::Start(0)).ok()?;
    Some(BufReader::with_capacity(PIECE, spool.take(copied)))
}

/// The last date without a year, and how often the year turned before it.
fn last_date(input: &mut dyn BufRead) -> Option<(DayOfYear, i64)> {
    let mut turns = Turns::default();
    let mut last = None;
    let mut lines = Lines::new(input);
    while let Some(line) = lines.next(&mut Deaf) {
        if let Some(date) = date(line.text) {
            last = Some((date, turns.follow(date)));
        }
    }
    last
}

/// Takes nothing in: the second reading reports everything.
struct Deaf;

impl Collector for Deaf {
    fn begin(&mut self, _: &str) {}
    fn format(&mut self, _: Format) {}
    fn event(&mut self, _: &mut Event) {}
    fn problem(&mut self, _: Problem) {}
    fn assumed(&mut self, _: String) {}
    fn progress(&mut self, _: u64) {}
    fn end(&mut self, _: [u8; 32], _: u64) {}
}
