/// Finds where the object at the beginning of `bytes` ends, by its braces alone. `None` where it
/// does not end within `bytes`, or where a line ends inside a text: such a record is torn.
pub(super) fn extent(bytes: &[u8]) -> Option<usize> {
    let (mut depth, mut in_text, mut escaped) = (0_u32, false, false);
    for (at, &byte) in bytes.iter().enumerate() {
        match byte {
            b'\n' if in_text => return None,
            _ if escaped => escaped = false,
            b'\\' => escaped = in_text,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => depth += 1,
            b'}' | b']' if !in_text => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// Makes JSON of what writers of logs get wrong: bytes that are no UTF-8 and halves of surrogate
/// pairs become U+FFFD, control characters become blanks, and a backslash that begins no escape
/// stands for itself.
pub(super) fn mend(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = &*text;
    while let Some(at) = rest.find(|c: char| c == '\\' || c.is_ascii_control()) {
        out.push_str(&rest[..at]);
        let tail = &rest[at..];
        let taken = if tail.starts_with('\\') { escape(tail, &mut out) } else { blank(&mut out) };
        rest = &tail[taken..];
    }
    out.push_str(rest);
    out
}

fn blank(out: &mut String) -> usize {
    out.push(' ');
    1
}

/// Writes the escape at the beginning of `tail` as it ought to be and returns its length.
fn escape(tail: &str, out: &mut String) -> usize {
    match tail.as_bytes().get(1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
            out.push_str(&tail[..2]);
            2
        }
        Some(b'u') => match unit(tail) {
            Some(0xD800..=0xDBFF) if matches!(tail.get(6..).and_then(unit), Some(0xDC00..=0xDFFF)) => {
                out.push_str(&tail[..12]);
                12
            }
            Some(0xD800..=0xDFFF) => {
                out.push('\u{FFFD}');
                6
            }
            Some(_) => {
                out.push_str(&tail[..6]);
                6
            }
            None => literal(out),
        },
        _ => literal(out),
    }
}

fn literal(out: &mut String) -> usize {
    out.push_str("\\\\");
    1
}

/// The UTF-16 unit of the escape `\uXXXX` at the beginning of `text`.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_becomes_readable() {
        for (broken, mended) in [
            (&br#"{"a":"C:\Windows\temp"}"#[..], r#"{"a":"C:\\Windows\temp"}"#),
            (br#"{"a":"\ud83d\ude00 \ud83d \udc00"}"#, "{\"a\":\"\\ud83d\\ude00 \u{FFFD} \u{FFFD}\"}"),
            (b"{\"a\":\"x\ty\x01\"}", r#"{"a":"x y "}"#),
            (b"{\"a\":\"\xff\"}", "{\"a\":\"\u{FFFD}\"}"),
            (br#"{"a":"\u12"}"#, r#"{"a":"\\u12"}"#),
            (br#"{"a":"\"#, r#"{"a":"\\"#),
        ] {
            assert_eq!(mend(broken), mended);
        }
    }

    #[test]
    fn an_object_ends_with_its_brace() {
        assert_eq!(extent(br#"{"a":"}","b":[{}]} x"#), Some(18));
        assert_eq!(extent(br#"{"a":"\"}"} "#), Some(11));
        assert_eq!(extent(br#"{"a":1"#), None);
        assert_eq!(extent(b"{\"a\":\"x\n\"}"), None);
    }
}
