//! What web server records have in common, whoever wrote them.
//!
//! Rules look for a path where their author's log had it: under `cs-uri-stem`, under `cs-uri`, or,
//! in most published rules, under `cs-uri-query`. Every record therefore carries the whole request
//! target under `cs-uri` and once more under `cs-uri-query`, beside path and query; what holds
//! percent escapes stands decoded as a further value, so that either spelling is found. All of
//! these share their text.

use memchr::{memchr, memchr2};
use model::{Event, Kind};

/// Decodes into buffers that are kept between records.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    bytes: Vec<u8>,
    text: String,
}

impl Decoder {
    /// Adds `value` under each of `names`, and decoded once more if it holds percent escapes.
    pub(crate) fn push<N: AsRef<str>>(&mut self, event: &mut Event, names: &[N], value: &str) {
        let push = |event: &mut Event, value: &str| {
            if let Some((first, others)) = names.split_first() {
                event.push_str(first.as_ref(), value);
                others.iter().for_each(|name| event.also(name.as_ref()));
            }
        };
        push(event, value);
        if memchr(b'%', value.as_bytes()).is_some() {
            self.bytes.clear();
            let escaped = decode(value, &mut self.bytes);
            if escaped {
                push(event, utf8(&self.bytes, &mut self.text));
            }
        }
    }

    /// Adds a request target as `cs-uri-stem`, `cs-uri-query` and `cs-uri`.
    pub(crate) fn push_target(&mut self, event: &mut Event, stem: &str, query: Option<&str>) {
        let whole = event.raw_fields().len();
        event.push_with("cs-uri", Kind::Str, |text| {
            text.push_str(stem);
            if let Some(query) = query {
                text.push('?');
                text.push_str(query);
            }
        });
        event.push_part("cs-uri-stem", whole, 0..stem.len());
        match query {
            Some(query) => {
                event.push_part("cs-uri-query", whole, stem.len() + 1..stem.len() + 1 + query.len())
            }
            None => event.push_null("cs-uri-query"),
        }
        let length = stem.len() + query.map_or(0, |query| 1 + query.len());
        event.push_part("cs-uri-query", whole, 0..length);
        let has_escape = |part: &str| memchr(b'%', part.as_bytes()).is_some();
        if has_escape(stem) || query.is_some_and(has_escape) {
            self.push_decoded(event, stem, query);
        }
    }

    /// Adds the parts of a target that change by decoding, and the whole.
    fn push_decoded(&mut self, event: &mut Event, stem: &str, query: Option<&str>) {
        self.bytes.clear();
        let stem_changed = decode(stem, &mut self.bytes);
        let stem_end = utf8(&self.bytes, &mut self.text).len();
        let mut query_changed = false;
        if let Some(query) = query {
            self.bytes.push(b'?');
            query_changed = decode(query, &mut self.bytes);
        }
        if !stem_changed && !query_changed {
            return;
        }
        let whole = event.raw_fields().len();
        // The question mark is no part of a longer character, so that the parts decode alike alone.
        let text = utf8(&self.bytes, &mut self.text);
        event.push_str("cs-uri", text);
        if stem_changed {
            event.push_part("cs-uri-stem", whole, 0..stem_end);
        }
        if query_changed {
            event.push_part("cs-uri-query", whole, stem_end + 1..text.len());
        }
        event.push_part("cs-uri-query", whole, 0..text.len());
    }

    /// Adds a header value in which the server wrote blanks as `+` (and CloudFront everything
    /// else as percent escapes), as the client sent it.
    pub(crate) fn push_header(&mut self, event: &mut Event, name: &str, value: &str) {
        let coded =
            memchr2(b'+', b'%', value.as_bytes()).is_some() && memchr(b' ', value.as_bytes()).is_none();
        if !coded {
            return event.push_str(name, value);
        }
        self.bytes.clear();
        self.bytes.extend(value.bytes().map(|byte| if byte == b'+' { b' ' } else { byte }));
        if memchr(b'%', &self.bytes).is_some() {
            let blank = utf8(&self.bytes, &mut self.text).to_owned();
            self.bytes.clear();
            decode(&blank, &mut self.bytes);
        }
        event.push_str(name, utf8(&self.bytes, &mut self.text));
    }
}

