//! Logs of the Linux audit daemon.
//!
//! All records of one serial number become one event: `type` stands once for each of them, and so
//! do fields that several have, such as the `name` of every path. What the kernel writes as
//! hexadecimal digits is decoded. An event that starts a program is one of `process_creation` as
//! well, with the arguments joined under `CommandLine`.

mod decode;
mod fill;
mod record;
mod syscalls;
mod window;

use std::io::BufRead;

use model::{Event, Problem};

use self::fill::Filler;
use self::window::{Open, Window};
use crate::text::Lines;
use crate::w3c::head::most_lines;
use crate::{Collector, Context};

/// Whether most lines of `head` are audit records.
pub(crate) fn recognise(head: &str) -> bool {
    let mut records = false;
    let most = most_lines(head, |line| {
        let is_record = record::parse(line).is_some();
        records |= is_record;
        is_record || is_remark(line)
    });
    most && records
}

/// Whether `ausearch` put the line between two events.
fn is_remark(line: &str) -> bool {
    line.trim_end() == "----" || line.starts_with("time->")
}

/// Reads an audit log.
pub(crate) fn read(input: &mut dyn BufRead, context: &Context<'_>, out: &mut dyn Collector) {
    let mut filler = Filler::new(context.sources);
    let mut event = Event::default();
    let mut done = |open: &Open, out: &mut dyn Collector| {
        filler.fill(open, &mut event);
        out.event(&mut event);
    };
    let mut window = Window::default();
    let mut lines = Lines::new(input);
    while let Some(line) = lines.next(out) {
        let text = line.text.trim_matches('\0');
        if text.trim().is_empty() || is_remark(text) {
            continue;
        }
        match record::parse(text) {
            Some(record) => window.add(&record, &line, out, &mut done),
            None => out.problem(Problem::new(line.place(), "not an audit record; left out")),
        }
    }
    window.drain(out, &mut done);
}

#[cfg(test)]
mod tests;
