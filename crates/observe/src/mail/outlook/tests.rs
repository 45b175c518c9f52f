//! Messages are built here as Outlook builds them, and what is made of them is read by `mail-parser`.

use std::io::{Cursor, Write};

use mail_parser::{MessageParser, MimeHeaders, PartType};
use proptest::prelude::*;

use super::item::{Attachment, Item, Properties, Value, id, kind};
use super::{msg, tnef, write};
use crate::w3c::probe::probe;

/// The moment 2021-08-24T09:12:00Z.
const TIME: u64 = 132_742_699_200_000_000;

pub(super) fn properties(texts: &[(u16, &str)]) -> Properties {
    let mut properties = Properties::default();
    for (id, text) in texts {
        properties.push(*id, Value::Text((*text).to_owned()));
    }
    properties
}

fn recipient(kind: i64, name: &str, address: &str) -> Properties {
    let mut properties = properties(&[(id::NAME, name), (id::SMTP, address)]);
    properties.push(id::RECIPIENT_KIND, Value::Number(kind));
    properties
}

fn attached(name: &str, mime: &str, data: &[u8]) -> Attachment {
    let mut properties = properties(&[(id::LONG_NAME, name), (id::MIME_TYPE, mime)]);
    properties.push(id::DATA, Value::Bytes(data.to_vec()));
    properties.push(id::METHOD, Value::Number(1));
    Attachment { properties, message: None }
}

/// A message with everything that one may have.
pub(super) fn sample() -> Item {
    let mut item = Item {
        properties: properties(&[
            (id::CLASS, "IPM.Note"),
            (id::SUBJECT, "Zusammenfassung für Ann"),
            (id::FOR_NAME, "Björn \"B\" Example"),
            (id::FOR_SMTP, "bjorn@press.example"),
            (id::SENDER_NAME, "Desk"),
            (id::SENDER_ADDRESS, "desk@press.example"),
            (id::MESSAGE_ID, "<1@press.example>"),
            (id::BODY, "Grüße\r\n--=_part_000001\r\n"),
            (id::HTML, "<p>Grüße <img src=\"cid:logo@x\"> <img src=\"https://t.example/p.gif\"></p>"),
        ]),
        recipients: vec![
            recipient(1, "Ann", "ann@parl.example"),
            recipient(2, "Zoë", "zoe@parl.example"),
            recipient(3, "", "bob@parl.example"),
        ],
        attachments: vec![
            attached("logo.png", "image/png", b"\x89PNG"),
            attached("Ünterlagen.pdf", "multipart/mixed", b"%PDF-1.4"),
        ],
    };
    item.properties.push(id::SUBMITTED, Value::Time(TIME));
    item.attachments[0].properties.push(id::CONTENT_ID, Value::Text("logo@x".to_owned()));
    let inner = Item {
        properties: properties(&[
            (
                id::HEADERS,
                "Received: from a\r\n by b; Tue, 24 Aug 2021 09:00:00 +0000\r\nFrom: c@c.example\r\nContent-Type: multipart/mixed;\r\n boundary=x\r\nMIME-Version: 1.0\r\nSubject: inner\r\n--=_part_000002\r\n\r\nbody",
            ),
            (id::BODY, "inner text"),
            (id::CLASS, "IPM.Note"),
        ]),
        ..Item::default()
    };
    let message = Some(Box::new(inner));
    item.attachments.push(Attachment { properties: properties(&[(id::NAME, "inner")]), message });
    item
}

