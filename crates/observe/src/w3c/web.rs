//! What web server records have in common, whoever wrote them.
//!
//! Rules look for a path where their author's log had it: under `cs-uri-stem`, under `cs-uri`, or,
//! in most published rules, under `cs-uri-query`. Every record therefore carries the whole request
//! target under `cs-uri` and once more under `cs-uri-query`, beside the parts as logged; what holds
//! percent escapes stands decoded as a further value, so that either spelling is found.

use memchr::{memchr, memchr2};
use model::{Event, Kind};

/// Decodes into a buffer that is kept between records.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    bytes: Vec<u8>,
    whole: String,
}

impl Decoder {
    /// Adds `value`, and decoded once more if it holds percent escapes.
    pub(crate) fn push(&mut self, event: &mut Event, name: &str, value: &str) {
        event.push_str(name, value);
        if let Some(plain) = self.decoded(value) {
            event.push_str(name, &plain);
        }
    }

    /// Adds the request target: `stem`, and `query` after a question mark where there is one.
    pub(crate) fn push_target(&mut self, event: &mut Event, stem: &str, query: Option<&str>) {
        let write = |text: &mut String| {
            text.push_str(stem);
            if let Some(query) = query {
                text.push('?');
                text.push_str(query);
            }
        };
        event.push_with("cs-uri", Kind::Str, write);
        event.also("cs-uri-query");
        let escaped = [stem, query.unwrap_or_default()].map(|part| memchr(b'%', part.as_bytes()).is_some());
        if escaped.contains(&true) {
            let mut whole = std::mem::take(&mut self.whole);
            whole.clear();
            write(&mut whole);
            if let Some(plain) = self.decoded(&whole) {
                event.push_str("cs-uri", &plain);
                event.also("cs-uri-query");
            }
            self.whole = whole;
        }
    }

    /// Adds a header value in which the server wrote blanks as `+` (and CloudFront everything
    /// else as percent escapes), as the client sent it.
    pub(crate) fn push_header(&mut self, event: &mut Event, name: &str, value: &str) {
        let coded = memchr2(b'+', b'%', value.as_bytes()).is_some() && memchr(b' ', value.as_bytes()).is_none();
        if !coded {
            return event.push_str(name, value);
        }
        self.decode(value, b' ');
        event.push_str(name, &String::from_utf8_lossy(&self.bytes));
    }

    fn decoded(&mut self, value: &str) -> Option<std::borrow::Cow<'_, str>> {
        memchr(b'%', value.as_bytes())?;
        self.decode(value, b'+').then(|| String::from_utf8_lossy(&self.bytes))
    }

    /// Decodes `%41` and IIS's `%u0041` once, and each `+` as `plus`; tells whether there was one
    /// of the former.
    fn decode(&mut self, value: &str, plus: u8) -> bool {
        self.bytes.clear();
        let mut rest = value.as_bytes();
        let mut changed = false;
        while let Some((&first, tail)) = rest.split_first() {
            rest = tail;
            match first {
                b'+' => self.bytes.push(plus),
                b'%' => match escape(tail) {
                    Some((char, length)) => {
                        match char {
                            Escape::Byte(byte) => self.bytes.push(byte),
                            Escape::Unit(unit) => {
                                let char = char::from_u32(unit.into()).unwrap_or(char::REPLACEMENT_CHARACTER);
                                self.bytes.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
                            }
                        }
                        changed = true;
                        rest = &tail[length..];
                    }
                    None => self.bytes.push(b'%'),
                },
                other => self.bytes.push(other),
            }
        }
        changed
    }
}

enum Escape {
    Byte(u8),
    Unit(u16),
}

/// What follows a percent sign, and how many bytes it takes.
fn escape(tail: &[u8]) -> Option<(Escape, usize)> {
    match *tail {
        [b'u' | b'U', a, b, c, d, ..] => {
            let unit = [a, b, c, d].iter().try_fold(0, |sum, byte| Some(sum << 4 | u16::from(hex(*byte)?)))?;
            Some((Escape::Unit(unit), 5))
        }
        [a, b, ..] => Some((Escape::Byte(hex(a)? << 4 | hex(b)?), 2)),
        _ => None,
    }
}

/// The value of a hexadecimal digit.
pub(crate) fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

/// `GET`, `PROPFIND`, ...: upper-case letters, as every registered method is.
pub(crate) fn is_method(text: &str) -> bool {
    (3..=24).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'-' | b'_'))
}

/// The extension of the file that a URI names, without its point: what follows the last point of
/// the last segment of the path.
pub(crate) fn extension(uri: &str) -> Option<&str> {
    let path = &uri[..memchr2(b'?', b'#', uri.as_bytes()).unwrap_or(uri.len())];
    let path = path.split_once("://").map_or(path, |(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
    let name = path.rsplit('/').next()?;
    let (_, extension) = name.rsplit_once('.')?;
    let plain = (1..=10).contains(&extension.len()) && extension.bytes().all(|byte| byte.is_ascii_alphanumeric());
    plain.then_some(extension)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(event: &Event, name: &str) -> Vec<String> {
        event.get_all(name).map(|value| value.text.to_owned()).collect()
    }

    #[test]
    fn escapes_stand_raw_and_decoded() {
        let mut event = Event::default();
        Decoder::default().push(&mut event, "cs-uri-query", "a=%40%25%u0041%zz+b%4");
        assert_eq!(all(&event, "cs-uri-query"), ["a=%40%25%u0041%zz+b%4", "a=@%A%zz+b%4"]);
        event.clear();
        Decoder::default().push(&mut event, "cs-uri-query", "50%");
        assert_eq!(all(&event, "cs-uri-query"), ["50%"]);
    }

    #[test]
    fn the_target_stands_where_rules_look() {
        let mut event = Event::default();
        Decoder::default().push_target(&mut event, "/a%2easpx", Some("x=1"));
        assert_eq!(all(&event, "cs-uri"), ["/a%2easpx?x=1", "/a.aspx?x=1"]);
        assert_eq!(all(&event, "cs-uri-query"), ["/a%2easpx?x=1", "/a.aspx?x=1"]);
    }

    #[test]
    fn blanks_return_to_a_user_agent() {
        for (logged, expected) in [
            ("Mozilla/5.0+(Windows+NT+10.0)", "Mozilla/5.0 (Windows NT 10.0)"),
            ("Mozilla/5.0%20(X11)", "Mozilla/5.0 (X11)"),
            ("C++ client", "C++ client"),
            ("curl/7.68", "curl/7.68"),
        ] {
            let mut event = Event::default();
            Decoder::default().push_header(&mut event, "cs-user-agent", logged);
            assert_eq!(all(&event, "cs-user-agent"), [expected]);
        }
    }

    #[test]
    fn an_extension_is_that_of_the_path() {
        for (uri, expected) in [
            ("http://example.com/a/b.EXE?c=d.txt", Some("EXE")),
            ("http://example.com", None),
            ("/a.b/c", None),
            ("/x.tar.gz#top", Some("gz")),
            ("/odd.name with blanks", None),
        ] {
            assert_eq!(extension(uri), expected, "{uri}");
        }
    }

    proptest! {
        #[test]
        fn any_text_decodes(text in "[%u+0-9a-fA-Zé]{0,40}") {
            let mut event = Event::default();
            Decoder::default().push(&mut event, "q", &text);
            Decoder::default().push_header(&mut event, "h", &text);
            prop_assert_eq!(event.get("q").unwrap().text, &text);
        }
    }
}
