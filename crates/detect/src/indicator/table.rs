//! Indicators in the columns of a table.

use csv::{ReaderBuilder, StringRecord};
use model::Time;

use super::classify::classify;
use super::index::Key;
use super::load::Gathered;
use super::plain::{Row, is_remark, pattern, short, value_found};

/// Endings of the names of columns that hold indicators.
pub(super) const VALUES: [&str; 21] = [
    "value",
    "values",
    "ioc",
    "iocs",
    "indicator",
    "indicators",
    "observable",
    "artifact",
    "ip",
    "domain",
    "fqdn",
    "url",
    "uri",
    "md5",
    "sha1",
    "sha256",
    "sha512",
    "hash",
    "email",
    "ipv4",
    "ipv6",
];

/// Endings of the names of other columns that such tables have.
const HEADS: [&str; 12] = [
    "pattern",
    "id",
    "uuid",
    "type",
    "date",
    "name",
    "title",
    "category",
    "description",
    "comment",
    "tlp",
    "confidence",
];

fn last_word(name: &str) -> String {
    name.trim().rsplit(['.', '_', '-', ' ', '/']).next().unwrap_or_default().to_lowercase()
}

pub(super) fn ends_in(name: &str, words: &[&str]) -> bool {
    words.contains(&last_word(name).as_str())
}

/// Where the columns of a table lie.
#[derive(Debug, Default)]
struct Columns {
    heads: Vec<String>,
    pattern: Option<usize>,
    values: Vec<usize>,
}

impl Columns {
    /// A cell under the last column that goes by one of `names`.
    fn cell<'r>(&self, record: &'r StringRecord, names: &[&str]) -> &'r str {
        self.heads
            .iter()
            .enumerate()
            .rev()
            .filter(|(_, head)| names.contains(&head.rsplit('.').next().unwrap_or_default()))
            .filter_map(|(at, _)| record.get(at))
            .map(str::trim)
            .find(|cell| !cell.is_empty())
            .unwrap_or_default()
    }

    fn row(&self, record: &StringRecord, line: u32) -> Row {
        let time = |names: &[&str]| Time::parse(self.cell(record, names)).ok();
        let id = self.cell(record, &["id"]);
        let phases = self.cell(record, &["kill_chain", "kill_chain_phases"]);
        Row {
            line,
            id: if id.starts_with("indicator--") { id.to_owned() } else { String::new() },
            name: self.cell(record, &["name", "desensitized", "info", "malware", "actor", "apts"]).to_owned(),
            description: self.cell(record, &["description", "comment", "context"]).to_owned(),
            author: self.cell(record, &["sources", "source", "created_by", "author"]).to_owned(),
            tags: phases
                .split(',')
                .filter_map(|phase| phase.trim().strip_suffix("(mitre-attack)"))
                .map(|phase| format!("attack.{}", phase.trim().to_lowercase().replace(' ', "-")))
                .collect(),
            confidence: self.cell(record, &["confidence"]).parse().ok(),
            modified: time(&["modified"]),
            from: time(&["valid_from"]),
            until: time(&["valid_until", "expiration", "expires"]),
            revoked: self.cell(record, &["revoked"]).eq_ignore_ascii_case("true"),
        }
    }
}

fn reader(text: &str, delimiter: u8) -> csv::Reader<&[u8]> {
    ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(text.as_bytes())
}

/// The text with its remarks as empty lines, so that lines keep their numbers. A line with a
/// quotation mark may be part of a cell.
fn without_remarks(text: &str) -> String {
    let is_remark = |line: &str| is_remark(line) && (line.starts_with('#') || !line.contains('"'));
    text.split_inclusive('\n').map(|line| if is_remark(line) { "\n" } else { line }).collect()
}

/// The head of a table that stands in the last remark before it.
fn said_head(text: &str, delimiter: u8, first: Option<&StringRecord>) -> Option<StringRecord> {
    let remark =
        text.lines().take_while(|line| is_remark(line)).filter(|line| line.starts_with('#')).last()?;
    let head = reader(remark.trim_start_matches('#').trim(), delimiter).into_records().next()?.ok()?;
    let named = head.iter().any(|cell| ends_in(cell, &VALUES));
    (named && head.len() > 1 && head.len() == first?.len()).then_some(head)
}

