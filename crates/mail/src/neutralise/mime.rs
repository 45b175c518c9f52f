//! The structure of a message as its bytes have it: headers, parts, and what of them is written anew.
//!
//! Nothing is parsed into a tree and printed again: a part is a range of bytes, and what is not changed is
//! copied.

use std::borrow::Cow;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, general_purpose};

/// Header fields of one part that are told apart; beyond that only those that say what the part is.
const FIELDS: usize = 2000;
/// What the names of those begin with.
const TELLING: [&str; 3] = ["content-", "mime-version", "x-portcullis-"];
/// Parts of one multipart; what comes after is part of the last.
const PARTS: usize = 20_000;

/// A field of a header.
pub(super) struct Field {
    /// Its name in lower case.
    pub(super) name: String,
    /// Its bytes, line break included.
    pub(super) range: Range<usize>,
}

/// A header and the body below it.
pub(super) struct Entity<'r> {
    pub(super) raw: &'r [u8],
    pub(super) fields: Vec<Field>,
    /// Where the body begins.
    pub(super) body: usize,
}

impl<'r> Entity<'r> {
    pub(super) fn read(raw: &'r [u8]) -> Self {
        let mut fields: Vec<Field> = Vec::new();
        let mut at = 0;
        while at < raw.len() {
            let end = memchr::memchr(b'\n', &raw[at..]).map_or(raw.len(), |found| at + found + 1);
            let line = &raw[at..end];
            if matches!(line, b"\n" | b"\r\n") {
                at = end;
                break;
            }
            // A line without a colon belongs to the field before it: no reader begins a body with it.
            let colon = memchr::memchr(b':', line);
            let folded = matches!(line[0], b' ' | b'\t') || colon.is_none();
            let known = |name: &str| TELLING.iter().any(|start| name.starts_with(start));
            // Another reader has no such bound: a type that stands behind it counts there.
            let past = fields.len() >= FIELDS
                && !fields.last().is_some_and(|last| known(&last.name))
                && !known(&name_of(line, colon));
            if (folded || past)
                && let Some(last) = fields.last_mut()
            {
                last.range.end = end;
            } else {
                fields.push(Field { name: name_of(line, colon), range: at..end });
            }
            at = end;
        }
        Self { raw, fields, body: at }
    }

    /// The value of the first field with this name, unfolded.
    pub(super) fn value(&self, name: &str) -> Option<String> {
        let field = self.fields.iter().find(|field| field.name == name)?;
        let text = &self.raw[field.range.clone()];
        let colon = memchr::memchr(b':', text)?;
        let text = String::from_utf8_lossy(&text[colon + 1..]);
        Some(text.replace(['\r', '\n', '\0'], " ").trim().to_owned())
    }

    /// The header without the fields named, then `more`, each a whole line, in place of the first of them.
    pub(super) fn header_with(&self, without: &[&str], more: &str) -> Vec<u8> {
        let mut out = Vec::new();
        let mut said = false;
        let mut at = 0;
        for field in &self.fields {
            out.extend_from_slice(&self.raw[at..field.range.start]);
            at = field.range.end;
            if !without.contains(&&*field.name) {
                out.extend_from_slice(&self.raw[field.range.clone()]);
            } else if !said {
                said = true;
                out.extend_from_slice(more.as_bytes());
            }
        }
        if !said {
            if out.last().is_some_and(|last| *last != b'\n') {
                out.extend_from_slice(b"\r\n");
            }
            out.extend_from_slice(more.as_bytes());
        }
        let rest = &self.raw[at..self.body];
        out.extend_from_slice(if rest.is_empty() { b"\r\n" } else { rest });
        out
    }

    pub(super) fn content(&self) -> &'r [u8] {
        &self.raw[self.body..]
    }
}

/// The name of the field that begins with `line`, in lower case.
fn name_of(line: &[u8], colon: Option<usize>) -> String {
    String::from_utf8_lossy(&line[..colon.unwrap_or(0)]).trim().to_ascii_lowercase()
}