/// `bytes` as text; by way of `text` where faulty ones have to be replaced.
fn utf8<'b>(bytes: &'b [u8], text: &'b mut String) -> &'b str {
    match std::str::from_utf8(bytes) {
        Ok(valid) => valid,
        Err(_) => {
            text.clear();
            text.push_str(&String::from_utf8_lossy(bytes));
            text
        }
    }
}

/// Appends `value` to `bytes` with `%41` and IIS's `%u0041` decoded once; tells whether there was
/// one. A `+` stays: in a path it is itself.
fn decode(value: &str, bytes: &mut Vec<u8>) -> bool {
    let mut rest = value.as_bytes();
    let mut changed = false;
    while let Some(at) = memchr(b'%', rest) {
        bytes.extend_from_slice(&rest[..at]);
        let tail = &rest[at + 1..];
        let length = match escape(tail) {
            Some((Escape::Byte(byte), length)) => {
                bytes.push(byte);
                length
            }
            Some((Escape::Unit(unit), length)) => {
                let char = char::from_u32(unit.into()).unwrap_or(char::REPLACEMENT_CHARACTER);
                bytes.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
                length
            }
            None => {
                bytes.push(b'%');
                0
            }
        };
        changed |= length > 0;
        rest = &tail[length..];
    }
    bytes.extend_from_slice(rest);
    changed
}

enum Escape {
    Byte(u8),
    Unit(u16),
}

/// What follows a percent sign, and how many bytes it takes.
fn escape(tail: &[u8]) -> Option<(Escape, usize)> {
    match *tail {
        [b'u' | b'U', a, b, c, d, ..] => {
            let unit =
                [a, b, c, d].iter().try_fold(0, |sum, byte| Some(sum << 4 | u16::from(hex(*byte)?)))?;
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
    let path =
        path.split_once("://").map_or(path, |(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
    let name = path.rsplit('/').next()?;
    let (_, extension) = name.rsplit_once('.')?;
    let plain =
        (1..=10).contains(&extension.len()) && extension.bytes().all(|byte| byte.is_ascii_alphanumeric());
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
        Decoder::default().push(&mut event, &["c-uri", "cs-uri"], "a=%40%25%u0041%zz+b%4");
        for name in ["c-uri", "cs-uri"] {
            assert_eq!(all(&event, name), ["a=%40%25%u0041%zz+b%4", "a=@%A%zz+b%4"]);
        }
        event.clear();
        Decoder::default().push(&mut event, &["c-uri"], "50%");
        assert_eq!(all(&event, "c-uri"), ["50%"]);
    }

    #[test]
    fn the_target_stands_where_rules_look() {
        for (stem, query, stems, queries, uris) in [
            ("/a", Some("x=1"), "/a", "x=1 /a?x=1", "/a?x=1"),
            ("/a", None, "/a", " /a", "/a"),
            ("/a%2e", Some("x"), "/a%2e /a.", "x /a%2e?x /a.?x", "/a%2e?x /a.?x"),
            ("/a", Some("%78"), "/a", "%78 /a?%78 x /a?x", "/a?%78 /a?x"),
            (
                "/%ff",
                Some("%41%"),
                "/%ff /\u{fffd}",
                "%41% /%ff?%41% A% /\u{fffd}?A%",
                "/%ff?%41% /\u{fffd}?A%",
            ),
            ("/%", None, "/%", " /%", "/%"),
        ] {
            let mut event = Event::default();
            Decoder::default().push_target(&mut event, stem, query);
            assert_eq!(all(&event, "cs-uri-stem").join(" "), stems);
            assert_eq!(all(&event, "cs-uri-query").join(" "), queries);
            assert_eq!(all(&event, "cs-uri").join(" "), uris);
        }
    }

    #[test]
    fn blanks_return_to_a_user_agent() {
        for (logged, expected) in [
            ("Mozilla/5.0+(Windows+NT+10.0)", "Mozilla/5.0 (Windows NT 10.0)"),
            ("Mozilla/5.0%20(X11)", "Mozilla/5.0 (X11)"),
            ("a%2Bb+%c3%a9", "a+b é"),
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
            Decoder::default().push(&mut event, &["q"], &text);
            Decoder::default().push_target(&mut event, &text, Some(&text));
            Decoder::default().push_header(&mut event, "h", &text);
            prop_assert_eq!(event.get("q").unwrap().text, &text);
        }
    }
}
