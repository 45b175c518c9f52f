//! Indicators without STIX: one value a line, or CSV.

use csv::{ReaderBuilder, StringRecord};
use model::{Level, RuleInfo, Time};

use super::comparison::address;
use super::evaluate::network;
use super::index::Key;
use super::load::{Draft, Gathered, Part, What};
use super::stix;

/// The last part of a path.
pub(super) fn file_name(source: &str) -> &str {
    super::evaluate::split_name(source).1
}

/// Reads CSV, or one value a line.
pub(super) fn read(source: &str, text: &str, out: &mut Gathered) {
    let first = text.lines().find(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    let Some(first) = first else { return };
    match delimiter(first) {
        Some(delimiter) => table(source, text, delimiter, out),
        None => lines(source, text, out),
    }
}

/// What separates the cells of `line`, when it looks like the head or first row of a table.
fn delimiter(line: &str) -> Option<u8> {
    if line.trim_start().starts_with('[') {
        return None;
    }
    if ends_in(line.trim_matches(['"', ' ']), &VALUES) {
        return Some(b',');
    }
    [b',', b';', b'\t', b'|'].into_iter().find(|delimiter| line.as_bytes().contains(delimiter))
}

fn lines(source: &str, text: &str, out: &mut Gathered) {
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (value, remark) = line.split_once(" #").unwrap_or((line, ""));
        let row = Row { line: number as u32 + 1, description: remark.trim().to_owned(), ..Row::default() };
        if value.starts_with('[') && value.contains(':') && value.contains('\'') {
            pattern(source, value.trim(), row, out);
            continue;
        }
        let mut words = value.split_whitespace().peekable();
        // The address of a line of a hosts file that leads nowhere.
        if words.peek().is_some_and(|word| matches!(*word, "0.0.0.0" | "127.0.0.1" | "::1"))
            && words.clone().count() > 1
        {
            words.next();
        }
        match words.find_map(|word| classify(word, "").map(|key| (word, key))) {
            Some((word, key)) => value_found(source, word, key, row, out),
            None => out.reject(source, row.line, "", format!("“{}” is no indicator", short(value))),
        }
    }
}

fn short(text: &str) -> String {
    text.chars().take(80).collect()
}

/// What a row says beside its value.
#[derive(Debug, Default)]
struct Row {
    line: u32,
    id: String,
    name: String,
    description: String,
    author: String,
    tags: Vec<String>,
    confidence: Option<u64>,
    modified: Option<Time>,
    from: Option<Time>,
    until: Option<Time>,
}

impl Row {
    fn draft(self, source: &str, id: String, shown: &str) -> Draft {
        let named = self.name.is_empty() || self.name == shown;
        let of = if named { file_name(source) } else { &self.name };
        let low = self.confidence.is_some_and(|confidence| confidence < 30);
        Draft {
            info: RuleInfo {
                id,
                title: format!("{} ({of})", stix::title(shown)),
                level: Some(if low { Level::Medium } else { Level::High }),
                tags: self.tags,
                author: if self.author.is_empty() { file_name(source).to_owned() } else { self.author },
                source: source.to_owned(),
                description: self.description,
                ..RuleInfo::default()
            },
            modified: self.modified,
            line: self.line,
            from: self.from,
            until: self.until,
            ..Draft::default()
        }
    }
}

fn value_found(source: &str, shown: &str, key: Result<Key, String>, mut row: Row, out: &mut Gathered) {
    let key = match key {
        Ok(key) => key,
        Err(reason) => return out.reject(source, row.line, shown, reason),
    };
    let plain = match &key {
        Key::Address(address) => address.to_string(),
        Key::Network(net) => net.to_string(),
        Key::Domain(text)
        | Key::Url(text)
        | Key::Email(text)
        | Key::Hash(text)
        | Key::Mac(text)
        | Key::FileName(text)
        | Key::Text { text, .. } => text.clone(),
    };
    let id = Some(std::mem::take(&mut row.id))
        .filter(|id| !id.is_empty())
        .unwrap_or_else(|| format!("indicator:{plain}"));
    let mut draft = row.draft(source, id, &plain);
    draft.parts.push(Part { what: What::Key(key), bounds: None });
    out.keep(draft);
}

