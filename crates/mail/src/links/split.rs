//! The parts of an address in which a token may stand.

use std::borrow::Cow;
use std::ops::Range;

use percent_encoding::percent_decode_str;
use url::{Position, Url};

use super::shape::{self, Place};
use super::{Recipients, TOKENS, Token};
use crate::who::domain;

/// Parameters whose values are the same for everybody: campaign, size, version, page, language. Only what
/// names somebody, or could be nothing else, is a token there.
const COMMON: [&str; 38] = [
    "_", "cb", "color", "crop", "date", "day", "dpr", "edition", "exp", "ext", "feature", "fit", "fm",
    "format", "h", "height", "hl", "itok", "lang", "language", "locale", "month", "oe", "p", "page", "q",
    "quality", "rev", "size", "time", "ts", "v", "ver", "version", "w", "width", "year", "zoom",
];

struct Finder<'u, 'o> {
    text: &'u str,
    recipients: &'o Recipients,
    out: &'o mut Vec<Token>,
    /// Spans of `text` and the numbers of the tokens that stand there, in order.
    spans: Vec<(Range<usize>, usize)>,
}

/// Adds the tokens of `url`, and gives the address with them masked. `inner` is the parameter that holds the
/// next address of a redirector, which is looked at by itself.
pub(super) fn tokens(
    url: &Url,
    host: &str,
    inner: Option<&'static str>,
    recipients: &Recipients,
    out: &mut Vec<Token>,
) -> String {
    if host.is_empty() {
        return url.as_str().to_owned();
    }
    let text = url.as_str();
    let mut finder = Finder { text, recipients, out, spans: Vec::new() };
    finder.user(url);
    finder.host(url, host);
    let path = url[..Position::BeforePath].len()..url[..Position::AfterPath].len();
    // Where the path holds the next address, what comes behind is part of that.
    let holds_inner = inner.is_some_and(str::is_empty);
    if !holds_inner {
        finder.path(path);
    }
    if url.query().is_some() && !holds_inner {
        let query = url[..Position::BeforeQuery].len()..url[..Position::AfterQuery].len();
        finder.query(query, inner);
    }
    if url.fragment().is_some() && !holds_inner {
        let range = url[..Position::BeforeFragment].len()..text.len();
        if text[range.clone()].contains('=') {
            finder.query(range, inner);
        } else {
            finder.path(range);
        }
    }
    finder.masked()
}

impl Finder<'_, '_> {
    fn user(&mut self, url: &Url) {
        let end = url[..Position::BeforeHost].len();
        if let Some(at) = self.text.find("://")
            && at + 3 < end
        {
            self.piece(at + 3..end - 1, Place::Query, "");
        }
    }

    /// Labels before the registered domain; it itself is nobody's token.
    fn host(&mut self, url: &Url, host: &str) {
        if domain::is_literal(host) {
            return;
        }
        let own = domain::registered(host).len();
        let begin = url[..Position::BeforeHost].len();
        self.pieces(begin..begin + host.len().saturating_sub(own), b".", Place::Host);
    }

    fn path(&mut self, range: Range<usize>) {
        self.pieces(range, b"/;!", Place::Path);
    }

    fn query(&mut self, range: Range<usize>, inner: Option<&str>) {
        for pair in parts(self.text, range, b"&;?") {
            let name = self.text[pair.clone()].find('=').map_or(0, |at| at + 1);
            let value = pair.start + name..pair.end;
            let name = &self.text[pair.start..pair.start + name.saturating_sub(1)];
            if inner.is_none_or(|inner| !inner.eq_ignore_ascii_case(name)) {
                self.piece(value, Place::Query, name);
            }
        }
    }

    fn pieces(&mut self, range: Range<usize>, separators: &[u8], place: Place) {
        for piece in parts(self.text, range, separators) {
            self.piece(piece, place, "");
        }
    }

