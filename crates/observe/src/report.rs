use std::cell::Cell;

use model::{Event, Problem};

use crate::{Collector, Format, Message};

/// Bytes of a problem's text; readers quote evidence in it.
const MAX_TEXT: usize = 400;

/// Stands before the collector of the caller: tells the progress of reading, and keeps what would
/// steer a terminal out of the texts.
pub(crate) struct Reporter<'a> {
    out: &'a mut dyn Collector,
    /// Bytes read so far, as the input counts them.
    read: &'a Cell<u64>,
    told: u64,
}

impl<'a> Reporter<'a> {
    pub(crate) fn new(out: &'a mut dyn Collector, read: &'a Cell<u64>) -> Self {
        Self { out, read, told: read.get() }
    }

    fn tell(&mut self) {
        let read = self.read.get();
        if read != self.told {
            self.out.progress(read - self.told);
            self.told = read;
        }
    }
}

impl Collector for Reporter<'_> {
    fn begin(&mut self, path: &str) {
        self.out.begin(path);
    }

    fn format(&mut self, format: Format) {
        self.out.format(format);
    }

    fn event(&mut self, event: &mut Event) {
        self.tell();
        self.out.event(event);
    }

    fn message(&mut self, message: &Message<'_>, event: &mut Event) {
        self.tell();
        self.out.message(message, event);
    }

    fn problem(&mut self, problem: Problem) {
        let what = shown(&problem.what, MAX_TEXT);
        self.out.problem(Problem { what, ..problem });
    }

    fn assumed(&mut self, what: String) {
        self.out.assumed(shown(&what, MAX_TEXT));
    }

    fn progress(&mut self, bytes: u64) {
        self.out.progress(bytes);
    }

    fn end(&mut self, sha256: [u8; 32], size: u64) {
        self.tell();
        self.out.end(sha256, size);
    }
}

/// `text` with control characters, and those that turn the direction of writing, as escapes; cut
/// at about `limit` bytes.
pub(crate) fn shown(text: &str, limit: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(limit));
    for c in text.chars() {
        if shown.len() > limit {
            shown.push('…');
            break;
        }
        if c.is_control()
            || matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
        {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_escaped() {
        assert_eq!(shown("a\u{1b}[2Jb\u{202e}c\n", 100), r"a\u{1b}[2Jb\u{202e}c\n");
        assert_eq!(shown("Übung — 日本", 100), "Übung — 日本");
        assert_eq!(shown("abcdef", 3), "abcd…");
    }
}
