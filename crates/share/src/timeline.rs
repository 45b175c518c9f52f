//! Findings as a timeline that Timesketch imports, as CSV and as JSON lines.
//!
//! Timesketch asks for `message`, `datetime` (ISO 8601) and `timestamp_desc`; it takes `timestamp`
//! (microseconds) and a list of `tag`s where they stand. It reads a CSV with one date format for
//! the whole file, so every moment is written with the same number of digits. What it cannot place
//! in time is left out and counted.

use std::borrow::Cow;
use std::io::{self, Write};

use model::{Finding, FindingKind, Time};
use serde::Serialize;

use crate::Origins;
use crate::fields::{host, user};
use crate::text::{clip, visible};

/// The columns in order; the JSON lines hold the same names.
const COLUMNS: [&str; 17] = [
    "message",
    "datetime",
    "timestamp",
    "timestamp_desc",
    "level",
    "kind",
    "rule",
    "rule_id",
    "rule_author",
    "tag",
    "host",
    "user",
    "evidence",
    "evidence_sha256",
    "record",
    "finding",
    "incident",
];

/// How many findings a timeline holds, and how many it could not take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimelineCount {
    /// Findings written.
    pub written: u64,
    /// Findings without a time, or with one outside the years 1678 to 2261 that Timesketch can
    /// store.
    pub left_out: u64,
}

/// Writes `timeline.csv`.
///
/// A spreadsheet takes a cell that begins with `=`, `+`, `-`, `@`, a tab, a carriage return or a
/// line feed (or the full-width form of the first four) as a formula. Log values are an intruder's
/// to choose, so such a cell gets an apostrophe in front.
#[derive(Debug)]
pub struct CsvTimeline<W: Write> {
    out: csv::Writer<W>,
    count: TimelineCount,
}

impl<W: Write> CsvTimeline<W> {
    /// Begins a timeline with its header.
    pub fn new(out: W) -> io::Result<Self> {
        let mut out = csv::Writer::from_writer(out);
        out.write_record(COLUMNS)?;
        Ok(Self { out, count: TimelineCount::default() })
    }

    /// Adds a finding; `incident` is the id of the incident that took it in.
    pub fn push(
        &mut self,
        finding: &Finding,
        incident: Option<&str>,
        origins: &Origins<'_>,
    ) -> io::Result<()> {
        let Some(row) = Row::new(finding, incident, origins) else {
            self.count.left_out += 1;
            return Ok(());
        };
        let tags = serde_json::to_string(row.tag)?;
        let (timestamp, record) = (row.timestamp.to_string(), row.record.to_string());
        for cell in [&row.message, row.datetime.as_str()] {
            self.out.write_field(harmless(cell).as_bytes())?;
        }
        // A moment before 1970 is a number with a minus, not a formula.
        self.out.write_field(&timestamp)?;
        for cell in [
            row.timestamp_desc,
            row.level,
            row.kind,
            row.rule,
            row.rule_id,
            row.rule_author,
            &tags,
            row.host,
            row.user,
            row.evidence,
            row.evidence_sha256,
            &record,
            row.finding,
            row.incident.unwrap_or_default(),
        ] {
            self.out.write_field(harmless(cell).as_bytes())?;
        }
        self.out.write_record(None::<&[u8]>)?;
        self.count.written += 1;
        Ok(())
    }

    /// Flushes what is buffered and tells how many findings were written and left out.
    pub fn finish(mut self) -> io::Result<TimelineCount> {
        self.out.flush()?;
        Ok(self.count)
    }
}

/// Writes `timeline.jsonl`.
#[derive(Debug)]
pub struct JsonTimeline<W: Write> {
    out: W,
    count: TimelineCount,
}

impl<W: Write> JsonTimeline<W> {
    /// Begins a timeline; the writer should be buffered.
    pub const fn new(out: W) -> Self {
        Self { out, count: TimelineCount { written: 0, left_out: 0 } }
    }

    /// Adds a finding; `incident` is the id of the incident that took it in.
    pub fn push(
        &mut self,
        finding: &Finding,
        incident: Option<&str>,
        origins: &Origins<'_>,
    ) -> io::Result<()> {
        let Some(row) = Row::new(finding, incident, origins) else {
            self.count.left_out += 1;
            return Ok(());
        };
        serde_json::to_writer(&mut self.out, &row)?;
        self.out.write_all(b"\n")?;
        self.count.written += 1;
        Ok(())
    }

