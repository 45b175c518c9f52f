//! A message as signatures see it: header fields, body, and both in canonical form (RFC 6376, 3.4).

use memchr::{memchr, memchr_iter};

/// One header field as it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field<'a> {
    /// The name as it is written.
    pub(crate) name: &'a [u8],
    /// Everything behind the colon, folds and all, without the end of its last line.
    pub(crate) value: &'a [u8],
}

impl Field<'_> {
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

/// The fields of a message, and its body. Lines may end in LF alone, as in files.
pub(crate) fn split(raw: &[u8]) -> (Vec<Field<'_>>, &[u8]) {
    let mut fields: Vec<Field<'_>> = Vec::new();
    // Where the value of the last field begins; its end moves with each line that continues it.
    let mut value = 0;
    let mut start = 0;
    while start < raw.len() {
        let end = memchr(b'\n', &raw[start..]).map_or(raw.len(), |at| start + at);
        let next = (end + 1).min(raw.len());
        let line = &raw[start..end];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            return (fields, &raw[next..]);
        }
        if line[0] == b' ' || line[0] == b'\t' {
            if let Some(last) = fields.last_mut() {
                last.value = &raw[value..start + line.len()];
            }
        } else if let Some(colon) = memchr(b':', line) {
            value = start + colon + 1;
            fields.push(Field { name: line[..colon].trim_ascii_end(), value: &line[colon + 1..] });
        } else {
            // No field and no blank line: what signed this message took it for the body.
            return (fields, &raw[start..]);
        }
        start = next;
    }
    (fields, &[])
}

/// How a header or a body is made comparable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Simple,
    Relaxed,
}

/// Appends a field without the end of its line.
pub(super) fn field(field: &Field<'_>, form: Form, out: &mut Vec<u8>) {
    match form {
        Form::Simple => {
            out.extend_from_slice(field.name);
            out.push(b':');
            lines(field.value, |line, last| {
                out.extend_from_slice(line);
                if !last {
                    out.extend_from_slice(b"\r\n");
                }
            });
        }
        Form::Relaxed => {
            out.extend(field.name.iter().map(u8::to_ascii_lowercase));
            out.push(b':');
            let mut space = false;
            let mut empty = true;
            for &byte in field.value {
                if matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                    space = true;
                    continue;
                }
                if space && !empty {
                    out.push(b' ');
                }
                (space, empty) = (false, false);
                out.push(byte);
            }
        }
    }
}

/// The body in canonical form.
pub(crate) fn body(body: &[u8], form: Form) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + 2);
    let mut kept = 0;
    lines(body, |line, last| {
        if last && line.is_empty() {
            return;
        }
        let from = out.len();
        match form {
            Form::Simple => out.extend_from_slice(line),
            Form::Relaxed => {
                let mut space = false;
                for &byte in line {
                    if byte == b' ' || byte == b'\t' {
                        space = true;
                        continue;
                    }
                    if space {
                        out.push(b' ');
                    }
                    space = false;
                    out.push(byte);
                }
            }
        }
        let empty = out.len() == from;
        out.extend_from_slice(b"\r\n");
        if !empty {
            kept = out.len();
        }
    });
    out.truncate(kept);
    if out.is_empty() && form == Form::Simple {
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// Each line without its end, and whether it is what stands behind the last end.
fn lines(text: &[u8], mut each: impl FnMut(&[u8], bool)) {
    let mut start = 0;
    for end in memchr_iter(b'\n', text) {
        let line = &text[start..end];
        each(line.strip_suffix(b"\r").unwrap_or(line), false);
        start = end + 1;
    }
    each(&text[start..], true);
}
