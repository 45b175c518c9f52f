//! Comma-separated text with a header, as consoles and collectors export it.
//!
//! The header's names become the fields' names. Some headers tell what the rows are: an export of
//! the Microsoft 365 audit log (its `AuditData` column holds one JSON object a row), a Windows
//! event log, a proxy's or a web server's log, or whatever the names tell of the same program's
//! JSON; other rows keep an unknown source.

mod header;
pub(crate) mod rows;
mod when;

use std::io::BufRead;

use model::{Event, Kind, Place, Problem, SourceId, Time};

use self::header::{Header, Rows as Sort, TimeColumn};
use self::rows::{Row, Rows, Start};
use self::when::DateOrder;
use crate::json::Records;
use crate::text::Lines;
use crate::w3c::clock::{self, LocalClock};
use crate::w3c::web::{self, Decoder};
use crate::{Collector, Context};

/// Whether `head` begins with a row of names and goes on in rows of as many values.
pub(crate) fn recognise(head: &str) -> bool {
    header::recognise(head)
}

/// Reads comma-separated text.
pub(crate) fn read(input: &mut dyn BufRead, context: &Context<'_>, out: &mut dyn Collector) {
    let mut rows = Rows::sniffing(Lines::new(input));
    let Some(Row::Record(_)) = rows.next(out) else { return };
    let header = Header::new(rows.values(), context.sources);
    let mut reader = Reader {
        context,
        header,
        clock: LocalClock::new(&context.settings.zone),
        order: DateOrder::default(),
        event: Event::default(),
        decoder: Decoder::default(),
        records: Records::new(context),
    };
    while let Some(row) = rows.next(out) {
        if let Row::Record(start) = row {
            reader.row(rows.values(), start, out);
        }
    }
    for assumption in [reader.clock.assumption(), reader.order.assumption()].into_iter().flatten() {
        out.assumed(assumption);
    }
}

/// The state of one file.
struct Reader<'a> {
    context: &'a Context<'a>,
    header: Header,
    clock: LocalClock<'a>,
    order: DateOrder,
    event: Event,
    decoder: Decoder,
    records: Records<'a>,
}

