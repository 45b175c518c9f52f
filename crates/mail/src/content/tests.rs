use std::io::{Cursor, Write};

use mail_parser::MessageParser;
use model::Event;
use proptest::prelude::*;

use super::*;
use crate::documents;
use crate::html::Page;

const MESSAGE: &str = "From: a@b.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n\
    --x\r\nContent-Type: multipart/alternative; boundary=y\r\n\r\n\
    --y\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\nHello\r\n\
    --y\r\nContent-Type: text/html; name=\"body.html\"\r\n\r\n<p>Hello</p>\r\n--y--\r\n\
    --x\r\nContent-Type: message/rfc822\r\n\r\nFrom: c@d.example\r\nContent-Type: multipart/mixed; boundary=z\r\n\r\n\
    --z\r\nContent-Type: text/html\r\n\r\n<b>in</b>\r\n\
    --z\r\nContent-Type: image/png; name=i.png\r\nContent-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\n\
    iVBORw0KGgo=\r\n--z--\r\n\
    --x\r\nContent-Type: application/pdf; name=\"report.pdf.html\"\r\nContent-Disposition: attachment\r\n\r\n\
    <html><script>1</script></html>\r\n--x--\r\n";

fn with<T>(raw: &[u8], see: impl FnOnce(&Content<'_>) -> T) -> T {
    let message = MessageParser::default().parse(raw).unwrap();
    see(&read(&message, raw))
}

#[test]
fn the_tree_is_numbered_through_messages_in_messages() {
    with(MESSAGE.as_bytes(), |content| {
        let found: Vec<_> = content
            .parts
            .iter()
            .map(|part| (part.place.as_str(), part.kind, part.attached, part.nested))
            .collect();
        let wanted = [
            ("1.1", Kind::Text, false, 0),
            ("1.2", Kind::Html, false, 0),
            ("2", Kind::Message, true, 0),
            ("2.1", Kind::Html, false, 1),
            ("2.2", Kind::Image, true, 1),
            ("3", Kind::Document, true, 0),
        ];
        assert_eq!(found, wanted);
        assert!(content.parts.iter().enumerate().all(|(number, part)| part.number == number as u32));
    });
}

/// A `winmail.dat` with one page as its body and one attachment.
fn winmail() -> Vec<u8> {
    let page = b"<p>Hi <img src=\"https://t.example/o.gif\"></p>";
    let mut properties = vec![1, 0, 0, 0, 0x02, 0x01, 0x13, 0x10, 1, 0, 0, 0];
    properties.extend((page.len() as u32).to_le_bytes());
    properties.extend(page);
    properties.resize(properties.len().next_multiple_of(4), 0);
    let mut bytes = b"\x78\x9f\x3e\x22\x01\x00".to_vec();
    let attributes: [(u32, &[u8]); 4] = [
        (0x0006_9003, &properties),
        (0x0006_9002, &[0; 14]),
        (0x0001_8010, b"minutes.txt\0"),
        (0x0006_800F, b"nothing was said"),
    ];
    for (number, data) in attributes {
        bytes.push(1);
        bytes.extend(number.to_le_bytes());
        bytes.extend((data.len() as u32).to_le_bytes());
        bytes.extend(data);
        bytes.extend([0, 0]);
    }
    bytes
}

#[test]
fn what_lies_in_a_winmail_dat_is_a_part() {
    use base64::Engine;
    let packed = base64::engine::general_purpose::STANDARD.encode(winmail());
    let raw = format!(
        "From: a@b.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\n\
         Hello\r\n--x\r\nContent-Type: application/ms-tnef; name=winmail.dat\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{packed}\r\n--x--\r\n"
    );
    with(raw.as_bytes(), |content| {
        let found: Vec<_> =
            content.parts.iter().map(|part| (part.place.as_str(), part.kind, part.nested)).collect();
        let wanted =
            [("1", Kind::Text, 0), ("2", Kind::Other, 0), ("2.1", Kind::Html, 1), ("2.2", Kind::Other, 1)];
        assert_eq!(found, wanted);
        assert!(content.parts[2].text.as_deref().unwrap().contains("https://t.example/o.gif"));
        let attachment = &content.parts[3];
        assert_eq!(
            (attachment.name.as_deref(), &attachment.bytes[..]),
            (Some("minutes.txt"), &b"nothing was said"[..])
        );
        assert!(content.parts.iter().enumerate().all(|(number, part)| part.number == number as u32));
    });
}

#[test]
fn facts_of_attachments_stay_in_step() {
    let mut event = Event::default();
    with(MESSAGE.as_bytes(), |content| push(content, &Page::default(), &mut event));
    let all = |name: &str| event.get_all(name).map(|value| value.text.to_owned()).collect::<Vec<_>>();
    assert_eq!(all("mail.attachment.name"), ["body.html", "", "report.pdf.html"]);
    assert_eq!(all("mail.attachment.type"), ["text/html", "message/rfc822", "application/pdf"]);
    assert_eq!(all("mail.attachment.sha256").len(), 3);
    assert_eq!(all("mail.attachment.count"), ["3"]);
    assert_eq!(all("mail.nested"), ["1"]);
    assert_eq!(all("mail.parts"), ["6"]);
}

#[test]
fn an_attachment_says_what_it_is() {
    with(MESSAGE.as_bytes(), |content| {
        let part = content.parts.last().unwrap();
        let document = documents::read(part);
        let facts = attachment(part, document.as_ref(), "").unwrap();
        let wanted = [
            ("attachment.extension", "html"),
            ("attachment.detected", "text/html"),
            ("attachment.mismatch", "true"),
            ("attachment.double_extension", "true"),
            ("attachment.scripts", "true"),
            ("attachment.place", "3"),
            ("attachment.encrypted", "false"),
        ];
        for (name, value) in wanted {
            assert_eq!(facts.get(name), Some(value), "{name}");
        }
        assert!(attachment(&content.parts[0], None, "").is_none());
    });
}

/// The hash is that of the sender's bytes: the parser would have turned them into UTF-8.
#[test]
fn an_attached_text_keeps_its_bytes() {
    let raw = b"Content-Type: text/plain; charset=iso-8859-1; name=a.txt\r\nContent-Transfer-Encoding: base64\r\n\r\n6Q==\r\n";
    with(raw, |content| {
        assert_eq!(content.parts[0].bytes.as_ref(), b"\xe9");
        assert_eq!(content.parts[0].text.as_deref(), Some("\u{e9}"));
        assert_eq!(content.parts[0].place, "1");
    });
}

#[test]
fn kinds_follow_type_name_and_bytes() {
    let rows: [(&str, &str, &[u8], Kind); 12] = [
        ("application/octet-stream", "a.svg", b"<svg xmlns='x'/>", Kind::Document),
        ("application/octet-stream", "noname", b"%PDF-1.4", Kind::Document),
        ("application/octet-stream", "a", b"{\\rtf1}", Kind::Document),
        ("image/png", "a.png", b"<html><body>", Kind::Document),
        ("application/octet-stream", "a.mht", b"MIME-Version: 1.0", Kind::Document),
        ("application/octet-stream", "a.iso", b"x", Kind::Archive),
        ("application/octet-stream", "a", b"PK\x05\x06", Kind::Archive),
        ("application/pkcs7-mime", "smime.p7m", b"x", Kind::Sealed),
        ("text/calendar", "a.ics", b"BEGIN:VCALENDAR", Kind::Calendar),
        ("text/plain", "a.asc", b"-----BEGIN PGP MESSAGE-----", Kind::Sealed),
        ("image/jpeg", "a.jpg", b"\xff\xd8\xff\xe0", Kind::Image),
        ("application/octet-stream", "a.bin", b"x", Kind::Other),
    ];
    for (declared, name, body, kind) in rows {
        let head = format!(
            "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: {declared}; name={name}\r\n\
             Content-Disposition: attachment\r\n\r\n"
        );
        let raw = [head.as_bytes(), body, b"\r\n--x--\r\n"].concat();
        with(&raw, |content| assert_eq!(content.parts[0].kind, kind, "{declared} {name}"));
    }
    let sealed = "Content-Type: multipart/encrypted; boundary=x\r\n\r\n--x\r\nContent-Type: application/octet-stream\r\n\r\nx\r\n--x--";
    with(sealed.as_bytes(), |content| assert_eq!(content.parts[0].kind, Kind::Sealed));
    let amp = "Content-Type: text/x-amp-html\r\n\r\n<html amp4email>";
    with(amp.as_bytes(), |content| assert_eq!(content.parts[0].kind, Kind::Amp));
}

#[test]
fn mismatches_that_matter() {
    let rows = [
        ("application/pdf", Some("a.pdf"), Some("application/pdf"), false),
        ("application/pdf", Some("a.pdf"), Some("text/html"), true),
        ("image/png", None, Some("image/jpeg"), false),
        (
            "application/octet-stream",
            Some("a.png"),
            Some("application/vnd.microsoft.portable-executable"),
            true,
        ),
        (
            "application/octet-stream",
            Some("a.exe"),
            Some("application/vnd.microsoft.portable-executable"),
            false,
        ),
        ("text/plain", Some("build.txt"), Some("text/x-shellscript"), false),
        ("application/msword", Some("a.doc"), Some("application/rtf"), false),
        ("application/zip", Some("a.zip"), Some("application/vnd.rar"), false),
        ("application/zip", Some("a.zip"), None, false),
    ];
    for (declared, name, detected, wanted) in rows {
        assert_eq!(sniff::mismatch(declared, name, detected), wanted, "{declared} {name:?} {detected:?}");
    }
}

fn zipped(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn archive(name: &str, bytes: Vec<u8>) -> Part<'static> {
    let name = Some(name.to_owned());
    Part { name, kind: Kind::Archive, listed: true, bytes: bytes.into(), ..Part::default() }
}

#[test]
fn names_in_archives_one_level_deep() {
    let inner = zipped(&[("report.js", b"1"), ("a.txt", b"2")]);
    let found = look_into(&archive("a.zip", zipped(&[("inner.zip", &inner), ("b.lnk", b"L")])));
    assert_eq!(found.names, ["inner.zip", "b.lnk", "inner.zip!report.js", "inner.zip!a.txt"]);
    assert_eq!(found.count, 4);
    assert!(found.traits.contains(&"member-program") && !found.encrypted);
    let many: Vec<(String, &[u8])> = (0..300).map(|n| (format!("{n}"), &b""[..])).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    let many = look_into(&archive("a.zip", zipped(&many)));
    assert_eq!((many.names.len(), many.count), (200, 300));
}

#[test]
fn encrypted_archives_with_the_password_in_the_text() {
    let mut bytes = zipped(&[("secret.docx", b"x")]);
    // The flag of encryption stands in the local header and in the directory.
    bytes[6] |= 1;
    let directory = memchr::memmem::find(&bytes, b"PK\x01\x02").unwrap();
    bytes[directory + 8] |= 1;
    let part = archive("a.zip", bytes);
    let facts = attachment(&part, None, "The password is: Tulip-24").unwrap();
    assert_eq!(facts.get("attachment.encrypted"), Some("true"));
    assert_eq!(facts.get("attachment.password_given"), Some("true"));
    assert_eq!(facts.get("attachment.member.name"), Some("secret.docx"));
    let rar = look_into(&archive("a.rar", b"Rar!\x1a\x07\x01\0\x01\x02\x03\x04\x21\x04\0".to_vec()));
    assert!(rar.encrypted);
}

#[test]
fn bounds_are_told() {
    let mut raw = "Content-Type: multipart/mixed; boundary=x\r\n\r\n".to_owned();
    raw += &"--x\r\n\r\na\r\n".repeat(10_100);
    with(raw.as_bytes(), |content| {
        assert_eq!(content.parts.len(), 10_000);
        assert_eq!(content.bounded, ["parts"]);
    });
    let deep = "Content-Type: message/rfc822\r\n\r\n".repeat(900) + "Subject: x\r\n\r\nhello";
    with(deep.as_bytes(), |content| assert!(content.bounded.contains(&"nesting")));
    assert!(may_be_parsed(deep.as_bytes()));
    assert!(!may_be_parsed("Content-Type: MESSAGE/RFC822\r\n\r\n".repeat(2000).as_bytes()));
    assert!(!may_be_parsed("Content-Type: multipart/Digest; boundary=a\n\n--a\n\n".repeat(2000).as_bytes()));
}

#[test]
fn a_message_torn_anywhere_is_read() {
    for cut in 0..MESSAGE.len() {
        let raw = &MESSAGE.as_bytes()[..cut];
        if let Some(message) = MessageParser::default().parse(raw) {
            let content = read(&message, raw);
            assert!(content.parts.len() <= 7);
            for part in &content.parts {
                attachment(part, documents::read(part).as_ref(), "");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_bytes_end_the_readers(bytes in proptest::collection::vec(any::<u8>(), 0..400), front in 0usize..8) {
        let fronts: [&[u8]; 8] = [
            b"", b"PK\x03\x04", b"\x1f\x8b\x08", b"Rar!\x1a\x07\x01", b"Rar!\x1a\x07\0", b"7z\xbc\xaf\x27\x1c", b"\xff\xfe<",
            b"MZ",
        ];
        let bytes = [fronts[front], &bytes].concat();
        let part = archive("a.gz", bytes.clone());
        sniff::detected(&bytes, Some("a.js"));
        prop_assert!(attachment(&part, None, &String::from_utf8_lossy(&bytes)).is_some());
    }
}
