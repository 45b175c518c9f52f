//! What a reader sees of a page as text, and what is there and is not seen.

use super::url::decode_text;

/// Text beyond is not kept, of each kind.
const MOST: usize = 256 << 10;

/// Text with its spaces collapsed.
#[derive(Debug, Default)]
pub(super) struct Text {
    pub(super) text: String,
    space: bool,
}

impl Text {
    /// Adds raw text of the page. Every stretch of spaces is one.
    pub(super) fn push(&mut self, raw: &str, most: usize) {
        if self.text.len() < most.min(MOST) {
            self.plain(&decode_text(raw), most);
        }
    }

    /// Adds text whose references are decoded.
    pub(super) fn plain(&mut self, text: &str, most: usize) {
        let bytes = text.as_bytes();
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            let start = at;
            at += 1;
            if byte.is_ascii_graphic() {
                at += bytes.iter().skip(at).take_while(|byte| byte.is_ascii_graphic()).count();
                self.word(text.get(start..at).unwrap_or_default());
            } else if byte.is_ascii() {
                self.space = true;
            } else if let Some(c) = text.get(start..).and_then(|rest| rest.chars().next()) {
                at = start + c.len_utf8();
                match c {
                    // These take no room.
                    '\u{ad}' | '\u{34f}' | '\u{200b}' | '\u{2060}' | '\u{feff}' => {}
                    c if c.is_whitespace() || c.is_control() => self.space = true,
                    _ => self.word(text.get(start..at).unwrap_or_default()),
                }
            }
        }
        if self.text.len() > most.min(MOST) {
            let end = (0..=most.min(MOST)).rev().find(|&end| self.text.is_char_boundary(end)).unwrap_or(0);
            self.text.truncate(end);
        }
    }

    fn word(&mut self, word: &str) {
        if word.is_empty() {
            return;
        }
        if self.space && !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push(' ');
        }
        self.space = false;
        self.text.push_str(word);
    }

    /// Begins a line, unless one has begun.
    pub(super) fn line(&mut self) {
        self.space = false;
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }

    /// Keeps words apart.
    pub(super) fn gap(&mut self) {
        self.space = true;
    }

    pub(super) fn finish(mut self) -> String {
        self.text.truncate(self.text.trim_end().len());
        self.text
    }
}