/// A value with parameters, such as that of `Content-Type`.
#[derive(Clone, Debug, Default)]
pub(super) struct Value {
    /// What stands before the first `;`, in lower case.
    pub(super) main: String,
    /// Names in lower case, in order.
    pub(super) parameters: Vec<(String, String)>,
    /// Whether readers differ on what it says.
    pub(super) odd: bool,
}

impl Value {
    pub(super) fn read(text: &str) -> Self {
        let mut value = Self::default();
        let text = without_comments(text, &mut value.odd);
        let mut pieces = split(&text);
        value.main = pieces.next().unwrap_or_default().trim().to_ascii_lowercase();
        value.odd |= value.main.contains(|c: char| c.is_whitespace() || !c.is_ascii());
        let mut joined: Vec<(String, String)> = Vec::new();
        for piece in pieces.take(64) {
            let Some((name, said)) = piece.split_once('=') else {
                value.odd |= !piece.trim().is_empty();
                continue;
            };
            let name = name.trim().to_ascii_lowercase();
            let said = unquote(said.trim());
            // RFC 2231: `name*0*=` and the like.
            let (base, extended) = name.split_once('*').map_or((&*name, false), |(base, _)| (base, true));
            let said = if name.ends_with('*') { percent(&said) } else { said };
            match joined.iter_mut().find(|(known, _)| known == base) {
                Some((_, all)) if extended => all.push_str(&said),
                Some(_) => value.odd = true,
                None => joined.push((base.to_owned(), said)),
            }
            value.odd |= extended && base == "boundary";
        }
        value.parameters = joined;
        value
    }

    pub(super) fn of(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

fn without_comments<'t>(text: &'t str, odd: &mut bool) -> Cow<'t, str> {
    if !text.contains('(') {
        return Cow::Borrowed(text);
    }
    let mut out = String::new();
    let (mut depth, mut quoted, mut escaped) = (0_u32, false, false);
    for c in text.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' if depth == 0 => quoted = !quoted,
            '(' if !quoted => {
                depth += 1;
                *odd = true;
            }
            ')' if !quoted && depth > 0 => {
                depth -= 1;
                continue;
            }
            _ => {}
        }
        if depth == 0 {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// The pieces between semicolons that are not quoted.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |c| {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ';' if !quoted => return true,
            _ => {}
        }
        false
    })
}

fn unquote(text: &str) -> String {
    let Some(inner) = text.strip_prefix('"') else { return text.to_owned() };
    let mut out = String::new();
    let mut escaped = false;
    for c in inner.chars() {
        match c {
            _ if escaped => {
                out.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => break,
            _ => out.push(c),
        }
    }
    out
}

fn percent(text: &str) -> String {
    let text = text.splitn(3, '\'').last().unwrap_or(text);
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// The ranges of the parts of a multipart body.
pub(super) fn parts(body: &[u8], boundary: &str) -> Vec<Range<usize>> {
    let delimiter = format!("--{boundary}");
    let mut parts: Vec<Range<usize>> = Vec::new();
    let mut open: Option<usize> = None;
    for at in memchr::memmem::find_iter(body, delimiter.as_bytes()) {
        if at > 0 && body[at - 1] != b'\n' {
            continue;
        }
        let rest = &body[at + delimiter.len()..];
        let line = &rest[..memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1)];
        let last = line.starts_with(b"--");
        if !line[if last { 2 } else { 0 }..].iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')) {
            continue;
        }
        if let Some(start) = open.take() {
            let mut end = at.saturating_sub(1);
            if end > start && body[end - 1] == b'\r' {
                end -= 1;
            }
            parts.push(start..end.max(start));
        }
        if last {
            return parts;
        }
        if parts.len() >= PARTS {
            return parts;
        }
        open = Some(at + delimiter.len() + line.len());
    }
    if let Some(start) = open {
        parts.push(start..body.len());
    }
    parts
}

