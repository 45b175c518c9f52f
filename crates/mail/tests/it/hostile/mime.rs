//! Malformed MIME, charsets that are unknown or lie, and encodings with junk in them.

use super::{PAGE, page, survived};

#[test]
fn headers_of_every_wrong_kind() {
    let html = format!("Content-Type: text/html\r\n\r\n{PAGE}");
    for (name, raw) in [
        ("nothing", String::new()),
        ("a line end", "\r\n".into()),
        ("a body alone", format!("\r\n{PAGE}")),
        ("no line end", "From: a@b.example".into()),
        ("no colon", format!("From a@b.example\r\n{html}")),
        ("a colon alone", format!(":\r\n: x\r\n{html}")),
        ("a fold first", format!(" folded\r\n{html}")),
        ("a blank line that is not empty", format!("Subject: x\r\n \r\n\t\r\n{html}")),
        ("a blank before the colon", format!("Content-Type : text/html\r\n\r\n{PAGE}")),
        ("a blank in the name", format!("Content Type: text/plain\r\n{html}")),
        ("no blank after the colon", format!("content-type:text/html\r\n\r\n{PAGE}")),
        ("NUL", format!("Subject: a\0b\r\n{html}")),
        ("CR alone", format!("Subject: x\rContent-Type: text/html\r\n\r\n{PAGE}")),
        ("LF alone", html.replace("\r\n", "\n")),
        ("CR alone throughout", html.replace("\r\n", "\r")),
        ("LF and CRLF", format!("Subject: x\n{html}\n\r")),
        ("bytes beyond ASCII", format!("Subject: \u{fc}\u{202e}\u{feff}\r\n{html}")),
        ("a mark of byte order first", format!("\u{feff}{html}")),
        ("types without end", format!("Content-Type: text/html;;;;;=;\"\r\n\r\n{PAGE}")),
        ("a comment in the type", format!("Content-Type: (x) text (y) / (z) html\r\n\r\n{PAGE}")),
        ("two types", format!("Content-Type: text/plain\r\n{html}")),
        ("a type without a subtype", format!("Content-Type: text\r\n\r\n{PAGE}")),
        ("an unknown type", format!("Content-Type: x-a/x-b\r\n\r\n{PAGE}")),
        ("an empty type", format!("Content-Type:\r\n\r\n{PAGE}")),
        ("words that do not end", format!("Subject: =?utf-8?b?AAA=?= =?utf-8?q?=4?= =?x?\r\n{html}")),
        ("words of no charset", format!("Subject: =?x-none?q?=FF=00?= =?utf-7?b?+ADw-?=\r\n{html}")),
        ("addresses that do not end", format!("From: \"a\\\" <<b@c>, (x <d@\r\nTo: ::;;,,<>\r\n{html}")),
        ("dates beyond time", format!("Date: Fri, 99 Foo 99999999999 99:99:99 +9999\r\n{html}")),
    ] {
        survived(name, raw.as_bytes());
    }
}

#[test]
fn a_type_behind_many_fields_is_seen() {
    let many = "X-Short: y\r\n".repeat(2500);
    let body = "<p>http://x.example/</p><img src=\"//beacon.example/o\">";
    for header in [
        format!("{many}Content-Type: text/html"),
        format!("{many}Content-Type: text/html\r\n{many}X-Portcullis-Neutralised: loads=0"),
        format!("{many}content-type :text/html"),
    ] {
        let (_, done) = survived("a type behind many fields", &page(&header, body));
        let text = String::from_utf8_lossy(&done.bytes).into_owned();
        assert!(
            !text.contains("//beacon.example/o") && !text.contains("loads=0"),
            "{}",
            &text[text.len() - 400..]
        );
        assert_eq!(text.matches("X-Short: y").count() % 2500, 0, "other fields stay");
    }
}

