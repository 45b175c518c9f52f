//! What a header says of the rows below it.

use model::SourceId;

use super::rows::{Parser, sniff_delimiter};
use super::when::{self, DateOrder};
use crate::LogSources;

/// What the rows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    /// Nothing that is known here.
    Plain,
    /// The Microsoft 365 audit log, with its JSON in this column.
    AuditData(usize),
    /// Records of a Windows event log.
    Windows,
    /// A proxy's, with the URI in this column, and whether there is a column of extensions.
    Proxy { uri: usize, extension: bool },
    /// A web server's, with path and query in these columns.
    Web { stem: usize, query: Option<usize> },
}

impl Rows {
    /// Whether `column` is part of a web server's request target.
    pub(super) fn is_target(self, column: usize) -> bool {
        matches!(self, Self::Web { stem, query } if stem == column || query == Some(column))
    }
}

/// A column that may hold the time of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TimeColumn {
    pub(super) column: usize,
    /// The column with the time of day, where this one holds the date.
    pub(super) clock: Option<usize>,
    /// Whether times without offset are UTC by the column's name or its origin.
    pub(super) utc: bool,
}

/// The names of a file's columns and what follows from them.
#[derive(Clone, Debug)]
pub(super) struct Header {
    pub(super) names: Vec<String>,
    pub(super) rows: Rows,
    pub(super) source: SourceId,
    pub(super) times: Vec<TimeColumn>,
    /// Columns of Windows records that go by another name than Windows gives them: the column's
    /// name and Windows'.
    pub(super) renamed: Vec<(String, &'static str)>,
}

/// What exporters call the columns of Windows records, in lower case → what Windows calls them.
const WINDOWS: &[(&str, &str)] = &[
    ("eventid", "EventID"),
    ("event id", "EventID"),
    ("event_id", "EventID"),
    ("eventcode", "EventID"),
    ("id", "EventID"),
    ("channel", "Channel"),
    ("logname", "Channel"),
    ("log name", "Channel"),
    ("log_name", "Channel"),
    ("provider_name", "Provider_Name"),
    ("providername", "Provider_Name"),
    ("provider name", "Provider_Name"),
    ("provider", "Provider_Name"),
    ("sourcename", "Provider_Name"),
    ("source", "Provider_Name"),
    ("computer", "Computer"),
    ("computername", "Computer"),
    ("machinename", "Computer"),
];

/// Names of columns that hold the time of a record, in lower case, the surest first, and whether
/// what writes them writes UTC.
const TIMES: &[(&str, bool)] = &[
    ("@timestamp", false),
    ("timestamp", false),
    ("time", false),
    ("datetime", false),
    ("date time", false),
    ("date/time", false),
    ("date-time", false),
    ("_time", false),
    ("utctime", true),
    ("timecreated", false),
    ("time created", false),
    ("systemtime", true),
    ("date (utc)", true),
    ("time (utc)", true),
    ("timestamp (utc)", true),
    ("datetime (utc)", true),
    ("timegenerated", false),
    ("timegenerated [utc]", true),
    ("time generated", false),
    ("creationdate", true),
    ("creationtime", true),
    ("createddatetime", true),
    ("activitydatetime", true),
    ("eventtime", false),
    ("event time", false),
    ("eventdate", false),
    ("logtime", false),
    ("log time", false),
    ("date and time", false),
    ("date", false),
    ("created", false),
    ("received", false),
    ("starttime", false),
    ("start time", false),
    ("start date", false),
    ("firstseen", false),
    ("first seen", false),
];

impl Header {
    pub(super) fn new<'v>(values: impl Iterator<Item = &'v str>, sources: &LogSources) -> Self {
        let names: Vec<String> = values
            .enumerate()
            .map(|(index, name)| match name.trim() {
                "" => format!("column{}", index + 1),
                name => name.to_owned(),
            })
            .collect();
        let lower: Vec<String> = names.iter().map(|name| name.to_lowercase()).collect();
        let rows = rows(&lower);
        let source = match rows {
            Rows::AuditData(_) => sources.named("m365-audit"),
            Rows::Proxy { .. } => sources.named("proxy"),
            Rows::Web { .. } => sources.named("webserver"),
            Rows::Plain | Rows::Windows => SourceId::default(),
        };
        let renamed = if rows == Rows::Windows { renamed(&names, &lower) } else { Vec::new() };
        Self { times: times(&lower), names, rows, source, renamed }
    }
}

