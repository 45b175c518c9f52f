//! Syslog: RFC 3164 and RFC 5424, with a priority or without, as daemons send it and as rsyslog
//! and syslog-ng write it to files.
//!
//! Every record keeps its text under `message`; what `sshd`, `sudo`, Postfix, Samba's `full_audit`
//! and a few others say is taken apart besides.

mod auth;
mod header;
mod postfix;
mod programs;
mod samba;
mod spool;
mod sshd;
mod sudo;
mod year;

use std::io::BufRead;

use model::{Event, Kind, Place, Problem, Time};

use self::header::{Header, When};
use self::programs::Programs;
use self::year::Years;
use crate::text::{Line, Lines};
use crate::w3c::clock::LocalClock;
use crate::w3c::head::most_lines;
use crate::{Collector, Context, LogSources};

/// Whether most lines of `head` are those of a syslog.
pub(crate) fn recognise(head: &str) -> bool {
    most_lines(head, |line| {
        if is_remark(line) {
            return true;
        }
        let frame = header::counted(line).map_or(line, |(frame, _)| frame);
        // A time alone begins the lines of many other logs.
        header::parse(frame).is_some_and(|header| header.priority.is_some() || header.program.is_some())
    })
}

/// Whether the line is one of `journalctl`'s own: `-- Journal begins at …`, `-- Boot … --`.
fn is_remark(line: &str) -> bool {
    ["-- Journal begins at ", "-- Logs begin at ", "-- Boot ", "-- Reboot --", "-- No entries --"]
        .iter()
        .any(|start| line.starts_with(start))
}

/// Takes apart the messages of a journal that was exported as JSON.
pub(crate) struct Journal(Programs);

impl Journal {
    /// For the log sources in `sources`.
    pub(crate) fn new(sources: &LogSources) -> Self {
        Self(Programs::new(sources))
    }

    /// Gives `event`, which has the journal's fields, its source and what its message says.
    pub(crate) fn push(&self, event: &mut Event) {
        let text = |name: &str| event.get(name).map(|value| value.text.to_owned()).unwrap_or_default();
        let (program, message) = (text("program"), text("MESSAGE"));
        let facility = text("SYSLOG_FACILITY").parse::<u8>().ok();
        let priority = facility.and_then(|facility| facility.checked_mul(8));
        event.push_str("message", &message);
        self.0.push(event, &program, priority, &message);
    }
}

/// Reads a syslog.
pub(crate) fn read(input: &mut dyn BufRead, context: &Context<'_>, out: &mut dyn Collector) {
    let set = context.settings.year.map(i64::from);
    match context.modified {
        Some(modified) if set.is_none() && spool::begins_without_year(input) => {
            spool::read_twice(input, modified, context, out);
        }
        modified => read_once(input, Years::new(set, modified), context, out),
    }
}

/// Reads a syslog whose dates without a year are those of `years`.
fn read_once(input: &mut dyn BufRead, years: Years, context: &Context<'_>, out: &mut dyn Collector) {
    let mut reader = Reader {
        programs: Programs::new(context.sources),
        clock: LocalClock::new(&context.settings.zone),
        years,
        event: Event::default(),
        name: String::new(),
    };
    let mut lines = Lines::new(input);
    while let Some(line) = lines.next(out) {
        reader.line(&line, out);
    }
    for assumption in [reader.clock.assumption(), reader.years.assumption()].into_iter().flatten() {
        out.assumed(assumption);
    }
    if reader.years.missed() {
        let what = "dates carry no year and nothing tells it; the records have no time (set the year)";
        out.problem(Problem::new(Place::Whole, what));
    }
}

/// The state of one file.
struct Reader<'a> {
    programs: Programs,
    clock: LocalClock<'a>,
    years: Years,
    event: Event,
    /// Where names of structured data are put together.
    name: String,
}

impl Reader<'_> {
    fn line(&mut self, line: &Line<'_>, out: &mut dyn Collector) {
        let mut text = line.text.trim_matches('\0');
        if text.trim().is_empty() || is_remark(text) {
            return;
        }
        while let Some((frame, rest)) = header::counted(text) {
            self.frame(frame.trim_end_matches('\n'), line, out);
            text = rest;
        }
        if !text.is_empty() {
            self.frame(text, line, out);
        }
    }

    fn frame(&mut self, text: &str, line: &Line<'_>, out: &mut dyn Collector) {
        self.event.clear();
        self.event.record = line.number;
        self.event.offset = line.offset;
        match header::parse(text) {
            Some(header) => self.record(&header),
            None => {
                // The further line of a message, or damage: which of the two cannot be told.
                self.event.source = self.programs.unknown();
                self.event.push_str("message", text);
                out.problem(Problem::new(line.place(), "does not begin as a syslog line; kept as its text"));
            }
        }
        out.event(&mut self.event);
    }

    fn record(&mut self, header: &Header<'_>) {
        self.event.time = self.time(header.when);
        let event = &mut self.event;
        for (name, value) in [("host", header.host), ("program", header.program), ("msgid", header.kind)] {
            if let Some(value) = value {
                event.push_str(name, value);
            }
        }
        if let Some(pid) = header.pid {
            let number = crate::w3c::clock::number(pid.as_bytes()).is_some();
            event.push_str_kind("pid", if number { Kind::Int } else { Kind::Str }, pid);
        }
        if let Some(priority) = header.priority {
            event.push_str("facility", programs::FACILITIES[usize::from(priority / 8)]);
            event.push_str("severity", programs::SEVERITIES[usize::from(priority % 8)]);
        }
        event.push_str("message", header.message);
        push_structured(event, &mut self.name, header.data);
        self.programs.push(event, header.program.unwrap_or_default(), header.priority, header.message);
    }

    fn time(&mut self, when: When) -> Option<Time> {
        match when {
            When::Full(stamp) => self.clock.time(stamp),
            When::Yearless(date) => {
                let local = self.years.local(date)?;
                self.clock.local(local)
            }
            When::Missing => None,
        }
    }
}

/// Adds RFC 5424's `[id name="value" ...]...` as `sd.<id>.<name>`.
fn push_structured(event: &mut Event, full: &mut String, data: &str) {
    let mut rest = data;
    while let Some(element) = rest.strip_prefix('[') {
        let end = element.find([' ', ']']).unwrap_or(element.len());
        let id = &element[..end];
        rest = &element[end..];
        while let Some(parameter) = rest.strip_prefix(' ') {
            let Some((name, value)) = parameter.split_once("=\"") else { return };
            full.clear();
            full.push_str("sd.");
            full.push_str(id);
            full.push('.');
            full.push_str(name);
            let mut escaped = false;
            let mut end = value.len();
            event.push_with(full, Kind::Str, |text| {
                for (at, char) in value.char_indices() {
                    match char {
                        '\\' if !escaped => escaped = true,
                        '"' if !escaped => {
                            end = at;
                            return;
                        }
                        _ => {
                            // Only these three are escaped; before others the mark is literal.
                            if escaped && !matches!(char, '"' | '\\' | ']') {
                                text.push('\\');
                            }
                            escaped = false;
                            text.push(char);
                        }
                    }
                }
            });
            rest = value.get(end + 1..).unwrap_or_default();
        }
        rest = rest.strip_prefix(']').unwrap_or_default();
    }
}

#[cfg(test)]
mod tests;