#[test]
fn multiparts_of_every_wrong_kind() {
    let part = format!("Content-Type: text/html\r\n\r\n{PAGE}\r\n");
    let long = "b".repeat(5000);
    for (name, boundary, body) in [
        ("no boundary", String::new(), format!("--b\r\n{part}--b--\r\n")),
        ("an empty one", "; boundary=\"\"".into(), format!("--\r\n{part}----\r\n")),
        ("a blank one", "; boundary=\" \"".into(), format!("-- \r\n{part}-- --\r\n")),
        ("a long one", format!("; boundary={long}"), format!("--{long}\r\n{part}--{long}--\r\n")),
        ("one that never comes", "; boundary=b".into(), part.clone()),
        ("one that begins another", "; boundary=b".into(), format!("--bb\r\n{part}--bb--\r\n--b\r\n{part}")),
        ("its end first", "; boundary=b".into(), format!("--b--\r\n--b\r\n{part}")),
        ("its end alone", "; boundary=b".into(), "--b--".into()),
        ("without its end", "; boundary=b".into(), format!("--b\r\n{part}")),
        ("cut in its end", "; boundary=b".into(), format!("--b\r\n{part}--b-")),
        ("blanks behind it", "; boundary=b".into(), format!("--b \t \r\n{part}--b-- x\r\n{part}")),
        ("two in one line", "; boundary=a; boundary=b".into(), format!("--b\r\n{part}--a\r\n{part}")),
        ("quotes and escapes", "; boundary=\"\\b\\\"\"".into(), format!("--b\"\r\n{part}--b\"--\r\n")),
        ("continued", "; boundary*0=\"a\"; boundary*1=b".into(), format!("--ab\r\n{part}--ab--\r\n")),
        ("encoded", "; boundary*=utf-8''%62".into(), format!("--b\r\n{part}--b--\r\n")),
        ("in the preamble", "; boundary=b".into(), format!("{part}\r\n--b\r\n\r\nx\r\n--b--\r\n")),
        ("in the epilogue", "; boundary=b".into(), format!("--b\r\n\r\nx\r\n--b--\r\n{part}")),
        ("LF alone", "; boundary=b".into(), format!("--b\n{part}--b--\n").replace("\r\n", "\n")),
        ("CR alone", "; boundary=b".into(), format!("--b\r{part}--b--\r")),
        ("parts without a header", "; boundary=b".into(), format!("--b\r\n{PAGE}\r\n--b\r\n--b--")),
        (
            "the same within",
            "; boundary=b".into(),
            format!(
                "--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n{part}--b--\r\n--b--\r\n"
            ),
        ),
    ] {
        for kind in ["mixed", "alternative", "related", "digest", "signed", "encrypted", "x-odd", ""] {
            let raw = page(&format!("Content-Type: multipart/{kind}{boundary}"), &body);
            survived(&format!("{name} in {kind}"), &raw);
            let coded =
                format!("Content-Type: multipart/{kind}{boundary}\r\nContent-Transfer-Encoding: base64");
            survived(&format!("{name} in {kind} as base64"), &page(&coded, &body));
        }
    }
}

#[test]
fn parts_that_are_messages() {
    let inner = format!("Subject: x\r\nContent-Type: text/html\r\n\r\n{PAGE}");
    for kind in ["rfc822", "global", "partial; id=a; number=1; total=2", "news", "delivery-status"] {
        for encoding in ["7bit", "base64", "quoted-printable", "x-uuencode"] {
            let header = format!("Content-Type: message/{kind}\r\nContent-Transfer-Encoding: {encoding}");
            survived(&header, &page(&header, &inner));
        }
    }
    let outside = "Content-Type: message/external-body; access-type=URL; URL=\"http://beacon.example/x\"";
    survived(outside, &page(outside, "Content-Type: text/html\r\n\r\n"));
}

