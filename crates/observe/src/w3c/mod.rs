//! W3C extended log files: IIS, HTTP.sys, and the proxies and packet filters that write the same
//! shape (<https://www.w3.org/TR/WD-logfile>).
//!
//! A `#Fields` line names the columns and may come again with others; values are separated by
//! blanks or tabs and `-` stands for none. Times are UTC by the format, whatever zone the reader
//! was told, except where a `#Time Format: Local` line says otherwise.

pub(crate) mod clock;
mod columns;
pub(crate) mod head;
#[cfg(test)]
pub(crate) mod probe;
pub(crate) mod web;

use std::io::BufRead;

use memchr::{memchr, memchr_iter};
use model::{Event, Kind, Place, Problem, SourceId, Time};

use self::clock::{DAY, LocalClock};
use self::columns::{Column, Columns, IIS_DEFAULT, Role, Shape};
use self::web::Decoder;
use crate::text::{Line, Lines};
use crate::{Collector, Context, LogSources};

/// More columns than any program logs; the rest of a longer line is its last value.
const MAX_COLUMNS: usize = 1024;

/// Whether `head` begins as a W3C extended log does, or is a torn part of an IIS log.
pub(crate) fn recognise(head: &str) -> bool {
    let mut records = 0;
    let mut iis = 0;
    for line in head.lines().take(50) {
        if line.starts_with("#Log-type:") || line.starts_with("#Software: Microsoft Exchange") {
            return false;
        }
        if let Some(fields) = line.strip_prefix("#Fields:") {
            return !fields.contains(',');
        }
        if !line.starts_with('#') && !line.trim().is_empty() {
            records += 1;
            iis += usize::from(is_iis_record(line));
        }
    }
    iis > 0 && iis * 10 >= records * 7
}

/// Whether a line without its `#Fields` is one of IIS with the fields that it logs by default.
fn is_iis_record(line: &str) -> bool {
    let mut values = line.split(' ');
    let mut next = || values.next().unwrap_or_default();
    let dated = clock::date(next().as_bytes()).is_some() && clock::time_of_day(next().as_bytes()).is_some();
    dated && next().parse::<std::net::IpAddr>().is_ok() && web::is_method(next()) && next().starts_with('/')
}

/// Reads a W3C extended log.
pub(crate) fn read(input: &mut dyn BufRead, context: &Context<'_>, out: &mut dyn Collector) {
    let mut reader = Reader::new(context);
    let mut lines = Lines::new(input);
    while let Some(line) = lines.next(out) {
        reader.line(&line, out);
    }
    if reader.undated {
        let what = "records have a time of day and neither a date nor a #Date line; they have no time";
        out.problem(Problem::new(Place::Whole, what));
    }
    if let Some(assumption) = reader.zone.assumption() {
        out.assumed(assumption);
    }
}

/// The log sources of the shapes that occur.
struct Sources {
    iis: SourceId,
    httperr: SourceId,
    web: SourceId,
    proxy: SourceId,
    firewall: SourceId,
}

impl Sources {
    fn new(table: &LogSources) -> Self {
        Self {
            iis: table.named("iis"),
            httperr: table.named("httperr"),
            web: table.named("webserver"),
            proxy: table.named("proxy"),
            firewall: table.named("windows-firewall"),
        }
    }

    fn of(&self, shape: Shape, software: &str) -> SourceId {
        match shape {
            Shape::Web if software.contains("HTTP API") => self.httperr,
            Shape::Web if software.is_empty() || software.contains("Internet Information") => self.iis,
            Shape::Web => self.web,
            Shape::Proxy => self.proxy,
            Shape::Firewall => self.firewall,
            Shape::Other => SourceId::default(),
        }
    }
}

/// The state of one file.
struct Reader<'a> {
    sources: Sources,
    zone: LocalClock<'a>,
    /// Whether the file says that its times are local.
    local: bool,
    /// Whether a record had a time of day and nothing told the day.
    undated: bool,
    software: String,
    columns: Option<Columns>,
    separator: u8,
    spans: Vec<(usize, usize)>,
    day: Day,
    event: Event,
    decoder: Decoder,
}

impl<'a> Reader<'a> {
    fn new(context: &Context<'a>) -> Self {
        Self {
            sources: Sources::new(context.sources),
            zone: LocalClock::new(&context.settings.zone),
            local: false,
            undated: false,
            software: String::new(),
            columns: None,
            separator: b' ',
            spans: Vec::new(),
            day: Day::default(),
            event: Event::default(),
            decoder: Decoder::default(),
        }
    }