/// Reads the rows of a table.
pub(super) fn read(source: &str, original: &str, delimiter: u8, out: &mut Gathered) {
    let text = without_remarks(original);
    let mut sample: Vec<StringRecord> =
        reader(&text, delimiter).into_records().map_while(Result::ok).take(100).collect();
    let said = said_head(original, delimiter, sample.first());
    let (columns, headed) = match said {
        Some(head) => {
            sample.insert(0, head);
            (columns(sample).0, false)
        }
        None => columns(sample),
    };
    for record in reader(&text, delimiter).into_records().skip(usize::from(headed)) {
        match record {
            Ok(record) => {
                let line = record.position().map_or(0, |place| place.line()) as u32;
                record_found(source, &columns, &record, line, out);
            }
            Err(error) => {
                let line = error.position().map_or(0, |place| place.line()) as u32;
                out.reject(source, line, "", format!("not readable as CSV: {error}"));
            }
        }
    }
}

/// Which columns count, from the first records, and whether the first of these is a head.
fn columns(sample: Vec<StringRecord>) -> (Columns, bool) {
    let Some(first) = sample.first() else { return (Columns::default(), false) };
    // Names such as `event.description` have the form of a domain.
    let named = first.iter().any(|cell| ends_in(cell, &VALUES) || ends_in(cell, &HEADS));
    let headed = !first.iter().any(|cell| match classify(cell, "") {
        Some(Ok(Key::Domain(_))) => !named,
        found => found.is_some(),
    });
    let mut out = Columns::default();
    if headed {
        out.heads = first.iter().map(|cell| cell.trim().to_lowercase()).collect();
        out.pattern = out.heads.iter().position(|head| last_word(head) == "pattern");
        out.values = (0..out.heads.len()).filter(|at| ends_in(&out.heads[*at], &VALUES)).collect();
    }
    if out.pattern.is_none() && out.values.is_empty() {
        let widest = sample.iter().map(StringRecord::len).max().unwrap_or(0);
        out.values = (0..widest)
            .filter(|at| {
                let cells = || sample[usize::from(headed)..].iter().filter_map(|record| record.get(*at));
                let filled = cells().filter(|cell| !cell.trim().is_empty()).count();
                let fitting = cells().filter(|cell| classify(cell, "").is_some()).count();
                fitting > 0 && fitting * 2 >= filled
            })
            .collect();
    }
    (out, headed)
}

fn record_found(source: &str, columns: &Columns, record: &StringRecord, line: u32, out: &mut Gathered) {
    if let Some(text) = columns.pattern.and_then(|at| record.get(at)) {
        let kind = columns.cell(record, &["pattern_type"]);
        if !kind.is_empty() && kind != "stix" {
            let reason = format!("patterns of the type “{kind}” are not evaluated");
            return out.reject(source, line, columns.cell(record, &["name"]), reason);
        }
        return pattern(source, text.trim(), columns.row(record, line), text.trim(), out);
    }
    let kind = columns.cell(record, &["type", "indicator_type", "ioc_type"]).to_lowercase();
    let mut found = false;
    let mut last = "";
    for cell in columns.values.iter().filter_map(|at| record.get(*at)) {
        // Compound values, such as `filename|md5`.
        let kinds: Vec<&str> = kind.split('|').collect();
        for (place, value) in cell.split('|').enumerate().filter(|(_, value)| !value.trim().is_empty()) {
            last = value;
            if let Some(key) = classify(value, kinds.get(place).copied().unwrap_or_default()) {
                found = true;
                value_found(source, value.trim(), key, columns.row(record, line), out);
            }
        }
    }
    if !found {
        let reason = if last.is_empty() {
            "no value".to_owned()
        } else {
            format!("“{}” is no indicator", short(last))
        };
        out.reject(source, line, "", reason);
    }
}