#[test]
fn encodings_with_junk() {
    let coded = "PGltZyBzcmM9Imh0dHA6Ly9iZWFjb24uZXhhbXBsZS9vIj4=";
    let (front, back) = coded.split_at(20);
    for (name, encoding, body) in [
        ("base64 with junk", "base64", format!("{front}!*\u{fc}\0 {back}")),
        ("base64 in pieces", "base64", coded.chars().map(|c| format!("{c}\r\n ")).collect()),
        ("base64 without an end", "base64", coded.trim_end_matches('=').to_owned()),
        ("base64 cut", "base64", coded[..coded.len() - 6].to_owned()),
        ("base64 with an end in it", "base64", format!("PGI+eA=={coded}")),
        ("base64 and text", "base64", format!("{coded}\r\n--\r\nregards {PAGE}")),
        ("base64 for URLs", "base64", "PGltZyBzcmM9Imh0dHA6Ly9iZWFjb24uZXhhbXBsZS9vP_8-".to_owned()),
        ("base64 that is none", "base64", PAGE.to_owned()),
        ("quoted with wrong digits", "quoted-printable", format!("=ZZ=3={}", PAGE.replace('=', "=3D"))),
        ("quoted with small letters", "quoted-printable", PAGE.replace('=', "=3d").replace('<', "=3c")),
        ("quoted with line ends", "quoted-printable", PAGE.replace('g', "g= \t\r\n").replace('"', "=22")),
        ("quoted cut", "quoted-printable", format!("{}=", PAGE.replace('=', "=3D"))),
        ("quoted bytes beyond ASCII", "quoted-printable", format!("\u{fc}=FC=00{PAGE}")),
        ("two encodings", "base64\r\nContent-Transfer-Encoding: 7bit", PAGE.to_owned()),
        ("two the other way", "7bit\r\nContent-Transfer-Encoding: base64", coded.to_owned()),
        ("a list", "base64, quoted-printable", coded.to_owned()),
        ("a comment", "(x) base64 (y)", coded.to_owned()),
        ("in quotes", "\"base64\"", coded.to_owned()),
        ("unknown", "x-rot13", PAGE.to_owned()),
        ("binary", "binary", format!("\0\u{1}{PAGE}\0")),
        ("uuencode", "x-uuencode", "begin 644 a.html\n#/&(^\n`\nend\n".to_owned()),
    ] {
        let header = format!("Content-Type: text/html\r\nContent-Transfer-Encoding: {encoding}");
        survived(name, &page(&header, &body));
        let part = format!("--b\r\n{header}\r\n\r\n{body}\r\n--b--\r\n");
        survived(name, &page("Content-Type: multipart/mixed; boundary=b", part));
    }
}

#[test]
fn charsets_unknown_and_lying() {
    let wide = |big: bool| -> Vec<u8> {
        PAGE.encode_utf16()
            .flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() })
            .collect()
    };
    let marked = |mark: &[u8], bytes: Vec<u8>| [mark, &bytes].concat();
    let seven = PAGE.replace('<', "+ADw-").replace('>', "+AD4-").into_bytes();
    let bodies: [(&str, Vec<u8>); 9] = [
        ("ASCII", PAGE.as_bytes().to_vec()),
        ("UTF-16 of one kind", wide(false)),
        ("UTF-16 of the other", wide(true)),
        ("UTF-16 with its mark", marked(b"\xff\xfe", wide(false))),
        ("UTF-7", seven),
        ("Latin-1", [&b"Gr\xfc\xdfe \x80"[..], PAGE.as_bytes()].concat()),
        ("ISO-2022-JP escapes", [&b"\x1b$B"[..], PAGE.as_bytes(), b"\x1b(B"].concat()),
        ("half a character", [PAGE.as_bytes(), &b"\xe2\x82"[..]].concat()),
        ("HZ", [&b"~{"[..], PAGE.as_bytes(), b"~}"].concat()),
    ];
    for charset in [
        "",
        "utf-8",
        "us-ascii",
        "iso-8859-1",
        "utf-16",
        "utf-16be",
        "utf-16le",
        "utf-32",
        "utf-7",
        "UTF7",
        "unicode-1-1-utf-7",
        "iso-2022-jp",
        "iso-2022-kr",
        "hz-gb-2312",
        "gb18030",
        "big5",
        "shift_jis",
        "ibm037",
        "cp1252",
        "x-user-defined",
        "x-none",
        "utf-8;",
        "\"\"",
        "=?utf-8?q?x?=",
        "replacement",
    ] {
        for (name, body) in &bodies {
            let header =
                format!("Content-Type: text/html; charset={charset}\r\nContent-Transfer-Encoding: 8bit");
            survived(&format!("{name} as {charset}"), &page(&header, body));
        }
    }
    let says = format!("<meta charset=utf-7>{}", PAGE.replace('<', "+ADw-").replace('>', "+AD4-"));
    survived("the page says another", &page("Content-Type: text/html; charset=utf-8", says));
}