/// Bytes with the transfer encoding taken off, and whether all readers take it off the same way.
pub(super) fn decode<'b>(body: &'b [u8], encoding: &str) -> (Cow<'b, [u8]>, bool) {
    match encoding {
        "" | "7bit" | "8bit" | "binary" => (Cow::Borrowed(body), true),
        "base64" => base64_lax(body),
        "quoted-printable" => quoted(body),
        _ => (Cow::Borrowed(body), false),
    }
}

const LAX: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

fn base64_lax(body: &[u8]) -> (Cow<'_, [u8]>, bool) {
    let mut out = Vec::with_capacity(body.len() / 4 * 3);
    let mut sure = true;
    let mut padded = false;
    let mut run = Vec::with_capacity(body.len());
    let mut flush = |run: &mut Vec<u8>, sure: &mut bool| {
        // A single letter at the end says nothing.
        if run.len() % 4 == 1 {
            run.pop();
            *sure = false;
        }
        match LAX.decode(&*run) {
            Ok(bytes) => out.extend_from_slice(&bytes),
            Err(_) => *sure = false,
        }
        run.clear();
    };
    for &byte in body {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' => {
                sure &= !padded;
                padded = false;
                run.push(byte);
            }
            b'=' => {
                flush(&mut run, &mut sure);
                padded = true;
            }
            b'\r' | b'\n' | b' ' | b'\t' => {}
            _ => sure = false,
        }
    }
    flush(&mut run, &mut sure);
    (Cow::Owned(out), sure)
}

fn quoted(body: &[u8]) -> (Cow<'_, [u8]>, bool) {
    let mut out = Vec::with_capacity(body.len());
    let mut sure = true;
    let mut rest = body;
    while let Some(at) = memchr::memchr(b'=', rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        let hex = |place: usize| rest.get(place).and_then(|byte| char::from(*byte).to_digit(16));
        if let (Some(high), Some(low)) = (hex(0), hex(1)) {
            out.push((high * 16 + low) as u8);
            rest = &rest[2..];
            continue;
        }
        let blank = rest.iter().take(80).take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r')).count();
        if rest.get(blank) == Some(&b'\n') {
            rest = &rest[blank + 1..];
        } else if rest.len() > blank {
            sure = false;
            out.push(b'=');
        } else {
            rest = &[];
        }
    }
    out.extend_from_slice(rest);
    (Cow::Owned(out), sure)
}

/// Text as a body in quoted-printable or base64, whichever is shorter; the name of the encoding first.
pub(super) fn encode(text: &str, eol: &str) -> (&'static str, String) {
    let other = text.bytes().filter(|byte| *byte >= 0x80).count();
    if other * 3 > text.len() {
        let unix = text.replace("\r\n", "\n").replace('\n', "\r\n");
        return ("base64", base64_lines(unix.as_bytes(), eol));
    }
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            out.push_str(eol);
        }
        let line = line.strip_suffix('\r').unwrap_or(line);
        let mut width = 0;
        for (at, byte) in line.bytes().enumerate() {
            let last = at + 1 == line.len();
            let plain = matches!(byte, b'!'..=b'<' | b'>'..=b'~') || matches!(byte, b' ' | b'\t') && !last;
            // A dot or a “From ” at the start of a line is changed by some that hand it on.
            let plain = plain && !(width == 0 && (byte == b'.' || line[at..].starts_with("From ")));
            let needs = if plain { 1 } else { 3 };
            if width + needs > 75 {
                out.push('=');
                out.push_str(eol);
                width = 0;
            }
            if plain {
                out.push(char::from(byte));
            } else {
                out.push_str(&format!("={byte:02X}"));
            }
            width += needs;
        }
    }
    ("quoted-printable", out)
}

/// Bytes as base64 in lines.
pub(super) fn base64_lines(bytes: &[u8], eol: &str) -> String {
    let all = general_purpose::STANDARD.encode(bytes);
    let mut out = String::with_capacity(all.len() + all.len() / 38);
    let mut rest = &*all;
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(76));
        out.push_str(line);
        rest = more;
        if !rest.is_empty() {
            out.push_str(eol);
        }
    }
    out
}
