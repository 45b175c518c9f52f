//! S/MIME and PGP, as far as they can be seen without a key.

use mail_parser::MessageParser;

use super::{Shelf, page};
use crate::content::{self, Kind};
use crate::links;

/// 1.2.840.113549.1.7.1 to 3: data, signed data, enveloped data.
const DATA: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
const SIGNED: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
const ENVELOPED: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x03];
/// Pieces of one text.
const PIECES: usize = 100_000;

pub(super) fn read(bytes: &[u8], declared: &str, shelf: &mut Shelf) {
    shelf.tell("sealed");
    if declared.ends_with("-signature") {
        return;
    }
    let head = &bytes[..bytes.len().min(64)];
    let has = |mark: &[u8]| memchr::memmem::find(head, mark).is_some();
    if has(ENVELOPED) {
        shelf.encrypted = true;
    } else if has(SIGNED) {
        if let Some(inner) = signed(bytes) {
            shelf.tell("signed");
            parts(&inner, shelf);
        }
    } else if memchr::memmem::find(bytes, b"-----BEGIN PGP MESSAGE").is_some() || declared.contains("pgp") {
        shelf.encrypted = true;
    } else if memchr::memmem::find(bytes, b"-----BEGIN PGP SIGNED").is_some() {
        shelf.tell("signed");
        let text = String::from_utf8_lossy(bytes);
        shelf.document.anchors.extend(links::bare(&text, shelf.part).into_iter().take(super::KEPT));
    }
}

/// What was signed: the octets behind the type of data, in one piece or in several (BER).
fn signed(bytes: &[u8]) -> Option<Vec<u8>> {
    let at = memchr::memmem::find(bytes, DATA)? + DATA.len();
    let (tag, _, rest) = element(bytes.get(at..)?)?;
    if tag != 0xa0 {
        return None;
    }
    let (tag, length, mut rest) = element(rest)?;
    match tag {
        0x04 => Some(rest[..length?.min(rest.len())].to_vec()),
        0x24 => {
            let mut whole = Vec::new();
            for _ in 0..PIECES {
                let Some((0x04, Some(length), after)) = element(rest) else { break };
                let (piece, next) = after.split_at(length.min(after.len()));
                whole.extend_from_slice(piece);
                rest = next;
            }
            Some(whole)
        }
        _ => None,
    }
}

/// Tag, length (none where the end is marked), and what follows.
fn element(bytes: &[u8]) -> Option<(u8, Option<usize>, &[u8])> {
    let [tag, first, rest @ ..] = bytes else { return None };
    match *first {
        0x80 => Some((*tag, None, rest)),
        short if short < 0x80 => Some((*tag, Some(short.into()), rest)),
        long => {
            let count = usize::from(long & 0x7f);
            let digits = rest.get(..count).filter(|_| count <= 4)?;
            let length = digits.iter().fold(0usize, |all, digit| all << 8 | usize::from(*digit));
            Some((*tag, Some(length), &rest[count..]))
        }
    }
}

/// The parts of what was signed, which a mail program shows like those of any message.
fn parts(inner: &[u8], shelf: &mut Shelf) {
    if !content::may_be_parsed(inner) {
        return shelf.tell("bounded");
    }
    let Some(message) = MessageParser::default().parse(inner) else { return };
    for part in &content::read(&message, inner).parts {
        let text = part.text.as_deref().unwrap_or_default();
        match part.kind {
            Kind::Html | Kind::Amp => page::read(text, part.location.as_deref(), shelf),
            Kind::Text => {
                shelf.document.anchors.extend(links::bare(text, shelf.part).into_iter().take(super::KEPT))
            }
            Kind::Document | Kind::Calendar => {
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