/// What a message has to say that was made of [`sample`].
pub(super) fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let message = MessageParser::new().parse(bytes).unwrap();
    assert_eq!(message.subject(), Some("Zusammenfassung für Ann"), "{text}");
    let from = message.from().unwrap().first().unwrap();
    assert_eq!((from.name(), from.address()), (Some("Björn \"B\" Example"), Some("bjorn@press.example")));
    assert_eq!(message.sender().unwrap().first().unwrap().address(), Some("desk@press.example"));
    assert_eq!(message.to().unwrap().first().unwrap().address(), Some("ann@parl.example"));
    assert_eq!(message.cc().unwrap().first().unwrap().name(), Some("Zoë"));
    assert_eq!(message.bcc().unwrap().first().unwrap().address(), Some("bob@parl.example"));
    assert_eq!(message.date().unwrap().to_rfc3339(), "2021-08-24T09:12:00Z");
    assert_eq!(message.message_id(), Some("1@press.example"));
    assert_eq!(message.body_text(0).unwrap(), "Grüße\r\n--=_part_000001\r\n");
    assert!(message.body_html(0).unwrap().contains("Grüße <img src=\"cid:logo@x\">"));
    let logo = message.parts.iter().find(|part| part.content_id() == Some("logo@x")).unwrap();
    assert_eq!((logo.contents(), logo.attachment_name()), (&b"\x89PNG"[..], Some("logo.png")));
    let pdf = message.parts.iter().find(|part| part.attachment_name() == Some("Ünterlagen.pdf")).unwrap();
    assert_eq!(
        (pdf.contents(), pdf.content_type().unwrap().subtype()),
        (&b"%PDF-1.4"[..], Some("octet-stream"))
    );
    let inner = message.parts.iter().find_map(|part| match &part.body {
        PartType::Message(message) => Some(message),
        _ => None,
    });
    let inner = inner.unwrap();
    assert_eq!(inner.subject(), Some("inner"));
    assert_eq!(inner.body_text(0).unwrap().trim_end(), "inner text");
    assert_eq!(inner.from().unwrap().first().unwrap().address(), Some("c@c.example"));
}