    /// Flushes what is buffered and tells how many findings were written and left out.
    pub fn finish(mut self) -> io::Result<TimelineCount> {
        self.out.flush()?;
        Ok(self.count)
    }
}

#[derive(Serialize)]
struct Row<'a> {
    message: String,
    datetime: String,
    timestamp: i64,
    timestamp_desc: &'static str,
    level: &'static str,
    kind: &'static str,
    rule: &'a str,
    rule_id: &'a str,
    rule_author: &'a str,
    tag: &'a [String],
    host: &'a str,
    user: &'a str,
    evidence: &'a str,
    evidence_sha256: &'a str,
    record: u64,
    finding: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    incident: Option<&'a str>,
}

impl<'a> Row<'a> {
    fn new(finding: &'a Finding, incident: Option<&'a str>, origins: &'a Origins<'_>) -> Option<Self> {
        let time = finding.time.filter(|time| (1678..=2261).contains(&time.civil().year()))?;
        let (evidence, evidence_sha256) = origins(finding.event_ref.evidence);
        let (kind, timestamp_desc) = match finding.kind {
            FindingKind::Rule => ("rule", "Rule matched"),
            FindingKind::Correlation => ("correlation", "Correlation completed"),
            FindingKind::Indicator => ("indicator", "Indicator matched"),
        };
        Some(Self {
            message: message(finding),
            datetime: datetime(time),
            timestamp: time.micros(),
            timestamp_desc,
            level: finding.level.as_str(),
            kind,
            rule: &finding.rule.title,
            rule_id: &finding.rule.id,
            rule_author: &finding.rule.author,
            tag: &finding.rule.tags,
            host: host(finding),
            user: user(finding),
            evidence,
            evidence_sha256,
            record: finding.event_ref.record,
            finding: &finding.id,
            incident,
        })
    }
}

/// The rule's title and the facts that made it hold, short enough to read in a list.
fn message(finding: &Finding) -> String {
    const FACTS: usize = 4;
    const VALUE: usize = 120;
    let mut text = visible(&finding.rule.title).into_owned();
    let facts: Vec<String> = if finding.kind == FindingKind::Correlation {
        let group = finding.group.iter().take(FACTS);
        let mut facts: Vec<String> = group.map(|(field, value)| fact(field, value, VALUE)).collect();
        facts.insert(0, format!("{} events", finding.events_total));
        facts
    } else {
        let matched = finding.matched.iter().take(FACTS);
        matched.map(|matched| fact(&matched.field, &matched.value, VALUE)).collect()
    };
    if !facts.is_empty() {
        text.push_str(": ");
        text.push_str(&facts.join("; "));
    }
    text
}

fn fact(field: &str, value: &str, max: usize) -> String {
    let value = clip(value, max);
    if field.is_empty() { value } else { format!("{} = {value}", visible(field)) }
}

/// `2021-08-24T09:12:00.000000+00:00`, always of the same length.
fn datetime(time: Time) -> String {
    let c = time.civil();
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}+00:00",
        c.year(),
        c.month(),
        c.day(),
        c.hour(),
        c.minute(),
        c.second(),
        c.subsec_nanosecond() / 1000
    )
}

/// The cell, with an apostrophe in front where a spreadsheet would take it as a formula.
fn harmless(cell: &str) -> Cow<'_, str> {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) {
        Cow::Owned(format!("'{cell}"))
    } else {
        Cow::Borrowed(cell)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_moment_has_the_same_length() {
        assert_eq!(
            datetime(Time::parse("2021-08-24T09:12:00Z").unwrap()),
            "2021-08-24T09:12:00.000000+00:00"
        );
        assert_eq!(
            datetime(Time::parse("2021-08-24T09:12:00.1234567Z").unwrap()),
            "2021-08-24T09:12:00.123456+00:00"
        );
    }

    #[test]
    fn formulas_are_made_harmless() {
        for cell in ["=1+1", "+44", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1"] {
            assert_eq!(harmless(cell), format!("'{cell}"));
        }
        assert_eq!(harmless("plain = text"), "plain = text");
    }
}