impl Reader<'_> {
    fn row<'v>(
        &mut self,
        values: impl Iterator<Item = &'v str> + Clone,
        start: Start,
        out: &mut dyn Collector,
    ) {
        if values.clone().eq(self.header.names.iter().map(String::as_str)) {
            // Files that were joined carry their header again.
            return;
        }
        self.event.clear();
        let order = self.order;
        let time = self.time(values.clone());
        if self.order.contradicts(order) {
            let what = "this date shows that the day and the month of earlier ones were taken for each other";
            out.problem(Problem::new(Place::Line(start.line), what));
        }
        self.event.source = self.header.source;
        self.event.record = start.line;
        self.event.offset = start.offset;
        self.event.time = time;
        if !self.audit_record(values.clone(), start, out) {
            self.push_all(values, start, out);
        }
        out.event(&mut self.event);
    }

    /// Hands the row's JSON to the reader of Microsoft 365 records; tells whether it was one.
    fn audit_record<'v>(
        &mut self,
        mut values: impl Iterator<Item = &'v str>,
        start: Start,
        out: &mut dyn Collector,
    ) -> bool {
        let Sort::AuditData(column) = self.header.rows else { return false };
        let Some(json) = values.nth(column) else { return false };
        let (record, offset, time) = (self.event.record, self.event.offset, self.event.time);
        let result = crate::m365::audit_record(json, self.context, &mut self.event);
        if let Err(reason) = &result {
            let what = format!("AuditData is not a JSON object ({reason}); kept as its columns");
            out.problem(Problem::new(Place::Line(start.line), what));
            self.event.clear();
            self.event.source = self.header.source;
        }
        (self.event.record, self.event.offset) = (record, offset);
        self.event.time = self.event.time.or(time);
        result.is_ok()
    }

    fn push_all<'v>(
        &mut self,
        values: impl Iterator<Item = &'v str> + Clone,
        start: Start,
        out: &mut dyn Collector,
    ) {
        let Header { names, rows, .. } = &self.header;
        // Event Viewer exports its messages as a last column without a name.
        let surplus = if *rows == Sort::Windows { "Message" } else { "surplus" };
        let mut found = 0;
        for value in values.clone() {
            match names.get(found) {
                // These are added together.
                Some(_) if rows.is_target(found) => {}
                // EvtxECmd keeps the event's data in one column.
                Some(name) if *rows == Sort::Windows && name == "Payload" && value.starts_with('{') => {
                    if !self.records.embed(value, &mut self.event) {
                        self.event.push_str(name, value);
                    }
                }
                Some(name) => push(&mut self.event, name, value),
                None if value.is_empty() && found == names.len() => {}
                None => self.event.push_str(surplus, value),
            }
            found += 1;
        }
        for name in names.iter().skip(found) {
            self.event.push_null(name);
        }
        let one_more = found == names.len() + 1;
        let expected = one_more && (*rows == Sort::Windows || values.clone().last() == Some(""));
        if found != names.len() && !expected {
            let what = format!("{found} values for {} columns", names.len());
            out.problem(Problem::new(Place::Line(start.line), what));
        }
        self.push_derived(values);
    }

    /// Adds what follows from the values, by what the rows are.
    fn push_derived<'v>(&mut self, values: impl Iterator<Item = &'v str> + Clone) {
        let event = &mut self.event;
        match self.header.rows {
            Sort::Web { stem, query } => {
                let value = |column: usize| values.clone().nth(column).filter(|value| !is_null(value));
                match value(stem) {
                    Some(stem) => self.decoder.push_target(event, stem, query.and_then(value)),
                    None => event.push_null("cs-uri-stem"),
                }
            }
            Sort::Proxy { uri, extension: false } => {
                if let Some(extension) = values.clone().nth(uri).and_then(web::extension) {
                    event.push_str("c-uri-extension", extension);
                }
            }
            Sort::Windows => {
                for (name, windows) in &self.header.renamed {
                    event.alias(windows, name);
                }
                self.records.settle(event);
            }
            Sort::Plain => {
                let time = event.time;
                self.records.settle(event);
                // Of a program that is not known, more is told by the names of columns.
                if event.source == SourceId::default() {
                    event.time = time.or(event.time);
                }
            }
            Sort::Proxy { .. } | Sort::AuditData(_) => {}
        }
    }

    /// The first of the columns that may hold the time and does.
    fn time<'v>(&mut self, values: impl Iterator<Item = &'v str> + Clone) -> Option<Time> {
        for index in 0..self.header.times.len() {
            let TimeColumn { column, clock, utc } = self.header.times[index];
            let value = values.clone().nth(column).unwrap_or_default();
            let of_day = clock.and_then(|column| values.clone().nth(column)).unwrap_or_default();
            let stamp = if of_day.is_empty() {
                when::parse(value, &mut self.order)
            } else {
                when::parse(&format!("{value} {of_day}"), &mut self.order)
            };
            if let Some(mut stamp) = stamp {
                stamp.offset = stamp.offset.or(utc.then_some(0));
                return self.clock.time(stamp);
            }
        }
        None
    }
}

fn is_null(value: &str) -> bool {
    matches!(value, "" | "-")
}

fn push(event: &mut Event, name: &str, value: &str) {
    let bytes = value.as_bytes();
    // A number with a leading zero is a code.
    let int = clock::number(bytes).is_some() && (bytes.len() == 1 || bytes[0] != b'0');
    match value {
        "" => event.push_null(name),
        _ if int => event.push_str_kind(name, Kind::Int, value),
        _ => event.push_str(name, value),
    }
}

#[cfg(test)]
mod tests;
