//! Content that is text to some and tags to others, and processing instructions.

use super::super::element::{self, Name, Own};
use super::super::token::{Attribute, Tokens};
use super::Walk;

impl<'h> Walk<'h, '_> {
    /// Takes the content of an element whose content is text.
    pub(super) fn content(&mut self, name: &str, own: &Own<'h>, in_foreign: bool, tokens: &mut Tokens<'h>) {
        let at = tokens.at;
        if name == "noscript" {
            // To a program with scripts, what stands here is text.
            if let Some(end) = tokens.raw_end("noscript", self.way.end) {
                self.also(end, false);
            }
            return;
        }
        if name == "plaintext" && !in_foreign {
            self.also(at, true);
            let rest = self.html.get(at..self.way.end).unwrap_or_default();
            self.text(rest);
            tokens.at = self.way.end;
            return;
        }
        let Some(raw) = element::raw(name) else { return };
        let closed = tokens.raw_end(raw, self.way.end);
        let end = closed.unwrap_or(self.way.end);
        let mut text = self.html.get(at..end).unwrap_or_default();
        let mut end = end;
        if raw == "script" && text.contains("<!--") {
            // A script in a comment in a script does not end with the inner one's end.
            if let Some(behind) = closed.map(|end| end + 2) {
                tokens.at = behind;
                let outer = tokens.raw_end("script", self.way.end).unwrap_or(self.way.end);
                let nests =
                    text.to_ascii_lowercase().rsplit("<!--").next().is_some_and(|in_comment| {
                        in_comment.contains("<script") && !in_comment.contains("-->")
                    });
                if nests {
                    self.also(end, false);
                    end = outer;
                    text = self.html.get(at..end).unwrap_or_default();
                }
                tokens.at = at;
            }
        }
        match raw {
            "style" => self.sheet(text),
            "script" => self.script(own, text),
            "textarea" | "xmp" if !in_foreign => self.text(text),
            _ => {}
        }
        if in_foreign {
            self.also(end, false);
            return;
        }
        if self.foreign {
            self.also(at, false);
        } else if matches!(raw, "iframe" | "noembed" | "noframes" | "xmp")
            || (closed.is_none() && raw != "script")
        {
            self.also(at, true);
        }
        tokens.at = end;
    }

    /// `<?xml-stylesheet …?>`, and those of Internet Explorer.
    pub(super) fn instruction(&mut self, text: &'h str) {
        let name = Name::of(text.split(|c: char| c.is_ascii_whitespace()).next().unwrap_or_default());
        let name = name.as_str();
        if matches!(name, "xml-stylesheet" | "import") {
            let tag = format!("<{text}>");
            let mut tokens = Tokens::new(&tag);
            tokens.next(tag.len());
            let attributes: Vec<Attribute<'_>> = std::mem::take(&mut tokens.attributes);
            self.attributes(name, &Own::of(name, &attributes), &attributes, None);
        }
    }
}
