//! The header fields of a message as spans of its bytes, so that one can be taken out and the rest stays as it
//! was.

use std::ops::Range;

/// One header field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Where its name stands, without the colon.
    pub name: Range<usize>,
    /// What follows the colon, without the last line end.
    pub value: Range<usize>,
    /// The whole, with its line end.
    pub span: Range<usize>,
}

/// The fields of the header block, and where the body begins (after the empty line). A line that is no field
/// ends the block, as mail servers see it; the body then begins with it. Linear: each byte is looked at once.
pub fn fields(raw: &[u8]) -> (Vec<Field>, usize) {
    let mut fields: Vec<Field> = Vec::new();
    let mut at = 0;
    while at < raw.len() {
        let end = memchr::memchr(b'\n', &raw[at..]).map_or(raw.len(), |offset| at + offset + 1);
        let text = trim_end(&raw[at..end]);
        if text.is_empty() {
            return (fields, end);
        }
        if matches!(text[0], b' ' | b'\t') {
            let Some(last) = fields.last_mut() else { return (fields, at) };
            last.value.end = at + text.len();
            last.span.end = end;
        } else {
            match name_length(text) {
                Some(name) => {
                    let colon = at + memchr::memchr(b':', text).unwrap_or(name);
                    fields.push(Field {
                        name: at..at + name,
                        value: colon + 1..at + text.len(),
                        span: at..end,
                    });
                }
                None => return (fields, at),
            }
        }
        at = end;
    }
    (fields, raw.len())
}

/// Length of the field name that a line begins with; blanks before the colon are not part of it.
fn name_length(line: &[u8]) -> Option<usize> {
    let name = &line[..memchr::memchr(b':', line)?];
    let length = name.trim_ascii_end().len();
    (length > 0 && name[..length].iter().all(u8::is_ascii_graphic)).then_some(length)
}

fn trim_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The message without the named fields (name, the how-manieth of that name from 1) and with `prepend` on top.
/// All else is as it was, byte for byte.
pub fn edit(raw: &[u8], prepend: &[(String, String)], remove: &[(String, u32)]) -> Vec<u8> {
    let mut out =
        Vec::with_capacity(raw.len() + prepend.iter().map(|(n, v)| n.len() + v.len() + 4).sum::<usize>());
    for (name, value) in prepend {
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(&crlf(value.as_bytes()));
        out.extend_from_slice(b"\r\n");
    }
    let mut from = 0;
    if !remove.is_empty() {
        for span in chosen(raw, remove) {
            out.extend_from_slice(&raw[from..span.start]);
            from = span.end;
        }
    }
    out.extend_from_slice(&raw[from..]);
    out
}

/// Spans of the named fields, in order.
fn chosen(raw: &[u8], remove: &[(String, u32)]) -> Vec<Range<usize>> {
    let mut wanted: Vec<(String, u32)> = remove.iter().map(|(n, i)| (n.to_ascii_lowercase(), *i)).collect();
    wanted.sort_unstable();
    let mut seen = std::collections::BTreeMap::<String, u32>::new();
    let mut spans = Vec::new();
    for field in fields(raw).0 {
        let name = String::from_utf8_lossy(&raw[field.name]).to_ascii_lowercase();
        let count = seen.entry(name.clone()).or_default();
        *count += 1;
        if wanted.binary_search(&(name, *count)).is_ok() {
            spans.push(field.span);
        }
    }
    spans
}

/// The text with each line end as CRLF, whether it was LF, CR or CRLF.
pub(crate) fn crlf(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 8);
    let mut bytes = text.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\r' => {
                bytes.next_if_eq(&b'\n');
                out.extend_from_slice(b"\r\n");
            }
            b'\n' => out.extend_from_slice(b"\r\n"),
            byte => out.push(byte),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(raw: &str) -> (Vec<&str>, &str) {
        let (fields, body) = fields(raw.as_bytes());
        (fields.into_iter().map(|field| &raw[field.name]).collect(), &raw[body..])
    }

    #[test]
    fn a_block_ends_where_mail_servers_see_its_end() {
        assert_eq!(names("A: 1\r\nB : 2\r\n 3\r\n\r\nC: 4\r\n"), (vec!["A", "B"], "C: 4\r\n"));
        assert_eq!(names("A: 1\nB: 2\n\nbody"), (vec!["A", "B"], "body"));
        assert_eq!(names("A: 1\r\nno field\r\nB: 2\r\n"), (vec!["A"], "no field\r\nB: 2\r\n"));
        assert_eq!(names(" cont\r\nA: 1"), (vec![], " cont\r\nA: 1"));
        assert_eq!(names("A: 1"), (vec!["A"], ""));
        assert_eq!(names(""), (vec![], ""));
    }

    #[test]
    fn fields_are_taken_out_and_put_on_top() {
        let raw = b"X: 1\r\nSubject: s\r\nx: 2\r\n\tfolded\r\nX: 3\r\n\r\nX: body\r\n";
        let out = edit(raw, &[("P".into(), "p".into()), ("Q".into(), "q\n r".into())], &[("x".into(), 2)]);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "P: p\r\nQ: q\r\n r\r\nX: 1\r\nSubject: s\r\nX: 3\r\n\r\nX: body\r\n"
        );
        assert_eq!(edit(raw, &[], &[]), raw);
        assert_eq!(edit(raw, &[], &[("Y".into(), 1), ("X".into(), 9)]), raw);
    }

    proptest! {
        #[test]
        fn spans_lie_in_order_and_cover_the_block(raw in "([A-C]?:?[ \r\n:a]{0,4}){0,20}") {
            let (fields, body) = fields(raw.as_bytes());
            let mut at = 0;
            for field in fields {
                prop_assert_eq!(field.span.start, at);
                prop_assert!(field.name.end < field.value.start && field.value.start <= field.value.end);
                prop_assert!(field.value.end <= field.span.end);
                at = field.span.end;
            }
            prop_assert!(at <= body && body <= raw.len() && body - at <= 2);
        }
    }
}
