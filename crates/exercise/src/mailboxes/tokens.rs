//! Puts tokens into the addresses of a body, in whatever coding its parts have.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::message::{Parts, line, name, split, value};

/// How deep parts may lie within parts.
const DEPTH: usize = 8;

/// What is added to addresses, for one recipient.
pub(super) struct Marks<'a> {
    /// Name of the parameter, such as `rid`.
    pub parameter: &'a str,
    /// Token of link `n`.
    pub token: &'a dyn Fn(usize) -> String,
    /// Address of a picture that is put at the end of pages; nothing where there is none.
    pub pixel: Option<String>,
}

/// The body of a message with tokens in its addresses. What cannot be understood stays as it is.
pub(super) fn body(parts: &Parts<'_>, marks: &Marks<'_>, out: &mut Vec<u8>) {
    part(parts, marks, out, DEPTH);
}

fn part(parts: &Parts<'_>, marks: &Marks<'_>, out: &mut Vec<u8>, depth: usize) {
    let kind = String::from_utf8_lossy(parts.field("Content-Type").unwrap_or(b"text/plain")).into_owned();
    let small = kind.to_ascii_lowercase();
    if small.starts_with("multipart/") && depth > 0 {
        match boundary(&kind) {
            Some(boundary) => return many(parts.body, boundary.as_bytes(), marks, out, depth),
            None => return out.extend_from_slice(parts.body),
        }
    }
    let page = small.starts_with("text/html");
    if !page && !small.starts_with("text/plain") {
        return out.extend_from_slice(parts.body);
    }
    let coding = parts.field("Content-Transfer-Encoding").unwrap_or_default().to_ascii_lowercase();
    match coding.as_slice() {
        b"base64" => {
            let packed: Vec<u8> =
                parts.body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
            match STANDARD.decode(&packed) {
                Ok(text) => {
                    let coded = STANDARD.encode(marked(&text, page, marks, false));
                    for row in coded.as_bytes().chunks(76) {
                        out.extend_from_slice(row);
                        out.push(b'\n');
                    }
                }
                Err(_) => out.extend_from_slice(parts.body),
            }
        }
        b"quoted-printable" => out.extend_from_slice(&marked(&joined(parts.body), page, marks, true)),
        _ => out.extend_from_slice(&marked(parts.body, page, marks, false)),
    }
}

/// The parts between `boundary` lines, each by itself.
fn many(body: &[u8], boundary: &[u8], marks: &Marks<'_>, out: &mut Vec<u8>, depth: usize) {
    let is_boundary = |line: &[u8]| line.strip_prefix(b"--").is_some_and(|rest| rest.starts_with(boundary));
    let (mut rest, mut inside, mut begun) = (body, Vec::new(), false);
    while !rest.is_empty() {
        let length = line(rest);
        let (one, after) = rest.split_at(length);
        rest = after;
        if !is_boundary(one) {
            inside.extend_from_slice(one);
            continue;
        }
        flush(&inside, begun, marks, out, depth);
        inside.clear();
        out.extend_from_slice(one);
        begun = true;
    }
    flush(&inside, begun, marks, out, depth);
}

fn flush(inside: &[u8], is_part: bool, marks: &Marks<'_>, out: &mut Vec<u8>, depth: usize) {
    let Some(parts) = split(inside).filter(|_| is_part) else { return out.extend_from_slice(inside) };
    let header: usize = parts.fields.iter().map(|field| field.len()).sum();
    let gap = inside.len() - parts.body.len();
    out.extend_from_slice(&inside[..gap.max(header)]);
    let start = out.len();
    part(&parts, marks, out, depth - 1);
    if out.len() > start && out.last() != Some(&b'\n') {
        out.push(b'\n');
    }
}

/// The boundary that a type names.
fn boundary(kind: &str) -> Option<String> {
    let at = kind.to_ascii_lowercase().find("boundary")?;
    let rest = kind[at + 8..].trim_start().strip_prefix('=')?.trim_start();
    let boundary = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next()?,
        None => rest.split(|symbol: char| symbol == ';' || symbol.is_whitespace()).next()?,
    };
    (!boundary.is_empty()).then(|| boundary.to_owned())
}