/// The streams and storages of one object in a compound file.
fn build_object(
    file: &mut cfb::CompoundFile<Cursor<Vec<u8>>>,
    folder: &str,
    properties: &Properties,
    header: usize,
) {
    let mut fixed = vec![0; header];
    for id in 0..0x8000 {
        let Some(value) = properties.get(id) else { continue };
        let (kind, bytes) = match value {
            Value::Text(text) => (kind::WIDE, text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
            Value::Bytes(bytes) => (kind::BINARY, bytes.clone()),
            Value::Narrow(bytes) => (kind::NARROW, bytes.clone()),
            Value::Number(number) => {
                fixed.extend([3, 0, id as u8, (id >> 8) as u8, 0, 0, 0, 0]);
                fixed.extend(number.to_le_bytes());
                continue;
            }
            Value::Time(time) => {
                fixed.extend([0x40, 0, id as u8, (id >> 8) as u8, 0, 0, 0, 0]);
                fixed.extend(time.to_le_bytes());
                continue;
            }
        };
        fixed.extend([kind as u8, (kind >> 8) as u8, id as u8, (id >> 8) as u8, 6, 0, 0, 0]);
        fixed.extend((bytes.len() as u64).to_le_bytes());
        let name = format!("{folder}/__substg1.0_{id:04X}{kind:04X}");
        file.create_stream(name).unwrap().write_all(&bytes).unwrap();
    }
    file.create_stream(format!("{folder}/__properties_version1.0")).unwrap().write_all(&fixed).unwrap();
}

fn build_item(file: &mut cfb::CompoundFile<Cursor<Vec<u8>>>, folder: &str, item: &Item, header: usize) {
    build_object(file, folder, &item.properties, header);
    for (index, recipient) in item.recipients.iter().enumerate() {
        let folder = format!("{folder}/__recip_version1.0_#{index:08X}");
        file.create_storage(&folder).unwrap();
        build_object(file, &folder, recipient, 8);
    }
    for (index, attachment) in item.attachments.iter().enumerate() {
        let folder = format!("{folder}/__attach_version1.0_#{index:08X}");
        file.create_storage(&folder).unwrap();
        build_object(file, &folder, &attachment.properties, 8);
        if let Some(message) = &attachment.message {
            let folder = format!("{folder}/__substg1.0_3701000D");
            file.create_storage(&folder).unwrap();
            build_item(file, &folder, message, 24);
        }
    }
}

fn saved(item: &Item) -> Vec<u8> {
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    build_item(&mut file, "", item, 32);
    file.flush().unwrap();
    file.into_inner().into_inner()
}

fn transported(item: &Item) -> Vec<u8> {
    fn list(properties: &Properties, message: Option<&Item>) -> Vec<u8> {
        let mut out = Vec::new();
        let mut count = 0_u32;
        for id in 0..0x8000_u16 {
            let Some(value) = properties.get(id) else { continue };
            count += 1;
            let (kind, bytes) = match value {
                Value::Number(number) => {
                    out.extend([3, 0, id as u8, (id >> 8) as u8]);
                    out.extend((*number as u32).to_le_bytes());
                    continue;
                }
                Value::Time(time) => {
                    out.extend([0x40, 0, id as u8, (id >> 8) as u8]);
                    out.extend(time.to_le_bytes());
                    continue;
                }
                Value::Text(text) => (kind::WIDE, text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
                Value::Bytes(bytes) => (kind::BINARY, bytes.clone()),
                Value::Narrow(bytes) => (kind::NARROW, bytes.clone()),
            };
            variable(&mut out, id, kind, &bytes);
        }
        if let Some(message) = message {
            count += 1;
            variable(&mut out, id::DATA, kind::OBJECT, &[&[7; 16], &transported(message)[..]].concat());
        }
        [&count.to_le_bytes()[..], &out].concat()
    }
    fn variable(out: &mut Vec<u8>, id: u16, kind: u16, bytes: &[u8]) {
        out.extend([kind as u8, (kind >> 8) as u8, id as u8, (id >> 8) as u8, 1, 0, 0, 0]);
        out.extend((bytes.len() as u32).to_le_bytes());
        out.extend(bytes);
        out.extend(&[0; 4][..bytes.len().wrapping_neg() % 4]);
    }
    fn attribute(out: &mut Vec<u8>, level: u8, number: u32, data: &[u8]) {
        out.push(level);
        out.extend(number.to_le_bytes());
        out.extend((data.len() as u32).to_le_bytes());
        out.extend(data);
        let sum = data.iter().fold(0_u16, |sum, byte| sum.wrapping_add(u16::from(*byte)));
        out.extend(sum.to_le_bytes());
    }
    let mut out = [&tnef::MAGIC[..], &[1, 0]].concat();
    attribute(&mut out, 1, 0x0008_9006, &[0, 0, 1, 0]);
    attribute(&mut out, 1, 0x0006_9007, &[0xE4, 4, 0, 0, 0, 0, 0, 0]);
    attribute(&mut out, 1, 0x0001_8004, b"another subject\0");
    attribute(&mut out, 1, 0x0006_9003, &list(&item.properties, None));
    let rows: Vec<u8> = item.recipients.iter().flat_map(|row| list(row, None)).collect();
    attribute(&mut out, 1, 0x0006_9004, &[&(item.recipients.len() as u32).to_le_bytes()[..], &rows].concat());
    for attachment in &item.attachments {
        attribute(&mut out, 2, 0x0006_9002, &[0; 14]);
        attribute(&mut out, 2, 0x0001_8010, b"SHORT~1.PDF\0");
        attribute(&mut out, 2, 0x0006_9005, &list(&attachment.properties, attachment.message.as_deref()));
    }
    out
}

#[test]
fn a_message_is_rebuilt() {
    let bytes = write::rebuild(&sample());
    check(&bytes);
    assert_eq!(bytes, write::rebuild(&sample()));
}

#[test]
fn a_saved_message_is_read() {
    let bytes = saved(&sample());
    let read = msg::read(&mut Cursor::new(&bytes[..])).unwrap().unwrap();
    assert_eq!(read.problems, Vec::<String>::new());
    check(&write::rebuild(&read.item));
}

/// Writes the samples that fuzzing starts from: `cargo test -p observe --lib outlook -- --ignored`.
#[test]
#[ignore = "writes into fuzz/corpus"]
fn seeds() {
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    for (folder, bytes) in [("msg", saved(&sample())), ("tnef", transported(&sample()))] {
        std::fs::create_dir_all(corpus.join(folder)).unwrap();
        std::fs::write(corpus.join(folder).join("seed-sample"), bytes).unwrap();
    }
}

#[test]
fn another_compound_file_is_no_message() {
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    file.create_stream("/WordDocument").unwrap().write_all(b"x").unwrap();
    file.flush().unwrap();
    assert!(msg::read(&mut Cursor::new(file.into_inner().into_inner())).unwrap().is_none());
}

#[test]
fn a_message_in_transport_is_read() {
    let bytes = transported(&sample());
    check(&super::tnef(&bytes).unwrap());
    let found = probe(super::read_tnef, &bytes);
    assert_eq!((found.events.len(), found.problems.len()), (1, 0));
    assert_eq!(super::tnef(b"no message"), None);
}

#[test]
fn attributes_stand_in_for_properties() {
    let mut bytes = [&tnef::MAGIC[..], &[1, 0]].concat();
    let from = b"\x04\0\x20\0\x04\0\x17\0Ann\0SMTP:ann@parl.example\0\0";
    for (number, data) in [
        (0x0006_9007_u32, &[0xE3, 4, 0, 0][..]),
        (0x0000_8000, from),
        (0x0001_8004, b"\xcf\xf0\xe8\0"),
        (0x0002_800C, b"text"),
        (0x0003_8005, b"\xe5\x07\x08\0\x18\0\x09\0\x0c\0\0\0\x02\0"),
        (0x0006_9002, &[0; 14]),
        (0x0001_8010, b"a.txt\0"),
        (0x0006_800F, b"data"),
    ] {
        bytes.push(1);
        bytes.extend(number.to_le_bytes());
        bytes.extend((data.len() as u32).to_le_bytes());
        bytes.extend(data);
        bytes.extend([0, 0]);
    }
    let rebuilt = super::tnef(&bytes).unwrap();
    let message = MessageParser::new().parse(&rebuilt[..]).unwrap();
    assert_eq!(message.subject(), Some("При"));
    assert_eq!(message.from().unwrap().first().unwrap().address(), Some("ann@parl.example"));
    assert_eq!(message.date().unwrap().to_rfc3339(), "2021-08-24T09:12:00Z");
    assert_eq!(message.body_text(0).unwrap(), "text");
    let attachment = message.attachment(0).unwrap();
    assert_eq!((attachment.attachment_name(), attachment.contents()), (Some("a.txt"), &b"data"[..]));
}

#[test]
fn html_within_rtf_is_the_body() {
    let rtf = b"{\\rtf1\\ansi\\fromhtml1 {\\*\\htmltag64 <p>}Hi{\\*\\htmltag72 </p>}}";
    let packed =
        [&(rtf.len() as u32 + 12).to_le_bytes()[..], &(rtf.len() as u32).to_le_bytes(), b"MELA\0\0\0\0", rtf]
            .concat();
    assert_eq!(super::html_of_rtf(&packed).as_deref(), Some("<p>Hi</p>"));
    assert_eq!(super::html_of_rtf(rtf).as_deref(), Some("<p>Hi</p>"));
    let mut item = Item::default();
    item.properties.push(id::RTF, Value::Bytes(packed));
    let rebuilt = write::rebuild(&item);
    assert_eq!(MessageParser::new().parse(&rebuilt[..]).unwrap().body_html(0).unwrap(), "<p>Hi</p>");
}

#[test]
fn a_signed_message_keeps_its_parts() {
    let entity = b"Content-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n\r\nsigned text\r\n--s--\r\n";
    let item = Item {
        properties: properties(&[(id::CLASS, "IPM.Note.SMIME.MultipartSigned"), (id::SUBJECT, "s")]),
        attachments: vec![attached("smime.p7m", "multipart/signed", entity)],
        ..Item::default()
    };
    assert!(write::rebuild(&item).ends_with(entity));
}

#[test]
fn a_cut_message_gives_what_there_is() {
    let whole = transported(&sample());
    for end in 0..whole.len() {
        let rebuilt = super::tnef(&whole[..end]);
        assert_eq!(rebuilt.is_some(), end >= 6, "{end}");
        let found = probe(super::read_tnef, &whole[..end]);
        assert!(found.events.len() <= 1 && found.events.len() + found.problems.len() > 0, "{end}");
    }
    let whole = saved(&sample());
    for end in (0..whole.len()).step_by(61) {
        let _ = msg::read(&mut Cursor::new(&whole[..end]))
            .map(|read| read.map(|read| write::rebuild(&read.item)));
    }
}

proptest! {
    #[test]
    fn damaged_messages_never_panic(hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20)) {
        let mut bytes = saved(&sample());
        for (at, byte) in &hits {
            // The tables of sectors and the directory stand in front and in between.
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        let _ = msg::read(&mut Cursor::new(&bytes[..])).map(|read| read.map(|read| write::rebuild(&read.item)));
        let mut bytes = transported(&sample());
        for (at, byte) in &hits {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        let _ = super::tnef(&bytes);
    }

    #[test]
    fn hostile_texts_stay_in_their_place(subject in "\\PC{0,60}", name in any::<String>(), address in any::<String>(), headers in any::<String>(), file in any::<String>()) {
        let item = Item {
            properties: properties(&[(id::SUBJECT, &subject), (id::SENDER_NAME, &name), (id::SENDER_ADDRESS, &address), (id::HEADERS, &headers)]),
            attachments: vec![attached(&file, &name, b"x")],
            ..Item::default()
        };
        let rebuilt = String::from_utf8(write::rebuild(&item)).unwrap();
        for line in rebuilt.split("\r\n") {
            prop_assert!(!line.contains(['\r', '\n', '\0']), "{line:?}");
            prop_assert!(!line.starts_with("--") || line.starts_with("--=_part_000001"), "{line:?}");
        }
    }
}
