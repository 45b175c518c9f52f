//! Appointments (RFC 5545): addresses in them lead through the notice page, and nothing is attached from
//! elsewhere.

use super::harmless::Counts;
use super::links::Wrapper;
use super::plain;

/// Properties whose value is a text for a reader.
const TEXTS: &[&str] = &["DESCRIPTION", "SUMMARY", "LOCATION", "COMMENT", "CONTACT"];
/// Properties that are loaded, or shown as a page.
const LOADED: &[&str] = &["ATTACH", "IMAGE", "SOURCE", "X-ALT-DESC", "STYLED-DESCRIPTION", "STRUCTURED-DATA"];

/// The appointment, made harmless; `None` where it was.
pub(super) fn neutralise(text: &str, links: &Wrapper<'_>) -> Option<(String, Counts)> {
    let mut counts = Counts::default();
    let unfolded = text.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "");
    let mut out = String::with_capacity(text.len());
    for line in unfolded.lines() {
        let name = line.split([';', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let inner =
            line.to_ascii_uppercase().contains("VALUE=BINARY") || line.to_ascii_lowercase().contains(":cid:");
        if LOADED.contains(&&*name) && !inner {
            counts.loads += 1;
            continue;
        }
        match plain::neutralise(line, links) {
            None => fold(line, &mut out),
            Some((said, count)) => {
                counts.links += count;
                if TEXTS.contains(&&*name) {
                    fold(&said, &mut out);
                } else if let Some(said) = plain::address_only(line, links) {
                    fold(&said, &mut out);
                }
            }
        }
    }
    (counts.loads + counts.links > 0).then_some((out, counts))
}

/// Writes a line in pieces of at most 75 bytes.
fn fold(line: &str, out: &mut String) {
    let mut rest = line;
    let mut room = 75;
    while rest.len() > room {
        let (piece, more) = rest.split_at(rest.floor_char_boundary(room));
        out.push_str(piece);
        out.push_str("\r\n ");
        rest = more;
        room = 74;
    }
    out.push_str(rest);
    out.push_str("\r\n");
}
