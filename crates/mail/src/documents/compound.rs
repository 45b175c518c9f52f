//! Office files of 1997 to 2003, and what newer programs put into the same container (MS-CFB).

use std::io::{Cursor, Read};

use cfb::CompoundFile;

use super::fields::{self, Names};
use super::{Shelf, address};

pub(super) const MAGIC: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// Entries that are looked at.
const ENTRIES: usize = 10_000;
/// Bytes of one stream.
const STREAM: u64 = 16 << 20;
/// Addresses that are taken from one stream.
const ADDRESSES: usize = 200;

const NAMES: Names = Names { picture: "doc-field-picture", text: "doc-field-text", link: "doc-field-link" };

pub(super) fn read(bytes: &[u8], shelf: &mut Shelf) {
    let Ok(mut file) = CompoundFile::open(Cursor::new(bytes)) else { return shelf.tell("torn") };
    let mut streams = Vec::new();
    for entry in file.walk().take(ENTRIES) {
        let name = entry.name().to_ascii_lowercase();
        match name.as_str() {
            "vba" | "_vba_project" | "_vba_project_cur" | "macros" => shelf.macros(),
            "encryptedpackage" | "encryptioninfo" | "encryptedsummary" => shelf.encrypted = true,
            "\u{1}ole10native" | "objectpool" => shelf.tell("embedded-object"),
            "worddocument"
            | "0table"
            | "1table"
            | "workbook"
            | "book"
            | "powerpoint document"
            | "\u{1}ole"
                if entry.is_stream() =>
            {
                streams.push((name, entry.path().to_owned()));
            }
            _ => {}
        }
    }
    for (name, path) in streams.into_iter().take(64) {
        let Ok(stream) = file.open_stream(&path) else { continue };
        let mut content = Vec::new();
        // A torn stream is read as far as it goes.
        let _ = stream.take(STREAM).read_to_end(&mut content);
        match name.as_str() {
            "worddocument" => word(&content, shelf),
            "workbook" | "book" => sheet(&content, shelf),
            "powerpoint document" => {
                for found in address::strings(&content, ADDRESSES) {
                    shelf.anchor(&found, "");
                }
            }
            "\u{1}ole" => linked(&content, "doc-object", shelf),
            // The table stream names the template and linked files; links of the text stand in fields.
            _ => linked(&content, "doc-linked", shelf),
        }
    }
}

fn linked(content: &[u8], kind: &'static str, shelf: &mut Shelf) {
    for found in address::strings(content, ADDRESSES) {
        shelf.load(&found, kind);
    }
}

/// A text: whether it is encrypted, and its fields, which stand between marks in letters of one or two
/// bytes.
fn word(content: &[u8], shelf: &mut Shelf) {
    if content.get(11).is_some_and(|flags| flags & 1 != 0) {
        shelf.encrypted = true;
        return;
    }
    let mut taken = 0;
    for at in memchr::memchr_iter(0x13, content) {
        // Fields in one another look at the same bytes again, at most this often.
        taken += 1;
        if taken > 2000 {
            return shelf.tell("bounded");
        }
        let wide = content.get(at + 1) == Some(&0);
        let step = if wide { 2 } else { 1 };
        let letters = content[at + step..].iter().step_by(step).take(2048);
        let text: String =
            letters.take_while(|byte| !matches!(**byte, 0x14 | 0x15)).map(|byte| char::from(*byte)).collect();
        fields::instruction(&text, "", NAMES, shelf);
    }
}

/// A book is a row of records: type, length, bytes.
fn sheet(content: &[u8], shelf: &mut Shelf) {
    let mut rest = content;
    while let [low, high, short, long, after @ ..] = rest {
        let kind = u16::from_le_bytes([*low, *high]);
        let length = usize::from(u16::from_le_bytes([*short, *long])).min(after.len());
        let (record, next) = after.split_at(length);
        match kind {
            // FilePass
            0x2f => {
                shelf.encrypted = true;
                return;
            }
            // BoundSheet8 of a sheet of macros
            0x85 if record.get(5) == Some(&1) => {
                shelf.macros();
                shelf.tell("macro-sheet");
            }
            // HLink
            0x1b8 => {
                for found in address::strings(record, 8) {
                    shelf.anchor(&found, "");
                }
            }
            // SupBook, DConRef, Web query
            0x1ae | 0x51 | 0x804 | 0xdc => linked(record, "xls-external", shelf),
            _ => {}
        }
        rest = next;
    }
}