    fn line(&mut self, line: &Line<'_>, out: &mut dyn Collector) {
        // Servers write into space that was reserved with NUL bytes; a crash leaves some behind.
        let text = line.text.trim_matches('\0').trim_end_matches([' ', '\t', '\r', '\0']);
        if text.is_empty() {
            return;
        }
        if let Some(directive) = text.strip_prefix('#') {
            return self.directive(directive);
        }
        let columns = match self.columns.take() {
            Some(columns) => columns,
            None => {
                let what =
                    "no #Fields line before the first record; read in the order that IIS logs by default";
                out.problem(Problem::new(Place::Line(line.number), what));
                Columns::parse(IIS_DEFAULT, &self.software, &self.sources)
            }
        };
        self.record(text, line, &columns, out);
        self.columns = Some(columns);
    }

    fn directive(&mut self, directive: &str) {
        let (name, value) = directive.split_once(':').unwrap_or((directive, ""));
        let value = value.trim();
        match name.trim() {
            "Fields" => self.columns = Some(Columns::parse(value, &self.software, &self.sources)),
            "Software" => value.clone_into(&mut self.software),
            "Date" | "Start-Date" => {
                self.day =
                    Day { known: value.get(..10).and_then(|date| clock::date(date.as_bytes())), last: 0 };
            }
            "Time Format" => self.local = value.eq_ignore_ascii_case("local"),
            _ => {}
        }
    }

    fn record(&mut self, text: &str, line: &Line<'_>, columns: &Columns, out: &mut dyn Collector) {
        if !self.split(text, columns) {
            let what = format!("{} values for {} fields", self.spans.len(), columns.all.len());
            out.problem(Problem::new(Place::Line(line.number), what));
        }
        self.event.clear();
        self.event.source = columns.source;
        self.event.record = line.number;
        self.event.offset = line.offset;
        self.event.time = self.time(text, columns);
        for (column, span) in columns.all.iter().zip(&self.spans) {
            if column.role != Role::Target {
                push(&mut self.event, &mut self.decoder, column, &text[span.0..span.1]);
            }
        }
        for span in self.spans.iter().skip(columns.all.len()) {
            self.event.push_str("surplus", &text[span.0..span.1]);
        }
        match columns.shape {
            Shape::Web => self.push_web(text, columns),
            Shape::Proxy => self.push_proxy(text, columns),
            Shape::Firewall | Shape::Other => {}
        }
        out.event(&mut self.event);
    }

    /// Cuts `text` into `self.spans`; tells whether there are as many as columns.
    fn split(&mut self, text: &str, columns: &Columns) -> bool {
        let bytes = text.as_bytes();
        let wanted = columns.all.len();
        // IIS does not quote; a client that sends a quotation mark must not shift the columns.
        if columns.shape != Shape::Proxy {
            split(bytes, self.separator, &mut self.spans);
            if self.spans.len() == wanted {
                return true;
            }
        }
        split_quoted(bytes, self.separator, &mut self.spans);
        if self.spans.len() == wanted {
            return true;
        }
        // The first record of a log that uses the other separator.
        let other = if self.separator == b' ' { b'\t' } else { b' ' };
        split_quoted(bytes, other, &mut self.spans);
        if self.spans.len() == wanted {
            self.separator = other;
            return true;
        }
        split(bytes, self.separator, &mut self.spans);
        false
    }