/// Quoted-printable text without its soft line ends, so that an address is in one piece.
fn joined(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for row in text.split_inclusive(|byte| *byte == b'\n') {
        let bare = row.trim_ascii_end();
        match bare.strip_suffix(b"=") {
            Some(soft) if row.ends_with(b"\n") => out.extend_from_slice(soft),
            _ => out.extend_from_slice(row),
        }
    }
    out
}

/// `text` with a token in every address; coded as quoted-printable where `quoted`.
fn marked(text: &[u8], page: bool, marks: &Marks<'_>, quoted: bool) -> Vec<u8> {
    let equals = if quoted { "=3D" } else { "=" };
    let mut out = Vec::with_capacity(text.len() + 256);
    let (mut at, mut number) = (0, 0);
    while at < text.len() {
        let here = &text[at..];
        let starts =
            |scheme: &[u8]| here.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
        if !starts(b"http://") && !starts(b"https://") {
            out.push(text[at]);
            at += 1;
            continue;
        }
        let length = here
            .iter()
            .position(|byte| {
                byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'<' | b'>' | b')' | b'\\')
            })
            .unwrap_or(here.len());
        let address = &here[..length];
        let end = address.iter().position(|byte| *byte == b'#').unwrap_or(length);
        let (address, fragment) = address.split_at(end);
        // A full stop behind an address belongs to the sentence.
        let bare = address.len()
            - address.iter().rev().take_while(|byte| matches!(byte, b'.' | b',' | b';')).count();
        let (address, stop) = address.split_at(bare);
        out.extend_from_slice(address);
        // Declarations of document types and name spaces lead nowhere.
        let names = address.windows(6).any(|part| part == b"w3.org")
            || address.windows(7).any(|part| part == b"schemas");
        if address.len() > 10 && !names {
            let sign = if address.contains(&b'?') { "&" } else { "?" };
            let slash = if address[8..].contains(&b'/') || address.contains(&b'?') { "" } else { "/" };
            out.extend_from_slice(
                format!("{slash}{sign}{}{equals}{}", marks.parameter, (marks.token)(number)).as_bytes(),
            );
            number += 1;
        }
        out.extend_from_slice(stop);
        out.extend_from_slice(fragment);
        at += length;
    }
    if page && let Some(pixel) = &marks.pixel {
        let pixel = if quoted { pixel.replace('=', "=3D") } else { pixel.clone() };
        let image =
            format!("<img src{equals}\"{pixel}\" width{equals}\"1\" height{equals}\"1\" alt{equals}\"\">\n");
        let end =
            out.windows(7).rposition(|window| window.eq_ignore_ascii_case(b"</body>")).unwrap_or(out.len());
        out.splice(end..end, image.into_bytes());
    }
    if quoted { folded(&out) } else { out }
}

/// Quoted-printable text with rows of at most 76 bytes.
fn folded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + text.len() / 40);
    for row in text.split_inclusive(|byte| *byte == b'\n') {
        let end = row.len() - row.iter().rev().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let mut rest = &row[..end];
        while rest.len() > 76 {
            let mut cut = 72;
            // No triple is cut in two.
            if rest[cut - 1] == b'=' {
                cut -= 1;
            } else if rest[cut - 2] == b'=' {
                cut -= 2;
            }
            out.extend_from_slice(&rest[..cut]);
            out.extend_from_slice(b"=\n");
            rest = &rest[cut..];
        }
        out.extend_from_slice(rest);
        out.extend_from_slice(&row[end..]);
    }
    out
}

/// A field whose addresses get tokens, such as `List-Unsubscribe`.
pub(super) fn field(one: &[u8], marks: &Marks<'_>) -> Vec<u8> {
    let Some(name) = name(one) else { return one.to_vec() };
    let mut out = name.to_vec();
    out.extend_from_slice(b": ");
    out.extend_from_slice(&marked(value(one), false, marks, false));
    out.push(b'\n');
    out
}
