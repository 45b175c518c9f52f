//! Lists of tags (RFC 6376, section 3.2).

use std::ops::Range;

/// Tags in order: name, value, and where the value stands in the text.
#[derive(Debug, Default)]
pub(super) struct Tags<'a> {
    all: Vec<(&'a str, &'a str, Range<usize>)>,
}

/// Tags in one list; a signature has about ten.
const MOST: usize = 64;

impl<'a> Tags<'a> {
    /// Reads a list; `None` where it is none, or names a tag twice.
    pub(super) fn parse(text: &'a [u8]) -> Option<Self> {
        let text = str::from_utf8(text).ok()?;
        let mut tags = Self::default();
        let mut start = 0;
        for part in text.split(';') {
            let at = start;
            start += part.len() + 1;
            if part.trim_ascii().is_empty() {
                // Only the end may be empty.
                if start <= text.len() {
                    return None;
                }
                continue;
            }
            let (name, value) = part.split_once('=')?;
            let from = at + name.len() + 1;
            let name = name.trim_ascii();
            let named = name.starts_with(|first: char| first.is_ascii_alphabetic())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if !named || tags.get(name).is_some() || tags.all.len() == MOST {
                return None;
            }
            tags.all.push((name, value.trim_ascii(), from..from + value.len()));
        }
        Some(tags)
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        self.all.iter().find(|(found, ..)| *found == name).map(|(_, value, _)| *value)
    }

    /// A value that must be there and not empty.
    pub(super) fn need(&self, name: &str) -> Option<&'a str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// A value that may be missing but, where it is there, is a number.
    pub(super) fn number_or_none(&self, name: &str) -> Option<()> {
        match self.get(name) {
            Some(value) => value.parse::<u64>().ok().map(drop),
            None => Some(()),
        }
    }

    /// The bytes of a value in the text.
    pub(super) fn place(&self, name: &str) -> Option<Range<usize>> {
        self.all.iter().find(|(found, ..)| *found == name).map(|(.., place)| place.clone())
    }
}

/// Decodes base64 with folds in it.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    use base64::Engine as _;
    let plain: String = text.chars().filter(|found| !found.is_ascii_whitespace()).collect();
    base64::engine::general_purpose::STANDARD.decode(plain).ok().filter(|bytes| !bytes.is_empty())
}