fn pattern(source: &str, text: &str, mut row: Row, out: &mut Gathered) {
    let id = Some(std::mem::take(&mut row.id))
        .filter(|id| !id.is_empty())
        .unwrap_or_else(|| format!("indicator:{text}"));
    let shown = if row.name.is_empty() { text.to_owned() } else { row.name.clone() };
    let mut draft = row.draft(source, id, &shown);
    if stix::pattern_of(source, "stix", text, &mut draft, out) {
        out.keep(draft);
    }
}

/// Endings of the names of columns that hold indicators.
const VALUES: [&str; 21] = [
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

fn ends_in(name: &str, words: &[&str]) -> bool {
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
        }
    }
}

fn table(source: &str, text: &str, delimiter: u8, out: &mut Gathered) {
    let reader = || {
        ReaderBuilder::new()
            .delimiter(delimiter)
            .comment(Some(b'#'))
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_bytes())
    };
    let (columns, headed) = columns(reader().into_records().map_while(Result::ok).take(100).collect());
    for record in reader().into_records().skip(usize::from(headed)) {
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
        return pattern(source, text.trim(), columns.row(record, line), out);
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

/// What makes a value safe to print, undone.
fn refang(text: &str) -> String {
    let mut out = text.trim().trim_matches(['"', '\'', '`']).to_lowercase();
    for (from, to) in [
        ("[.]", "."),
        ("(.)", "."),
        ("{.}", "."),
        ("[dot]", "."),
        ("(dot)", "."),
        ("[:]", ":"),
        ("[://]", "://"),
        ("[@]", "@"),
        ("[at]", "@"),
        ("[/]", "/"),
        ("\\.", "."),
    ] {
        if out.contains(from) {
            out = out.replace(from, to);
        }
    }
    for (from, to) in [("hxxp", "http"), ("h**p", "http"), ("meow", "http"), ("fxp:", "ftp:")] {
        if let Some(rest) = out.strip_prefix(from) {
            out = format!("{to}{rest}");
        }
    }
    out
}

/// What kind of indicator a value is; `kind` is what a table calls it, in MISP's words.
pub(super) fn classify(text: &str, kind: &str) -> Option<Result<Key, String>> {
    const LONGEST: usize = 4096;
    if text.len() > LONGEST {
        return None;
    }
    let value = refang(text);
    if kind.starts_with("filename") || kind == "file name" {
        let name = super::evaluate::split_name(&value).1;
        return (!name.is_empty()).then(|| Ok(Key::FileName(name.to_owned())));
    }
    if let Some(net) = network(&value).or_else(|| network(without_port(&value))) {
        return Some(address(net));
    }
    if value.len() == 17 && value.bytes().enumerate().all(|(at, byte)| mac_byte(at, byte)) {
        return Some(Ok(Key::Mac(value.replace('-', ":"))));
    }
    if matches!(value.len(), 32 | 40 | 56 | 64 | 96 | 128) && value.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Some(Ok(Key::Hash(value)));
    }
    if let Some((scheme, rest)) = value.split_once("://") {
        let known = !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric());
        return (known && !rest.is_empty() && !value.contains(char::is_whitespace))
            .then_some(Ok(Key::Url(value.trim_end_matches(['/', '.']).to_owned())));
    }
    if let Some((user, domain)) = value.split_once('@') {
        let good = !user.is_empty() && !user.contains(char::is_whitespace) && is_domain(domain);
        return good.then_some(Ok(Key::Email(value)));
    }
    let name = value.trim_start_matches("*.").trim_matches('.');
    if is_domain(without_port(name)) {
        return Some(Ok(Key::Domain(without_port(name).to_owned())));
    }
    let (host, path) = value.split_once('/')?;
    let url = (is_domain(without_port(host)) || network(without_port(host)).is_some())
        && !path.is_empty()
        && !path.contains(char::is_whitespace);
    url.then(|| Ok(Key::Url(value.trim_end_matches(['/', '.']).to_owned())))
}

fn mac_byte(at: usize, byte: u8) -> bool {
    if at % 3 == 2 { matches!(byte, b':' | b'-') } else { byte.is_ascii_hexdigit() }
}

fn without_port(text: &str) -> &str {
    match text.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => {
            host.trim_start_matches('[').trim_end_matches(']')
        }
        _ => text,
    }
}

/// A host name with a dot, whose last label is no number (RFC 1123, section 2.1).
fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
    };
    text.len() <= 253
        && text.contains('.')
        && text.split('.').all(label)
        && text
            .rsplit('.')
            .next()
            .is_some_and(|last| last.len() >= 2 && !last.starts_with(|c: char| c.is_ascii_digit()))
}
