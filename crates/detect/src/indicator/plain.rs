//! Indicators without STIX: one value a line, or CSV.

use model::{Level, RuleInfo, Time};

use super::classify::classify;
use super::index::Key;
use super::load::{Draft, Gathered, Part, What};
use super::table::{self, VALUES, ends_in};
use super::{Validity, stix};

/// The last part of a path.
pub(super) fn file_name(source: &str) -> &str {
    super::path::split_name(source).1
}

/// Reads CSV, or one value a line.
pub(super) fn read(source: &str, text: &str, out: &mut Gathered) {
    match delimiter(text) {
        Some(delimiter) => table::read(source, text, delimiter, out),
        None => lines(source, text, out),
    }
}

/// Whether a line is empty or says something to people only.
pub(super) fn is_remark(line: &str) -> bool {
    let line = line.trim_start();
    line.is_empty() || ["#", ";", "//"].iter().any(|mark| line.starts_with(mark))
}

/// What separates the cells of `text`, when it looks like a table.
fn delimiter(text: &str) -> Option<u8> {
    const LOOKED_AT: usize = 20;
    let first: Vec<&str> = text.lines().filter(|line| !is_remark(line)).take(LOOKED_AT).collect();
    let head = first.first()?;
    if head.trim_start().starts_with('[') {
        return None;
    }
    // In a list of values some may hold a comma: of a table most lines do.
    let found = [b',', b';', b'\t', b'|'].into_iter().find(|delimiter| {
        let with = first.iter().filter(|line| line.as_bytes().contains(delimiter)).count();
        head.as_bytes().contains(delimiter) && with * 2 > first.len()
    });
    let alone = ends_in(head.trim_matches(['"', ' ']), &VALUES) && classify(head, "").is_none();
    found.or(alone.then_some(b','))
}

fn lines(source: &str, text: &str, out: &mut Gathered) {
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if is_remark(line) {
            continue;
        }
        let (value, remark) = line.split_once(" #").unwrap_or((line, ""));
        let row = Row { line: number as u32 + 1, description: remark.trim().to_owned(), ..Row::default() };
        if value.starts_with('[') && value.contains(':') && value.contains('\'') {
            pattern(source, value.trim(), row, value.trim(), out);
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
            None if path(value).is_some() => path_found(source, value.trim(), row, out),
            None => out.reject(source, row.line, "", format!("“{}” is no indicator", short(value))),
        }
    }
}

/// The folder and the name of a file, where a whole path is given.
fn path(value: &str) -> Option<(&str, &str)> {
    let value = value.trim().trim_matches(['"', '\'', '`']);
    let rooted = value.starts_with('/')
        || value.starts_with("\\\\")
        || value.as_bytes().get(1..3).is_some_and(|bytes| bytes == b":\\");
    let (folder, name) = super::path::split_name(value);
    (rooted && !folder.is_empty() && !name.is_empty()).then_some((folder, name))
}

/// A path counts as the name of a file in its folder.
fn path_found(source: &str, value: &str, mut row: Row, out: &mut Gathered) {
    let Some((folder, name)) = path(value) else { return };
    let quote = |text: &str| text.replace('\\', "\\\\").replace('\'', "\\'");
    let text =
        format!("[file:name = '{}' AND file:parent_directory_ref.path = '{}']", quote(name), quote(folder));
    row.id = format!("indicator:{}", short(value));
    pattern(source, &text, row, value, out);
}

pub(super) fn short(text: &str) -> String {
    text.chars().take(80).collect()
}

/// What a row says beside its value.
#[derive(Debug, Default)]
pub(super) struct Row {
    pub(super) line: u32,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) author: String,
    pub(super) tags: Vec<String>,
    pub(super) confidence: Option<u64>,
    pub(super) modified: Option<Time>,
    pub(super) from: Option<Time>,
    pub(super) until: Option<Time>,
    pub(super) revoked: bool,
}

impl Row {
    fn draft(self, source: &str, id: String, shown: &str) -> Draft {
        let named = self.name.is_empty() || self.name == shown;
        let of = if named { file_name(source) } else { &self.name };
        let author = if self.author.is_empty() { file_name(source) } else { &self.author };
        let low = self.revoked || self.confidence.is_some_and(|confidence| confidence < 30);
        Draft {
            info: RuleInfo {
                id,
                title: format!("{} ({})", stix::title(shown), stix::capped(of, 120)),
                level: Some(if low { Level::Medium } else { Level::High }),
                tags: self.tags,
                author: stix::capped(author, 200),
                source: source.to_owned(),
                description: stix::capped(&self.description, 4000),
                ..RuleInfo::default()
            },
            modified: self.modified,
            line: self.line,
            validity: Validity { from: self.from, until: self.until, revoked: self.revoked },
            ..Draft::default()
        }
    }
}

pub(super) fn value_found(
    source: &str,
    shown: &str,
    key: Result<Key, String>,
    mut row: Row,
    out: &mut Gathered,
) {
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
        | Key::Text(text) => text.clone(),
    };
    let id = Some(std::mem::take(&mut row.id))
        .filter(|id| !id.is_empty())
        .unwrap_or_else(|| format!("indicator:{plain}"));
    let mut draft = row.draft(source, id, &plain);
    draft.parts.push(Part { what: What::Key(key.into()), bounds: None, member: None });
    out.keep(draft);
}

pub(super) fn pattern(source: &str, text: &str, mut row: Row, shown: &str, out: &mut Gathered) {
    let id = Some(std::mem::take(&mut row.id))
        .filter(|id| !id.is_empty())
        .unwrap_or_else(|| format!("indicator:{text}"));
    let shown = if row.name.is_empty() { shown.to_owned() } else { row.name.clone() };
    let mut draft = row.draft(source, id, &shown);
    if stix::pattern_of(source, "stix", text, &mut draft, out) {
        out.keep(draft);
    }
}
