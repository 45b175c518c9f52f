use std::io::BufRead;

use jiter::{Jiter, JiterError, Peek};
use model::{Event, Place, Problem};

use super::flatten::{Fault, FaultKind, Flattener};
use super::mend;
use super::resync::{resync, two_lines_before};
use super::shape::Settler;
use super::table::Table;
use crate::Collector;
use crate::window::Window;

/// Bytes that are read a second time to mend records, in one piece of evidence.
const MENDING: usize = 256 << 20;

/// Lists and wrapping objects around the records.
const MAX_FRAMES: usize = 8;

/// Bytes of one record; a longer one is a problem.
pub(super) const MAX_RECORD: usize = 16 << 20;

/// What is open around the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Frame {
    /// A list of records.
    List,
    /// An object of which the list of records has been read or is being read.
    Wrapper,
}

/// Finds the records in a piece of evidence and hands them over.
pub(super) struct Reader<'a, 'i> {
    window: Window<'i>,
    table: &'static Table,
    flat: Flattener,
    settler: &'i mut Settler<'a>,
    out: &'i mut dyn Collector,
    event: Event,
    frames: Vec<Frame>,
    /// The name of the first member of the first record that could be read.
    first: String,
    /// Records so far.
    count: u64,
    mending: usize,
    nul_told: bool,
}

impl<'a, 'i> Reader<'a, 'i> {
    /// A reader at the beginning of `input`.
    pub(super) fn new(
        input: &'i mut dyn BufRead,
        settler: &'i mut Settler<'a>,
        out: &'i mut dyn Collector,
    ) -> Self {
        let table = Table::shared();
        Self {
            window: Window::new(input),
            table,
            flat: Flattener::new(table),
            settler,
            out,
            event: Event::default(),
            frames: Vec::new(),
            first: String::new(),
            count: 0,
            mending: MENDING,
            nul_told: false,
        }
    }

    /// Reads to the end.
    pub(super) fn run(&mut self) {
        while let Some(byte) = self.window.next(|byte| byte.is_ascii_whitespace() || byte == b',') {
            match (byte, self.frames.last()) {
                (b'{', None | Some(Frame::List)) => self.object(),
                (b'[', None | Some(Frame::List)) if self.frames.len() < MAX_FRAMES => {
                    self.frames.push(Frame::List);
                    self.window.take(1);
                }
                (b']', Some(Frame::List)) | (b'}', Some(Frame::Wrapper)) => {
                    self.frames.pop();
                    self.window.take(1);
                }
                (b':', Some(Frame::Wrapper)) | (0x1e, _) => self.window.take(1),
                (b'"', Some(Frame::Wrapper)) => self.skip_value(),
                (0xEF, None) if self.window.rest().starts_with("\u{FEFF}".as_bytes()) => self.window.take(3),
                (0, _) => self.nul(),
                (_, Some(Frame::Wrapper)) => self.skip_value(),
                _ => self.stray(),
            }
        }
        if let Some(failure) = self.window.failure() {
            self.problem(format!("cannot be read further: {failure}"));
        } else if !self.frames.is_empty() {
            self.problem("ends within a list of records".to_owned());
        }
    }

    /// Reads the object at which the window stands: a record, or one that wraps records.
    fn object(&mut self) {
        if self.frames.len() < MAX_FRAMES
            && let Some((length, wrappers)) = self.wrapped()
        {
            self.frames.extend(std::iter::repeat_n(Frame::Wrapper, wrappers));
            self.frames.push(Frame::List);
            self.window.take(length);
            return;
        }
        loop {
            self.event.clear();
            match self.flat.record(self.window.rest(), &mut self.event) {
                Ok(length) => return self.hand_over(length),
                Err(fault) => {
                    let room = self.window.rest().len() < MAX_RECORD;
                    if fault.kind == FaultKind::Torn && room && self.window.more() {
                        continue;
                    }
                    return self.faulty(fault, room);
                }
            }
        }
    }

    fn hand_over(&mut self, length: usize) {
        if self.first.is_empty()
            && let Ok(Some(first)) = Jiter::new(self.window.rest()).next_object()
        {
            self.first.push_str(first);
        }
        self.count += 1;
        self.settler.settle(&mut self.flat, &mut self.event);
        self.event.offset = self.window.offset();
        self.event.record = if self.frames.is_empty() { self.window.line() } else { self.count };
        self.window.take(length);
        self.out.event(&mut self.event);
    }