    /// One segment, label or value: a token as a whole, or made of parts of which some are.
    fn piece(&mut self, range: Range<usize>, place: Place, name: &str) {
        let raw = &self.text[range.clone()];
        if raw.len() < 5 || self.out.len() >= TOKENS {
            return;
        }
        let decoded: Cow<'_, str> =
            if raw.contains('%') { percent_decode_str(raw).decode_utf8_lossy() } else { Cow::Borrowed(raw) };
        let coded = matches!(decoded, Cow::Owned(_));
        if let Some(how) = self.recipients.named(&decoded, coded) {
            let shape = match how {
                "plain" | "percent" | "reversed" | "rot13" => Cow::Borrowed("address"),
                "base64" | "base64url" | "hex" => Cow::Borrowed(how),
                _ => Cow::Owned(shape::of(&decoded, place).unwrap_or_else(|| "hash".to_owned())),
            };
            return self.token(range, &decoded, &shape, Some(how), place);
        }
        let dull = is_common(name);
        if shape::is_address(&decoded) {
            return self.token(range, &decoded, "address", None, place);
        }
        if let Some(shape) = shape::of(&decoded, place) {
            if !dull || shape::is_strong(&shape) {
                self.token(range, &decoded, &shape, None, place);
            }
            return;
        }
        if coded {
            // Places in the decoded text are none in the address: the first token stands for the whole.
            let found = decoded.split(|c: char| !c.is_ascii_alphanumeric()).find_map(|part| {
                let how = self.recipients.named(part, false);
                let shape = shape::of(part, place).or_else(|| how.map(str::to_owned))?;
                (how.is_some() || !dull || shape::is_strong(&shape)).then(|| (part.to_owned(), shape, how))
            });
            if let Some((part, shape, how)) = found {
                self.token(range, &part, &shape, how, place);
            }
            return;
        }
        for part in alphanumeric(self.text, range) {
            let text = &self.text[part.clone()];
            if part.len() < 6 || self.out.len() >= TOKENS {
                continue;
            }
            let how = self.recipients.named(text, false);
            let Some(shape) = shape::of(text, place).or_else(|| how.map(str::to_owned)) else { continue };
            if how.is_some() || !dull || shape::is_strong(&shape) {
                let text = text.to_owned();
                self.token(part, &text, &shape, how, place);
            }
        }
    }

    fn token(
        &mut self,
        range: Range<usize>,
        text: &str,
        shape: &str,
        names: Option<&'static str>,
        place: Place,
    ) {
        let shape = if place == Place::Host { format!("host:{shape}") } else { shape.to_owned() };
        self.spans.push((range, self.out.len()));
        self.out.push(Token { text: text.to_owned(), shape, names });
    }

    fn masked(self) -> String {
        let mut masked = String::with_capacity(self.text.len());
        let mut done = 0;
        for (range, number) in self.spans {
            masked.push_str(self.text.get(done..range.start).unwrap_or_default());
            masked.push('{');
            masked.push_str(self.out.get(number).map_or("", |token| token.shape.as_str()));
            masked.push('}');
            done = range.end;
        }
        masked.push_str(self.text.get(done..).unwrap_or_default());
        masked
    }
}

fn is_common(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 16
        && (name.get(..4).is_some_and(|front| front.eq_ignore_ascii_case("utm_"))
            || COMMON.binary_search(&name.to_ascii_lowercase().as_str()).is_ok())
}

/// What stands between `separators`, with its place in `text`.
fn parts<'t>(
    text: &'t str,
    range: Range<usize>,
    separators: &'t [u8],
) -> impl Iterator<Item = Range<usize>> + use<'t> {
    let bytes = text.as_bytes().get(range.clone()).unwrap_or_default();
    let mut at = range.start;
    bytes.split(|byte| separators.contains(byte)).filter_map(move |part| {
        let found = at..at + part.len();
        at = found.end + 1;
        (!part.is_empty()).then_some(found)
    })
}

/// Runs of ASCII letters and digits.
fn alphanumeric(text: &str, range: Range<usize>) -> impl Iterator<Item = Range<usize>> + use<'_> {
    let bytes = text.as_bytes().get(range.clone()).unwrap_or_default();
    let mut at = range.start;
    bytes.split(|byte| !byte.is_ascii_alphanumeric()).filter_map(move |part| {
        let found = at..at + part.len();
        at = found.end + 1;
        (!part.is_empty()).then_some(found)
    })
}

#[cfg(test)]
#[test]
fn common_parameters_are_in_order() {
    assert!(COMMON.is_sorted());
}