fn rows(names: &[String]) -> Rows {
    let find = |wanted: &[&str]| names.iter().position(|name| wanted.contains(&name.as_str()));
    let has = |wanted: &[&str]| find(wanted).is_some();
    if let Some(column) = find(&["auditdata"]) {
        Rows::AuditData(column)
    } else if is_windows(names) {
        Rows::Windows
    } else if let Some(stem) = find(&["cs-uri-stem"]) {
        Rows::Web { stem, query: find(&["cs-uri-query"]) }
    } else if let Some(uri) = find(&["c-uri"]) {
        Rows::Proxy { uri, extension: has(&["c-uri-extension"]) }
    } else {
        Rows::Plain
    }
}

/// Whether there is an event id, and what it is an id of.
fn is_windows(names: &[String]) -> bool {
    let has = |wanted: &str| {
        let known =
            |name: &String| WINDOWS.iter().any(|(known, windows)| known == name && *windows == wanted);
        names.iter().any(known)
    };
    has("EventID") && (has("Channel") || has("Provider_Name"))
}

fn renamed(names: &[String], lower: &[String]) -> Vec<(String, &'static str)> {
    let mut renamed = Vec::new();
    for (name, lower) in names.iter().zip(lower) {
        let windows = WINDOWS.iter().find(|(known, _)| known == lower).map(|(_, windows)| *windows);
        let Some(windows) = windows.filter(|windows| windows != name) else { continue };
        if !names.iter().any(|name| name == windows) {
            renamed.push((name.clone(), windows));
        }
    }
    renamed
}

fn times(names: &[String]) -> Vec<TimeColumn> {
    let find = |wanted: &str| names.iter().position(|name| name == wanted);
    let mut times = Vec::new();
    if let (Some(column), Some(clock)) = (find("date"), find("time")) {
        times.push(TimeColumn { column, clock: Some(clock), utc: false });
    }
    for (name, utc) in TIMES {
        times.extend(find(name).map(|column| TimeColumn { column, clock: None, utc: *utc }));
    }
    times
}

/// What PowerShell writes above the header unless told otherwise, before the name of a class.
pub(super) const TYPE: &str = "#TYPE ";

pub(super) fn recognise(head: &str) -> bool {
    let mut lines = head
        .lines()
        .filter(|line| !line.trim_matches(['\0', ' ']).is_empty())
        .skip_while(|line| line.starts_with(TYPE));
    let Some(first) = lines.next() else { return false };
    let (delimiter, told) = match first.strip_prefix("sep=") {
        Some(told) => (told.bytes().next().unwrap_or(b','), true),
        None => (sniff_delimiter(first), false),
    };
    let Some(header) = (if told { lines.next() } else { Some(first) }) else { return false };
    let mut parser = Parser::new(delimiter);
    parser.feed(header);
    let width = parser.values().count();
    if width < 2 || !parser.values().all(is_name) {
        return false;
    }
    let mut asked = 0;
    let mut passed = 0;
    // The last line may be torn.
    let mut rest: Vec<&str> = lines.take(51).collect();
    if rest.len() > 1 {
        rest.pop();
    }
    for line in rest {
        if parser.feed(line) == super::rows::Fed::Complete {
            asked += 1;
            passed += usize::from(parser.values().count() == width);
        }
    }
    passed * 10 >= asked * 6
}

/// Whether `cell` may name a column: not long, and no number, time or markup.
fn is_name(cell: &str) -> bool {
    let cell = cell.trim();
    cell.len() <= 80
        && !cell.starts_with(['{', '<', '['])
        && cell.parse::<f64>().is_err()
        && when::parse(cell, &mut DateOrder::default()).is_none()
        && cell.chars().all(|char| !char.is_control())
}
