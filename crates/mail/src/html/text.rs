//! What a reader sees of a page as text, and what is there and is not seen.

use super::url::decode;

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
            self.plain(&decode(raw), most);
        }
    }

    /// Adds text whose references are decoded.
    pub(super) fn plain(&mut self, text: &str, most: usize) {
        let mut rest = text;
        while !rest.is_empty() {
            let plain = rest.bytes().take_while(|byte| byte.is_ascii_graphic()).count();
            let (word, behind) = rest.split_at(plain);
            self.word(word);
            let mut chars = behind.chars();
            match chars.next() {
                Some(c) if c.is_whitespace() || c.is_control() => self.space = true,
                // These take no room.
                Some('\u{ad}' | '\u{34f}' | '\u{200b}' | '\u{2060}' | '\u{feff}') => {}
                Some(c) => self.word(c.encode_utf8(&mut [0; 4])),
                None => {}
            }
            rest = chars.as_str();
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
