//! Telling what a piece of evidence is by its first bytes.

use std::borrow::Cow;

use memchr::memmem;

use crate::mail::outlook;
use crate::text::Encoding;
use crate::{Format, auditd, combined, csv, evtx, exchange, json, mail, syslog, w3c, zeek};

/// What a binary file begins with.
const MAGICS: [(&[u8], Format); 8] = [
    (outlook::tnef::MAGIC, Format::Tnef),
    (b"PK\x03\x04", Format::Zip),
    (b"PK\x05\x06", Format::Zip),
    (b"PK\x07\x08PK\x03\x04", Format::Zip),
    (b"\x1f\x8b\x08", Format::Gzip),
    (b"\x28\xb5\x2f\xfd", Format::Zstd),
    (b"\xfd7zXZ\0", Format::Xz),
    (b"7z\xbc\xaf\x27\x1c", Format::SevenZip),
];

/// What may hold evidence and is not read, with its name for a person.
const UNREAD: [(&[u8], &str); 26] = [
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"MSCF\0\0\0\0", "a Windows cabinet"),
    (b"\x04\x22\x4d\x18", "compressed by LZ4"),
    (b"LZIP", "compressed by lzip"),
    (b"\x1f\x9d", "compressed by compress"),
    (b"\x30\0\0\0LfLe", "a Windows event log of before Vista"),
    (b"!BDN", "an address book of Outlook, or a mailbox of a kind that is not known"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an OLE compound file"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"regf", "a Windows registry hive"),
    (b"LPKSHHRH", "a systemd journal"),
    (b"bplist00", "a binary property list"),
    (b"PAR1", "a Parquet table"),
    (b"FILE0\0", "a master file table of NTFS"),
    (b"MAM\x04", "compressed by Windows, such as a prefetch file"),
    (b"\x4c\0\0\0\x01\x14\x02\0", "a Windows shortcut"),
    (b"\xd4\xc3\xb2\xa1", "a packet capture"),
    (b"\xa1\xb2\xc3\xd4", "a packet capture"),
    (b"\x4d\x3c\xb2\xa1", "a packet capture"),
    (b"\x0a\x0d\x0d\x0a", "a packet capture"),
    (b"EVF\x09\x0d\x0a\xff\0", "a disk image of EnCase"),
    (b"vhdxfile", "a virtual disk"),
    (b"KDMV", "a virtual disk"),
    (b"QFI\xfb", "a virtual disk"),
    (b"PAGEDU64", "a memory dump of Windows"),
    (b"PAGEDUMP", "a memory dump of Windows"),
];

/// The magic of an ESE database, which stands behind its checksum.
const ESE: &[u8] = b"\xef\xcd\xab\x89";

/// The format of what begins with `head`.
pub(crate) fn recognise(head: &[u8]) -> Format {
    let magic = MAGICS.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, format)| *format);
    let unread = || unread(head).map(|_| Format::Unknown);
    magic.or_else(|| binary(head)).or_else(unread).unwrap_or_else(|| text(head))
}

/// What a file is, where it is known what it is but not how to read it.
pub(crate) fn unread(head: &[u8]) -> Option<&'static str> {
    if head.get(4..).is_some_and(|behind| behind.starts_with(ESE)) {
        return Some("an ESE database, such as an Exchange mailbox store");
    }
    let (magic, name) = UNREAD.iter().find(|(magic, _)| head.starts_with(magic))?;
    // A magic of letters may also begin a text; the headers that these magics begin hold NUL bytes.
    let letters = magic.iter().all(u8::is_ascii_graphic);
    let header = head.get(magic.len()..head.len().min(512)).unwrap_or_default();
    (!letters || header.contains(&0)).then_some(*name)
}

/// Formats that do not begin with their magic, or whose magic is short.
fn binary(head: &[u8]) -> Option<Format> {
    match head {
        [b'B', b'Z', b'h', b'1'..=b'9', rest @ ..]
            if rest.starts_with(b"1AY&SY") || rest.starts_with(b"\x17\x72\x45\x38\x50\x90") =>
        {
            return Some(Format::Bzip2);
        }
        // A skippable frame of Zstandard, which some writers put first.
        [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..] => return Some(Format::Zstd),
        _ => {}
    }
    if head.first_chunk().is_some_and(is_tar_header) {
        return Some(Format::Tar);
    }
    if outlook::pst::recognise(head) {
        return Some(Format::Pst);
    }
    // Also a log that was carved from a disk or lost its first sectors.
    if evtx::is_evtx(head) {
        return Some(Format::Evtx);
    }
    head.iter().all(|byte| *byte == 0).then_some(Format::Empty)
}