    fn faulty(&mut self, fault: Fault, room: bool) {
        if fault.kind == FaultKind::Mendable
            && let Some(length) = self.mend()
        {
            self.problem(format!(
                "{} at byte {} of it; read with the offending characters replaced",
                fault.what, fault.at
            ));
            return self.hand_over(length);
        }
        self.problem(match fault.kind {
            FaultKind::Torn if room => "the record is cut off".to_owned(),
            FaultKind::Torn => "the record is longer than 16 MiB; left out".to_owned(),
            _ => format!("{} at byte {} of the record; left out", fault.what, fault.at),
        });
        let lines = self.frames.is_empty();
        let from = if lines { two_lines_before(self.window.rest(), fault.at) } else { 1 };
        resync(&mut self.window, from, &self.first, lines);
    }

    /// Reads the record in its mended form and returns its length in the evidence.
    fn mend(&mut self) -> Option<usize> {
        let length = loop {
            let rest = self.window.rest();
            let rest = &rest[..rest.len().min(MAX_RECORD)];
            let (found, looked_at) = (mend::extent(rest), rest.len());
            self.mending = self.mending.checked_sub(found.unwrap_or(looked_at))?;
            match found {
                Some(length) => break length,
                None if looked_at < MAX_RECORD && self.window.more() => {}
                None => return None,
            }
        };
        let mended = mend::mend(&self.window.rest()[..length]);
        self.event.clear();
        self.flat.record(mended.as_bytes(), &mut self.event).ok()?;
        Some(length)
    }

    /// Where the first record within the wrapping object begins, and how many objects wrap it;
    /// `None` when the object is a record itself.
    fn wrapped(&mut self) -> Option<(usize, usize)> {
        loop {
            match wrapped_in(self.table, self.window.rest()) {
                Ok(found) => return found,
                Err(error) => {
                    let torn = Fault::from(error).kind == FaultKind::Torn;
                    if !(torn && self.window.rest().len() < MAX_RECORD && self.window.more()) {
                        return None;
                    }
                }
            }
        }
    }

    fn skip_value(&mut self) {
        loop {
            let mut jiter = Jiter::new(self.window.rest());
            match jiter.next_skip() {
                Ok(()) => {
                    let length = jiter.current_index();
                    return self.window.take(length);
                }
                Err(error) => {
                    let fault = Fault::from(error);
                    let room = self.window.rest().len() < MAX_RECORD;
                    if !(fault.kind == FaultKind::Torn && room && self.window.more()) {
                        return self.faulty(Fault { kind: FaultKind::Broken, ..fault }, room);
                    }
                }
            }
        }
    }

    fn nul(&mut self) {
        if !self.nul_told {
            self.nul_told = true;
            self.problem("NUL bytes between records; skipped".to_owned());
        }
        self.window.next(|byte| byte == 0);
    }

    fn stray(&mut self) {
        self.problem("something else than an object where a record should begin; skipped".to_owned());
        resync(&mut self.window, 1, &self.first, self.frames.is_empty());
    }

    fn problem(&mut self, what: String) {
        let place = if self.frames.is_empty() {
            Place::Line(self.window.line())
        } else {
            Place::Record(self.count + 1)
        };
        self.out.problem(Problem::new(place, what));
    }
}

/// As [`Reader::wrapped`], within `bytes`.
fn wrapped_in(table: &Table, bytes: &[u8]) -> Result<Option<(usize, usize)>, JiterError> {
    let mut jiter = Jiter::new(bytes);
    let (mut prefix, mut wrappers) = (String::new(), 1);
    jiter.peek()?;
    let mut key = jiter.known_object()?;
    while let Some(name) = key {
        let known =
            if prefix.is_empty() { table.known(name) } else { table.known(&format!("{prefix}.{name}")) };
        if !known.is_wrapper() && !known.is_companion() {
            return Ok(None);
        }
        let name = name.to_owned();
        let peek = jiter.peek()?;
        let inside = jiter.current_index() + 1;
        match peek {
            Peek::Array if known.is_wrapper() => {
                let first = jiter.known_array()?;
                return Ok(matches!(first, None | Some(Peek::Object)).then_some((inside, wrappers)));
            }
            Peek::Object if known.is_wrapper() && wrappers == 1 => {
                prefix = name;
                wrappers += 1;
                key = jiter.known_object()?;
            }
            _ => {
                jiter.known_skip(peek)?;
                key = jiter.next_key()?;
            }
        }
    }
    Ok(None)
}
