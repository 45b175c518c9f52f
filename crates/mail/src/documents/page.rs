//! Pages that are attached: HTML, SVG, and web archives (MHT).

use mail_parser::MessageParser;

use super::{Shelf, xml};
use crate::content::{self, Kind};
use crate::html::{self, Place};

/// Letters without a break that carry a file rather than a picture of a page.
const CARGO: usize = 4096;
/// Bytes that a packed drawing unpacks to.
const UNPACKED: u64 = 8 << 20;

pub(super) fn read(text: &str, location: Option<&str>, shelf: &mut Shelf) {
    let place = Place { part: shelf.part, fires: shelf.fires, location };
    let page = html::read(text, &place);
    for load in page.loads {
        if shelf.document.loads.len() >= super::KEPT {
            shelf.tell("bounded");
            break;
        }
        shelf.document.loads.push(load);
    }
    for anchor in page.anchors {
        if shelf.document.anchors.len() >= super::KEPT {
            shelf.tell("bounded");
            break;
        }
        shelf.document.anchors.push(anchor);
    }
    if page.forms > 0 {
        shelf.tell("form");
    }
    if page.scripts > 0 || holds(text, b"<script") {
        shelf.scripts();
    }
    if smuggles(text) {
        shelf.tell("smuggling");
    }
}

/// SVG, which may be packed; it is read as a page, which a browser shows it as.
pub(super) fn drawing(bytes: &[u8], text: &str, shelf: &mut Shelf) {
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let unpacked = super::package::whole(&mut flate2::read::GzDecoder::new(bytes), UNPACKED);
        return read(&xml::text(&unpacked), None, shelf);
    }
    read(text, None, shelf);
}

/// A web archive: a message whose parts are a page and what it shows.
pub(super) fn archive(bytes: &[u8], shelf: &mut Shelf) {
    if !content::may_be_parsed(bytes) {
        return shelf.tell("bounded");
    }
    let Some(message) = MessageParser::default().parse(bytes) else { return };
    let found = content::read(&message, bytes);
    for part in &found.parts {
        match part.kind {
            Kind::Html | Kind::Amp => {
                let text = part.text.as_deref().unwrap_or_default();
                read(text, part.location.as_deref(), shelf);
            }
            Kind::Document | Kind::Archive | Kind::Calendar => {
                let says = [
                    part.detected,
                    part.name.as_deref().and_then(content::declared_as),
                    Some(part.declared.as_str()),
                ];
                super::open(&part.bytes, part.text.as_deref(), says, part.location.as_deref(), shelf);
            }
            _ => {}
        }
    }
}

fn holds(text: &str, mark: &[u8]) -> bool {
    let (first, upper) = (mark[0], mark[0].to_ascii_uppercase());
    let bytes = text.as_bytes();
    memchr::memchr2_iter(first, upper, bytes)
        .any(|at| bytes.get(at..at + mark.len()).is_some_and(|found| found.eq_ignore_ascii_case(mark)))
}

/// Whether a page builds a file out of itself: it carries a long run of encoded letters or numbers, and
/// turns something into a file for its reader to save or run.
fn smuggles(text: &str) -> bool {
    let saves = ["createobjecturl", "mssaveoropenblob", "mssaveblob", "new blob", "new file("];
    let builds = saves.iter().any(|word| holds(text, word.as_bytes()));
    let decodes = ["atob(", "fromcharcode", "uint8array", "charcodeat"];
    let decodes = decodes.iter().any(|word| holds(text, word.as_bytes()));
    let data = holds(text, b"download") && (holds(text, b"data:application") || holds(text, b"blob:"));
    let (mut run, mut carries) = (0usize, false);
    for byte in text.bytes() {
        let encoded =
            byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b',' | b'%' | b'\\');
        run = if encoded { run + 1 } else { 0 };
        carries |= run >= CARGO;
    }
    // A packer hides the first two; a cargo that is decoded and written is the rest of the trick.
    (builds && (decodes || carries || data)) || (data && carries) || (decodes && carries)
}
