//! Tags, comments and text of a page, by the tokenizer of the HTML standard; without copies.

use memchr::memmem;

/// A piece of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'h> {
    Text(&'h str),
    /// The attributes are in [`Tokens::attributes`].
    Start {
        name: &'h str,
        closes_itself: bool,
    },
    End(&'h str),
    /// What stands between the marks, and where older parsers take it to end, if elsewhere.
    Comment {
        text: &'h str,
        or_ends: Option<usize>,
        closed: bool,
    },
    /// `<![CDATA[`: a comment that ends with its first `>`, or text that ends where this says.
    Data(usize),
    /// `<!…>` or `<?…>`, without the marks.
    Other(&'h str),
}

/// An attribute as it stands: name in any case, value with its character references.
pub(super) type Attribute<'h> = (&'h str, &'h str);

/// More attributes of one tag are not read.
const MOST_ATTRIBUTES: usize = 1000;

#[derive(Debug)]
pub(super) struct Tokens<'h> {
    html: &'h str,
    /// Where the next token begins.
    pub(super) at: usize,
    /// Those of the last start tag.
    pub(super) attributes: Vec<Attribute<'h>>,
    comment_end: Next,
    odd_comment_end: Next,
    data_end: Next,
    /// Raw text of these elements does not end from here on.
    endless: Vec<(&'static str, usize)>,
}

/// Where a text stands next, remembered: every place is searched once, however often it is asked for.
#[derive(Debug, Default)]
struct Next {
    from: usize,
    found: Option<usize>,
    asked: bool,
}

impl Next {
    fn find(&mut self, html: &str, at: usize, text: &str) -> Option<usize> {
        let known = self.asked && self.from <= at && self.found.is_none_or(|found| found >= at);
        if !known {
            self.found = html
                .get(at..)
                .and_then(|rest| memmem::find(rest.as_bytes(), text.as_bytes()))
                .map(|i| at + i);
            (self.from, self.asked) = (at, true);
        }
        self.found
    }
}

impl<'h> Tokens<'h> {
    pub(super) fn new(html: &'h str) -> Self {
        Self {
            html,
            at: 0,
            attributes: Vec::new(),
            comment_end: Next::default(),
            odd_comment_end: Next::default(),
            data_end: Next::default(),
            endless: Vec::new(),
        }
    }

    /// The next token before `end`.
    pub(super) fn next(&mut self, end: usize) -> Option<Token<'h>> {
        let html = self.html.get(..end.min(self.html.len()))?;
        let bytes = html.as_bytes();
        let start = self.at;
        let mut from = start;
        // A `<` that begins nothing is text.
        while let Some(less) = memchr::memchr(b'<', bytes.get(from..)?).map(|i| from + i) {
            let begins = match bytes.get(less + 1) {
                Some(byte) if byte.is_ascii_alphabetic() || matches!(byte, b'!' | b'?') => true,
                Some(b'/') => bytes.get(less + 2).is_some(),
                _ => false,
            };
            if !begins {
                from = less + 1;
            } else if less > start {
                self.at = less;
                return html.get(start..less).map(Token::Text);
            } else {
                return Some(self.markup(html));
            }
        }
        self.at = html.len();
        html.get(start..).filter(|text| !text.is_empty()).map(Token::Text)
    }

    /// What begins with `<` at the current place.
    fn markup(&mut self, html: &'h str) -> Token<'h> {
        let start = self.at;
        let bytes = html.as_bytes();
        let rest = html.get(start..).unwrap_or_default();
        match bytes.get(start + 1) {
            Some(b'!') if rest.starts_with("<!--") => self.comment(html),
            Some(b'!') if rest.starts_with("<![CDATA[") => {
                let text = self.data_end.find(self.html, start, "]]>").map_or(html.len(), |end| end + 3);
                self.at = up_to(html, start, b'>') + 1;
                self.at = self.at.min(html.len());
                Token::Data(text.min(html.len()))
            }
            Some(b'/') if bytes.get(start + 2).is_some_and(u8::is_ascii_alphabetic) => {
                self.at = start + 2;
                let name = self.name(html);
                self.attributes(html);
                Token::End(name)
            }
            Some(b'!' | b'?' | b'/') => {
                let end = up_to(html, start, b'>');
                self.at = (end + 1).min(html.len());
                Token::Other(html.get(start + 2..end).unwrap_or_default())
            }
            _ => {
                self.at = start + 1;
                let name = self.name(html);
                let closes_itself = self.attributes(html);
                Token::Start { name, closes_itself }
            }
        }
    }

    fn comment(&mut self, html: &'h str) -> Token<'h> {
        let body = self.at + 4;
        let plain = self.comment_end.find(self.html, body, "-->").filter(|&end| end + 3 <= html.len());
        let odd = self.odd_comment_end.find(self.html, body, "--!>").filter(|&end| end + 4 <= html.len());
        let rest = html.get(body..).unwrap_or_default();
        let (end, next) = if rest.starts_with('>') {
            (body, body + 1)
        } else if rest.starts_with("->") {
            (body, body + 2)
        } else {
            match (plain, odd) {
                (Some(plain), Some(odd)) if odd < plain => (odd, odd + 4),
                (Some(plain), _) => (plain, plain + 3),
                (None, Some(odd)) => (odd, odd + 4),
                (None, None) => (html.len(), html.len()),
            }
        };
        self.at = next;
        let closed = end < html.len();
        // An unclosed comment is none to parsers that look for its end first.
        let or_ends = plain.map(|end| end + 3).or((!closed).then_some(body)).filter(|&end| end != next);
        Token::Comment { text: html.get(body..end).unwrap_or_default(), or_ends, closed }
    }

    fn name(&mut self, html: &'h str) -> &'h str {
        let start = self.at;
        let rest = html.as_bytes().get(start..).unwrap_or_default();
        let length = rest.iter().position(|byte| is_space(*byte) || matches!(byte, b'/' | b'>'));
        self.at = start + length.unwrap_or(rest.len());
        html.get(start..self.at).unwrap_or_default()
    }

    /// Reads the attributes of a tag and what closes it; whether it closes itself.
    fn attributes(&mut self, html: &'h str) -> bool {
        self.attributes.clear();
        let bytes = html.as_bytes();
        let mut at = self.at;
        let mut slash = false;
        while let Some(&byte) = bytes.get(at) {
            if byte == b'>' {
                self.at = at + 1;
                return slash;
            }
            if is_space(byte) || byte == b'/' {
                slash = byte == b'/';
                at += 1;
                continue;
            }
            slash = false;
            // A name may begin with `=`.
            let start = at;
            at += 1;
            while bytes.get(at).is_some_and(|byte| !is_space(*byte) && !matches!(byte, b'/' | b'>' | b'=')) {
                at += 1;
            }
            let name = html.get(start..at).unwrap_or_default();
            let mut equals = at;
            while bytes.get(equals).is_some_and(|byte| is_space(*byte)) {
                equals += 1;
            }
            let mut value = "";
            if bytes.get(equals) == Some(&b'=') {
                (value, at) = attribute_value(html, equals + 1);
            }
            if self.attributes.len() < MOST_ATTRIBUTES {
                self.attributes.push((name, value));
            }
        }
        self.at = html.len();
        slash
    }

    /// Where the raw text of an element ends that begins at the current place: at its end tag.
    pub(super) fn raw_end(&mut self, name: &'static str, end: usize) -> Option<usize> {
        let at = self.at;
        if self.endless.iter().any(|(known, from)| *known == name && *from <= at) {
            return None;
        }
        let bytes = self.html.as_bytes().get(..end)?;
        let found = memchr::memchr_iter(b'<', bytes.get(at..)?).map(|i| at + i).find(|&less| {
            let tag = bytes.get(less + 1..).unwrap_or_default();
            tag.first() == Some(&b'/')
                && tag.get(1..=name.len()).is_some_and(|tag| tag.eq_ignore_ascii_case(name.as_bytes()))
                && tag.get(name.len() + 1).is_none_or(|&byte| is_space(byte) || matches!(byte, b'/' | b'>'))
        });
        if found.is_none() {
            self.endless.push((name, at));
        }
        found
    }
}

/// The value that begins behind `=` at `at`, and the place behind it.
fn attribute_value(html: &str, mut at: usize) -> (&str, usize) {
    let bytes = html.as_bytes();
    while bytes.get(at).is_some_and(|byte| is_space(*byte)) {
        at += 1;
    }
    match bytes.get(at) {
        Some(&quote @ (b'"' | b'\'')) => {
            let end = up_to(html, at + 1, quote);
            (html.get(at + 1..end).unwrap_or_default(), (end + 1).min(html.len()))
        }
        _ => {
            let rest = bytes.get(at..).unwrap_or_default();
            let length = rest.iter().position(|byte| is_space(*byte) || *byte == b'>').unwrap_or(rest.len());
            (html.get(at..at + length).unwrap_or_default(), at + length)
        }
    }
}

/// The place of `byte` from `at` on, or the end.
fn up_to(html: &str, at: usize, byte: u8) -> usize {
    let rest = html.as_bytes().get(at..).unwrap_or_default();
    memchr::memchr(byte, rest).map_or(html.len(), |i| at + i)
}

pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c')
}