/// Whether a block is the header of a tar member: its checksum holds. That serves the old format
/// without a magic as well.
pub(crate) fn is_tar_header(block: &[u8; 512]) -> bool {
    let header = tar::Header::from_byte_slice(block);
    let Ok(stated) = header.cksum() else {
        return false;
    };
    let field = 148..156;
    let bytes = block.iter().enumerate().map(|(at, byte)| if field.contains(&at) { b' ' } else { *byte });
    let signed: i64 = bytes.clone().map(|byte| i64::from(byte.cast_signed())).sum();
    let unsigned: u32 = bytes.map(u32::from).sum();
    block[0] != 0 && (stated == unsigned || i64::from(stated) == signed)
}

/// Whether a text begins as one format does.
type Test = fn(&str) -> bool;

/// The format of a text.
fn text(head: &[u8]) -> Format {
    let decoded = Encoding::head_text(head);
    let Some(text) = clean(&decoded) else {
        return Format::Unknown;
    };
    // A hole, or blank lines, where a log was cut.
    let text = text.trim_start_matches(['\0', '\r', '\n']);
    const TESTS: [(Test, Format); 11] = [
        (exchange::recognise, Format::Exchange),
        (zeek::recognise, Format::Zeek),
        (w3c::recognise, Format::W3c),
        (auditd::recognise, Format::Auditd),
        (combined::recognise, Format::Combined),
        (syslog::recognise, Format::Syslog),
        (mail::recognise_mbox, Format::Mbox),
        (mail::recognise_emlx, Format::Emlx),
        (json::recognise, Format::Json),
        (mail::recognise_message, Format::Message),
        (csv::recognise, Format::Csv),
    ];
    if let Some((_, format)) = TESTS.into_iter().find(|(test, _)| test(text)) {
        return format;
    }
    // Half a record, where the log was cut.
    let behind =
        |mark: &str| memmem::find(text.as_bytes(), mark.as_bytes()).map(|at| text[at..].trim_start());
    match () {
        () if behind("\n").is_some_and(json::recognise) => Format::Json,
        () if behind("\nFrom ").is_some_and(mail::recognise_mbox) => Format::Mbox,
        () => Format::Text,
    }
}

/// The lines of `text` that are text, if that is most of it. Control characters tell: any data that
/// is no text has them, whatever the code page of a text.
fn clean(text: &str) -> Option<Cow<'_, str>> {
    let dirty =
        |c: char| c.is_ascii_control() && !matches!(c, '\t' | '\r' | '\n' | '\0' | '\x0c' | '\x1b' | '\x1e');
    let dirt = text.chars().filter(|c| dirty(*c)).count();
    // NUL bytes are no dirt, as a log may have holes, and no text either.
    let holes = memchr::memchr_iter(0, text.as_bytes()).count();
    if dirt * 200 <= text.len() - holes {
        return Some(text.into());
    }
    let clean: String = text.split_inclusive('\n').filter(|line| !line.contains(dirty)).collect();
    (clean.len() * 2 > text.len()).then(|| clean.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_read_has_a_name() {
        for (head, expected) in [
            (&b"Rar!\x1a\x07\x01\0"[..], Some("a RAR archive")),
            (b"\x12\x34\x56\x78\xef\xcd\xab\x89", Some("an ESE database, such as an Exchange mailbox store")),
            (b"SQLite format 3\0\x10\0", Some("an SQLite database")),
            (
                b"!BDN\x12\x34\0\0AB",
                Some("an address book of Outlook, or a mailbox of a kind that is not known"),
            ),
            (b"!BDN: a list of names that begins so", None),
            (b"\x7fELF\x02", None),
            (b"", None),
        ] {
            assert_eq!(unread(head), expected);
            // Also where most of it is NUL bytes and text.
            let file = [head, &[b'a'; 4_000], &[0; 4_000]].concat();
            assert_eq!(recognise(&file) == Format::Unknown, expected.is_some(), "{head:?}");
        }
    }

    #[test]
    fn a_text_may_have_dirt_in_it() {
        let log = "{\"a\":1}\n".repeat(50);
        let noise: String = (0..100).map(|n| char::from(n % 32)).collect();
        assert_eq!(recognise(log.as_bytes()), Format::Json);
        assert_eq!(recognise(format!("{noise}\n{log}").as_bytes()), Format::Json);
        assert_eq!(recognise(noise.repeat(5).as_bytes()), Format::Unknown);
        assert_eq!(recognise(&[&[0; 60_000], noise.repeat(3).as_bytes()].concat()), Format::Unknown);
        assert_eq!(recognise(b"\xb3\xd0\xa4@\xb5\xa6\n\xc5w\xaa\xef\x81\n"), Format::Text);
        assert_eq!(recognise(&[0; 700]), Format::Empty);
        assert_eq!(recognise(b""), Format::Empty);
    }
}
