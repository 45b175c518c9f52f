//! Logs of Exchange Server: comma-separated values below `#Software`, `#Log-type` and `#Fields`.
//!
//! HttpProxy logs repeat their columns as a first line without a mark. The columns may change
//! within a file. HttpProxy records carry W3C's names besides their own, so that rules written for
//! web servers judge them; message tracking records carry one value per recipient.

mod columns;

use std::io::BufRead;

use model::{Event, Kind, Place, Problem, SourceId, Time};

use self::columns::{Column, Log, Role, columns};
use crate::csv::rows::{Row, Rows, Start};
use crate::text::Lines;
use crate::w3c::clock::{self, LocalClock};
use crate::w3c::web::Decoder;
use crate::{Collector, Context, LogSources};

/// Whether `head` begins as an Exchange log does.
pub(crate) fn recognise(head: &str) -> bool {
    let mut lines = head.lines().filter(|line| !line.trim().is_empty()).take(50);
    lines.next().is_some_and(|first| Log::of_names(first.split(',').map(str::trim)).is_some())
        || head.lines().take(10).any(|line| {
            line.starts_with("#Software: Microsoft Exchange")
                || (line.starts_with("#Fields:") && line.contains(','))
        })
}

/// Reads an Exchange log.
pub(crate) fn read(input: &mut dyn BufRead, context: &Context<'_>, out: &mut dyn Collector) {
    let mut reader = Reader {
        sources: Sources::new(context.sources),
        clock: LocalClock::new(&context.settings.zone),
        log: Log::Other,
        columns: Vec::new(),
        event: Event::default(),
        decoder: Decoder::default(),
        target: Target::default(),
    };
    let mut rows = Rows::new(Lines::new(input), b',', true);
    while let Some(row) = rows.next(out) {
        match row {
            Row::Comment => reader.directive(rows.comment()),
            Row::Record(start) => reader.record(rows.values(), start, out),
        }
    }
    if let Some(assumption) = reader.clock.assumption() {
        out.assumed(assumption);
    }
}

struct Sources {
    http_proxy: SourceId,
    message_tracking: SourceId,
    smtp_receive: SourceId,
    smtp_send: SourceId,
    other: SourceId,
}

impl Sources {
    fn new(table: &LogSources) -> Self {
        Self {
            http_proxy: table.named("exchange-httpproxy"),
            message_tracking: table.named("exchange-messagetracking"),
            smtp_receive: table.named("exchange-smtpreceive"),
            smtp_send: table.named("exchange-smtpsend"),
            other: table.named("exchange"),
        }
    }

    fn of(&self, log: Log) -> SourceId {
        match log {
            Log::HttpProxy => self.http_proxy,
            Log::MessageTracking => self.message_tracking,
            Log::SmtpReceive => self.smtp_receive,
            Log::SmtpSend => self.smtp_send,
            Log::Other => self.other,
        }
    }
}

/// Path and query of the record at hand, until both are known.
#[derive(Debug, Default)]
struct Target {
    stem: String,
    query: String,
}

/// The state of one file.
struct Reader<'a> {
    sources: Sources,
    clock: LocalClock<'a>,
    log: Log,
    columns: Vec<Column>,
    event: Event,
    decoder: Decoder,
    target: Target,
}

impl Reader<'_> {
    fn directive(&mut self, line: &str) {
        let Some((name, value)) = line[1..].split_once(':') else { return };
        match name {
            "Log-type" => self.log = Log::named(value.trim()),
            "Fields" => {
                let names = value.trim().split(',').map(|name| name.trim().trim_matches('"'));
                self.log = Log::of_names(names.clone()).unwrap_or(self.log);
                self.columns = columns(names);
            }
            _ => {}
        }
    }

    fn record<'v>(
        &mut self,
        values: impl Iterator<Item = &'v str> + Clone,
        start: Start,
        out: &mut dyn Collector,
    ) {
        if values.clone().next().is_some_and(columns::is_first_column) {
            // The line that names the columns a second time.
            self.log = Log::of_names(values.clone()).unwrap_or(self.log);
            self.columns = columns(values);
            return;
        }
        let place = Place::Line(start.line);
        if self.columns.is_empty() {
            out.problem(Problem::new(place, "a record before the line that names its columns; left out"));
            return;
        }
        self.event.clear();
        self.event.source = self.sources.of(self.log);
        self.event.record = start.line;
        self.event.offset = start.offset;
        self.target.stem.clear();
        self.target.query.clear();
        let found = self.push_all(values);
        if !(self.target.stem.is_empty() && self.target.query.is_empty()) {
            let query = Some(self.target.query.as_str()).filter(|query| !query.is_empty());
            self.decoder.push_target(&mut self.event, &self.target.stem, query);
        }
        // Exchange leaves out what would be empty at the end of a record.
        if found > self.columns.len() || (found < self.columns.len() && self.log == Log::MessageTracking) {
            out.problem(Problem::new(place, format!("{found} values for {} columns", self.columns.len())));
        }
        out.event(&mut self.event);
    }

    /// Adds every value that is not empty (of HttpProxy's eighty columns most are), and returns
    /// how many there were.
    fn push_all<'v>(&mut self, values: impl Iterator<Item = &'v str>) -> usize {
        let mut found = 0;
        for value in values {
            match self.columns.get(found) {
                _ if value.is_empty() => {}
                Some(column) => {
                    if column.role == Role::Time && self.event.time.is_none() {
                        self.event.time = time(&mut self.clock, value);
                    }
                    push(&mut self.event, &mut self.target, column, value);
                }
                None => self.event.push_str("surplus", value),
            }
            found += 1;
        }
        found
    }
}

/// Exchange logs in UTC and nearly always says so.
fn time(clock: &mut LocalClock<'_>, value: &str) -> Option<Time> {
    let (stamp, _) = clock::iso(value.as_bytes())?;
    clock.time(stamp)
}

fn push(event: &mut Event, target: &mut Target, column: &Column, value: &str) {
    let name = &column.name;
    match column.role {
        Role::List => {
            for part in value.split(';').map(str::trim).filter(|part| !part.is_empty()) {
                event.push_str(name, part);
            }
            return;
        }
        Role::Stem | Role::Query => {
            event.push_str(name, value);
            let part = if column.role == Role::Stem { &mut target.stem } else { &mut target.query };
            part.push_str(value.strip_prefix('?').unwrap_or(value));
            return;
        }
        Role::Number if clock::number(value.as_bytes()).is_some() => {
            event.push_str_kind(name, Kind::Int, value)
        }
        Role::Plain | Role::Time | Role::Number => event.push_str(name, value),
    }
    if let Some(alias) = column.also {
        event.also(alias);
    }
}

#[cfg(test)]
mod tests;