    fn value<'t>(&self, text: &'t str, column: Option<usize>) -> Option<&'t str> {
        let (start, end) = *self.spans.get(column?)?;
        Some(&text[start..end]).filter(|value| !is_null(value))
    }

    fn time(&mut self, text: &str, columns: &Columns) -> Option<Time> {
        let clock = clock::time_of_day(self.value(text, columns.clock)?.as_bytes())?;
        let local = self.local || columns.local;
        let day = match columns.date {
            Some(_) => clock::date(self.value(text, columns.date)?.as_bytes())?,
            None => match self.day.of(clock) {
                Some(day) => day,
                None => {
                    self.undated = true;
                    return None;
                }
            },
        };
        let micros = day * DAY + clock;
        if local { self.zone.local(micros) } else { Some(Time::from_micros(micros)) }
    }

    /// Adds path, query and the whole of the request target, which columns hold together or apart.
    fn push_web(&mut self, text: &str, columns: &Columns) {
        let (stem, query) = match (self.value(text, columns.stem), self.value(text, columns.uri)) {
            (Some(stem), _) => (stem, self.value(text, columns.query)),
            (None, Some(uri)) => uri.split_once('?').map_or((uri, None), |(stem, query)| (stem, Some(query))),
            (None, None) => {
                for (name, column) in [("cs-uri-stem", columns.stem), ("cs-uri-query", columns.query)] {
                    if column.is_some_and(|column| column < self.spans.len()) {
                        self.event.push_null(name);
                    }
                }
                return;
            }
        };
        self.decoder.push_target(&mut self.event, stem, query);
    }

    /// Adds the whole URI where the log holds it in parts, and the extension of its file.
    fn push_proxy(&mut self, text: &str, columns: &Columns) {
        let mut whole = String::new();
        let uri = match self.value(text, columns.uri) {
            Some(uri) => uri,
            None => {
                self.compose(text, columns, &mut whole);
                if whole.is_empty() {
                    return;
                }
                self.decoder.push(&mut self.event, &["c-uri", "cs-uri"], &whole);
                &whole
            }
        };
        if columns.extension.is_none()
            && let Some(extension) = web::extension(uri)
        {
            self.event.push_str("c-uri-extension", extension);
        }
    }

    fn compose(&self, text: &str, columns: &Columns, whole: &mut String) {
        let path = self.value(text, columns.path).or_else(|| self.value(text, columns.stem));
        let complete = path.is_some_and(|path| path.contains("://"));
        if let Some(host) = self.value(text, columns.host).filter(|_| !complete) {
            if let Some(scheme) = self.value(text, columns.scheme) {
                whole.push_str(scheme);
                whole.push_str("://");
            }
            whole.push_str(host);
            if let Some(port) =
                self.value(text, columns.port).filter(|port| !matches!(*port, "80" | "443" | "0"))
            {
                whole.push(':');
                whole.push_str(port);
            }
        }
        whole.push_str(path.unwrap_or_default());
        if let Some(query) = self.value(text, columns.query) {
            whole.push_str(if query.starts_with('?') { "" } else { "?" });
            whole.push_str(query);
        }
    }
}

/// The date of records that carry only a time: that of the last `#Date` line, moved on by a day
/// whenever the clock falls back by more than half of one.
#[derive(Clone, Copy, Debug, Default)]
struct Day {
    known: Option<i64>,
    last: i64,
}

impl Day {
    fn of(&mut self, clock: i64) -> Option<i64> {
        let day = self.known.as_mut()?;
        *day += i64::from(clock + DAY / 2 < self.last);
        self.last = clock;
        Some(*day)
    }
}

fn is_null(value: &str) -> bool {
    matches!(value, "-" | "")
}

/// Cuts at every separator.
fn split(text: &[u8], separator: u8, spans: &mut Vec<(usize, usize)>) {
    spans.clear();
    let mut start = 0;
    for end in memchr_iter(separator, text).take(MAX_COLUMNS) {
        spans.push((start, end));
        start = end + 1;
    }
    spans.push((start, text.len()));
}

/// Cuts at separators outside quotation marks, which are left out; a mark that is not closed
/// before a separator is an ordinary character.
fn split_quoted(text: &[u8], separator: u8, spans: &mut Vec<(usize, usize)>) {
    spans.clear();
    let mut start = 0;
    let mut closable = true;
    while start <= text.len() && spans.len() < MAX_COLUMNS {
        let rest = &text[start..];
        if closable && rest.first() == Some(&b'"') {
            let mut marks = memchr_iter(b'"', rest).skip(1);
            if let Some(end) = marks.find(|end| rest.get(end + 1).is_none_or(|byte| *byte == separator)) {
                spans.push((start + 1, start + end));
                start += end + 2;
                continue;
            }
            // Looking again from every later mark would take time with the square of the line.
            closable = false;
        }
        let end = memchr(separator, rest).unwrap_or(rest.len());
        spans.push((start, start + end));
        start += end + 1;
    }
}

fn push(event: &mut Event, decoder: &mut Decoder, column: &Column, value: &str) {
    let Some((name, also)) = column.names.split_first() else { return };
    if is_null(value) {
        event.push_null(name);
    } else {
        match column.role {
            Role::Plain | Role::Date | Role::Clock | Role::Target => event.push_str(name, value),
            Role::Number if value.bytes().all(|byte| byte.is_ascii_digit()) => {
                event.push_str_kind(name, Kind::Int, value);
            }
            Role::Number => event.push_str(name, value),
            Role::Escaped => return decoder.push(event, &column.names, value),
            Role::Header => {
                event.push_str(name, value);
                if let Some((first, further)) = also.split_first() {
                    decoder.push_header(event, first, value);
                    further.iter().for_each(|alias| event.also(alias));
                }
                return;
            }
        }
    }
    also.iter().for_each(|alias| event.also(alias));
}

#[cfg(test)]
mod tests;
