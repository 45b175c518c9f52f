//! Whole messages.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;

fn settings() -> Settings {
    let pem = include_str!("../../data/tests/notice-key.pem");
    Settings {
        notice: Some("https://gate.example/notice".to_owned()),
        key: Some(Arc::new(Key::from_pem(pem).unwrap())),
        ..Settings::default()
    }
}

fn html(body: &str) -> Vec<u8> {
    format!("Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{body}")
        .into_bytes()
}

fn decoded(done: &Done) -> String {
    let message = MessageParser::default().parse(&done.bytes).unwrap();
    let part = &message.parts[0];
    match &part.body {
        PartType::Html(text) | PartType::Text(text) => text.replace("\r\n", "\n"),
        other => panic!("{other:?}"),
    }
}

/// Nothing loads, nothing leads out, and what is done is done for good.
#[track_caller]
fn checked(raw: &[u8], settings: &Settings) -> Done {
    let done = neutralise(raw, settings);
    let links = Wrapper::new(settings);
    assert!(harmless(&done.bytes, &links, settings, !done.untouched.is_empty()), "{}", show(&done.bytes));
    let again = neutralise(&done.bytes, settings);
    assert!(!again.changed, "once more:\n{}\nafter:\n{}", show(&again.bytes), show(&done.bytes));
    assert_eq!(again.bytes, done.bytes);
    done
}

fn show(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Pages that load, each by one means. A blank line parts them.
const LOADING: &str = include_str!("../../data/tests/loading.html");

#[test]
fn what_loads_is_taken_out_in_every_encoding() {
    let mut count = 0;
    let blind: Vec<&str> = LOADING.split("\n\n").filter(|page| judge::loads(page).is_empty()).collect();
    assert_eq!(blind, Vec::<&str>::new(), "the judge sees nothing in these");
    for page in LOADING.split("\n\n").map(str::trim).filter(|page| !page.is_empty()) {
        let nested = format!(
            "<html><body><p>Words &amp; more.</p><table><tr><td>{page}</td></tr></table></body></html>"
        );
        // A frameset in a table is nothing to a browser.
        for text in [page, &nested].into_iter().filter(|text| !judge::loads(text).is_empty()) {
            let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let (qp, b64) = (mime::encode(text, "\r\n"), mime::base64_lines(text.as_bytes(), "\r\n"));
            for (charset, encoding, body) in [
                ("utf-8", "8bit", text.as_bytes().to_vec()),
                ("iso-8859-1", "7bit", text.as_bytes().to_vec()),
                ("utf-8", qp.0, qp.1.into_bytes()),
                ("utf-8", "BASE64", b64.into_bytes()),
                ("utf-16le", "base64", mime::base64_lines(&utf16, "\r\n").into_bytes()),
                ("no-such-set", "8bit", text.as_bytes().to_vec()),
            ] {
                let head = format!(
                    "Content-Type: TEXT/HTML; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n"
                );
                let part = [head.as_bytes(), b"\r\n", &body].concat();
                let raw = [b"From: a@b.example\r\n".as_slice(), &part].concat();
                let done = checked(&raw, &settings());
                assert!(done.changed && done.loads_removed > 0, "{charset} {encoding} {text}");
                assert!(show(&done.bytes).contains("From: a@b.example\r\n"));
                count += 1;
                if encoding == "8bit" && charset == "utf-8" {
                    let mixed = [
                        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n",
                        &raw[..],
                        b"\r\n--b--\r\n",
                    ]
                    .concat();
                    let done = checked(&mixed, &settings());
                    assert!(
                        done.changed && show(&done.bytes).ends_with("\r\n--b--\r\n"),
                        "{}",
                        show(&done.bytes)
                    );
                }
            }
        }
    }
    assert!(count > 600, "{count}");
}

#[test]
fn harmless_messages_stay_byte_for_byte() {
    for raw in [
        &b""[..],
        b"no header at all",
        b"Subject: x\n\nplain text, a@b.example, 1:2 and C:\\temp",
        b"Subject: x\r\nContent-Type: text/html\r\n\r\n<p style=\"color: red\">Hello <b>you</b> <a href=\"#x\">up</a> <a href=\"mailto:a@b.example\">a</a><o:p></o:p>",
        b"Content-Type: text/html\r\n\r\n<img src=\"cid:a@b\"><img src=\"data:image/png;base64,AAAA\"><!-- a remark -->",
        b"Content-Type: multipart/mixed; boundary=\"a b\"\r\n\r\npre\r\n--a b\r\n\r\none\r\n--a b  \r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--a b--\r\npost",
        b"Content-Type: text/html; charset=iso-2022-jp\r\n\r\n<p>\x1b$B$3$s\x1b(B</p>",
    ] {
        let done = neutralise(raw, &settings());
        assert!(!done.changed && done.bytes == raw, "{}\n{}", show(raw), show(&done.bytes));
    }
}

#[test]
fn sealed_parts_are_named_and_left() {
    let signed = b"Content-Type: multipart/signed; boundary=s\r\n\r\n--s\r\nContent-Type: text/html\r\n\r\n<img src=http://a.example/x>\r\n--s\r\nContent-Type: application/pgp-signature\r\n\r\nx\r\n--s--\r\n";
    let done = neutralise(signed, &settings());
    assert_eq!((done.bytes, done.untouched), (signed.to_vec(), vec![("1".to_owned(), "signed".to_owned())]));
    let inline = b"Subject: x\r\n\r\n-----BEGIN PGP SIGNED MESSAGE-----\r\nhttp://a.example/\r\n";
    let done = neutralise(inline, &settings());
    assert!(!done.changed && done.untouched.len() == 1);
}

#[test]
fn links_lead_through_the_notice_page_and_keep_their_text() {
    let raw = html(
        "<a href='http://paper.example/a?b=1&amp;c=2' onclick=x()>Read <b>more</b></a> <a href=\"https://evil.example/\">www.paper.com</a> <a href=\"javascript:x()\">run</a>",
    );
    let done = checked(&raw, &settings());
    let page = decoded(&done);
    assert_eq!(done.links_wrapped, 3, "{page}");
    assert!(
        page.contains(">Read <b>more</b></a> <a")
            && page.contains("www.paper.com</a> <small>[evil.example]</small>"),
        "{page}"
    );
    assert!(page.ends_with("<a>run</a>"), "{page}");
    let fragment = page.split("https://gate.example/notice#").nth(1).unwrap().split('"').next().unwrap();
    let target = settings().key.unwrap().verify(fragment);
    assert_eq!(target.as_deref(), Some("http://paper.example/a?b=1&c=2"));

    let page = decoded(&checked(&raw, &Settings::default()));
    assert!(page.starts_with("<a>Read <b>more</b></a> <small>[paper.example]</small>"), "{page}");
}

#[test]
fn plain_text_names_the_host_beside_the_address() {
    let raw = b"Subject: x\nContent-Type: text/plain; format=flowed\n\nSee (https://www.paper.example/a_(b)). \nAnd www.other.example, or \\\\files.example\\share.\n";
    let done = checked(raw, &settings());
    let text = decoded(&done);
    assert!(text.starts_with("See ([paper.example] https://gate.example/notice#v1."), "{text}");
    assert!(text.contains("). \nAnd [other.example] https://gate.example/notice#v1."), "{text}");
    assert!(text.contains(", or [\\\\]files.example\\share.\n"), "{text}");
    assert!(show(&done.bytes).contains("format=\"flowed\""));
    let text = decoded(&checked(raw, &Settings::default()));
    assert_eq!(
        text,
        "See (hxxps://www[.]paper[.]example/a_(b)). \nAnd www[.]other[.]example, or [\\\\]files.example\\share.\n"
    );
    let split = b"Content-Type: text/plain; format=flowed; delsp=yes\n\nhttp://pap \ner.example/x\n";
    assert_eq!(decoded(&checked(split, &Settings::default())), "hxxp://paper[.]example/x\n");
}

#[test]
fn forms_do_nothing_and_say_so() {
    let done = checked(
        &html(
            "<form action=http://a.example/><input name=p type=password><button formaction=http://b.example>Go</button></form>",
        ),
        &settings(),
    );
    let page = decoded(&done);
    assert_eq!(done.forms_disabled, 1);
    assert!(
        page.contains("disabled for your safety")
            && !page.contains("<form")
            && page.contains("disabled=\"\""),
        "{page}"
    );
}

#[test]
fn pictures_become_boxes_of_their_size_and_pixels_vanish() {
    let done = checked(
        &html(
            "<p>a<img src=http://news.example/x.png width=300 height=80 alt='Our &lt;house'>b<img src=http://t.example/p.gif width=1 height=1>c</p>",
        ),
        &settings(),
    );
    let page = decoded(&done);
    assert_eq!(done.loads_removed, 2);
    assert!(
        page.contains("width:300px") && page.contains("min-height:80px") && page.contains("Our &lt;house"),
        "{page}"
    );
    assert!(page.contains("news.example") && page.ends_with("</span>bc</p>"), "{page}");
}

#[test]
fn attachments_that_load_are_withheld() {
    for kind in ["text/html", "image/svg+xml", "application/octet-stream"] {
        let raw = format!(
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhi\r\n--b\r\nContent-Type: {kind}; name=\"a.html\"\r\nContent-Disposition: attachment; filename=\"bill.html\"\r\n\r\n<html><script>location='http://a.example'</script>\r\n--b--\r\n"
        );
        let done = checked(raw.as_bytes(), &settings());
        let text = show(&done.bytes);
        assert_eq!(done.withheld, 1);
        assert!(
            text.contains("File: bill.html") && text.contains("SHA-256") && !text.contains("<script"),
            "{text}"
        );
        let kept = neutralise(raw.as_bytes(), &Settings { documents: Documents::Keep, ..settings() });
        assert!(!kept.changed, "{kind}");
    }
}

#[test]
fn appointments_attach_nothing_from_elsewhere() {
    let raw = b"Content-Type: text/calendar; charset=utf-8; method=REQUEST\r\n\r\nBEGIN:VCALENDAR\r\nATTACH:http://a.example/x\r\nURL:https://b.example/y\r\nDESCRIPTION:See https://c.ex\r\n ample/z now\r\nEND:VCALENDAR\r\n";
    let done = checked(raw, &settings());
    let text = decoded(&done).replace("\n ", "");
    assert!(!text.contains("ATTACH") && text.contains("URL:https://gate.example/notice#v1."), "{text}");
    assert!(text.contains("DESCRIPTION:See [c.example] https://gate.example/notice#"), "{text}");
}

#[test]
fn ambiguous_headers_and_bases_give_no_way_out() {
    for raw in [
        &b"Content-Type: text/plain\r\nContent-Type: text/html\r\n\r\n<img src=http://a.example/x>"[..],
        b"Content-Type: text/html\r\nContent-Base: http://a.example/\r\n\r\n<img src=x.gif><a href=y>z</a>",
        b"Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nPGltZyBzcmM9Imh0dHA6Ly9hLmV4YW1wbGUveCI+=\r\n!!PGI+",
        b"Content-Type: multipart/mixed; boundary=a; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<img src=http://a.example/x>\r\n--b--\r\n--a\r\n\r\n\r\n--a--\r\n",
        b"Content-Type: text/html; charset=utf-7\r\n\r\n+ADw-img src=http://a.example/x+AD4-",
        // EBCDIC, which programs know that convert by iconv or in Python or Java.
        b"Content-Type: text/html; charset=cp037\r\n\r\n\x4c\x89\x94\x87\x40\xa2\x99\x83\x7e\x61\x61\xa7\x61\xa7\x6e",
        b"Content-Type: multipart/mixed\r\n\r\n--\r\nContent-Type: text/html\r\n\r\n<img src=http://a.example/x>",
    ] {
        let done = checked(raw, &settings());
        assert!(done.changed, "{}", show(raw));
    }
}

#[test]
fn forged_fields_are_listed_and_replaced() {
    let raw = b"X-Portcullis-Neutralised: nothing\r\nSubject: x\r\nx-portcullis-neutralised: again\r\nX-Portcullis-Mark: 1\r\n\r\nhttp://a.example\r\n";
    assert_eq!(
        own_fields(raw),
        [
            ("X-Portcullis-Neutralised".to_owned(), 1),
            ("x-portcullis-neutralised".to_owned(), 2),
            ("X-Portcullis-Mark".to_owned(), 1)
        ]
    );
    let done = checked(raw, &settings());
    let text = show(&done.bytes);
    assert!(text.starts_with("X-Portcullis-Neutralised: loads=0; links=1;"), "{text}");
    assert!(
        !text.contains("nothing") && !text.contains("again") && text.contains("original=sha256:"),
        "{text}"
    );
}

#[test]
fn bounds_hold() {
    let deep = "<div>".repeat(100_000);
    let attributes = format!("<p {}>", (0..60_000).map(|n| format!("a{n}=1 ")).collect::<String>());
    let formats = (0..3000).map(|n| format!("<p><b a{n}>")).collect::<String>();
    for page in [&deep, &attributes, &formats] {
        let done = neutralise(&html(&format!("{page}<img src=http://a.example/x>")), &settings());
        assert!(done.changed);
    }
    let mut nested = String::new();
    for number in 0..1000 {
        nested += &format!("Content-Type: multipart/mixed; boundary=b{number}x\n\n--b{number}x\n");
    }
    nested += "Content-Type: text/html\n\n<img src=http://a.example/x>";
    let done = neutralise(nested.as_bytes(), &settings());
    assert!(done.changed && !show(&done.bytes).contains("<img"));
    let parts = format!(
        "Content-Type: multipart/mixed; boundary=b\n\n{}",
        "--b\n\nhttp://a.example/x\n".repeat(10_000)
    );
    let done = neutralise(parts.as_bytes(), &settings());
    assert_eq!(done.links_wrapped, 10_000);
}

#[test]
fn a_message_cut_anywhere_is_harmless() {
    let raw = b"From: a@b.example\r\nContent-Type: multipart/alternative; boundary=\"b\"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nsee http://a.example/1\r\n--b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<img src=3D\"http://a.example/x\"><style>a{background:url(http://a.example/y)}</style><a href=\r\n=3Dhttp://a.example>x</a>\r\n--b--\r\n";
    for end in 0..=raw.len() {
        checked(&raw[..end], &settings());
    }
}

const PIECES: &[&str] = &[
    "<svg>",
    "</svg>",
    "<math>",
    "<mtext>",
    "<mglyph>",
    "<style>",
    "</style>",
    "<title>",
    "</title>",
    "<noscript>",
    "</noscript>",
    "<template>",
    "</template>",
    "<table>",
    "<tr>",
    "<td>",
    "</table>",
    "<select>",
    "<option>",
    "<form>",
    "</form>",
    "<textarea>",
    "</textarea>",
    "<xmp>",
    "<plaintext>",
    "<iframe>",
    "<!--",
    "-->",
    "--!>",
    "<![CDATA[",
    "]]>",
    "<!-->",
    "<a href=http://e.example/x>",
    "</a>",
    "<img src=http://e.example/x>",
    "<img src='x' onerror=y>",
    "<image href=//e.example>",
    "<p title=\"",
    "\">",
    "'",
    "<b ",
    "<foreignObject>",
    "<desc>",
    "<annotation-xml encoding=text/html>",
    "<body background=http://e.example/b>",
    "<div style=\"background:url(http://e.example/z)\">",
    "a{background:u\\rl(//e.example)}",
    "@import '//e.example';",
    "</p>",
    "<br>",
    "&lt;img src=http://e.example/x&gt;",
    "<?xml version=1?>",
    "<!DOCTYPE html>",
    "<frameset>",
    "<frame src=//e.example>",
    "words ",
    "<!--[if mso]><v:fill src=http://e.example/v><![endif]-->",
    "\0",
    "<base href=//e.example>",
    "<script>",
    "</script>",
    "<object data=//e.example>",
    "<a href=\"java&#x0a;script:x\">",
    "<area href=//e.example>",
    "<caption>",
    "<head>",
    "</head>",
    "<col>",
    "<colgroup>",
    "<listing>",
    "/",
    "=",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_mixture_of_pieces_loads(pieces in proptest::collection::vec(0..PIECES.len(), 1..24)) {
        let page: String = pieces.into_iter().map(|place| PIECES[place]).collect();
        checked(&html(&page), &settings());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        checked(&bytes, &settings());
    }
}

/// `cargo test -p mail --lib neutralise -- --ignored corpus` with the shared messages beside the tree.
#[test]
#[ignore = "needs ../shared/data/mail and takes a minute"]
fn corpus() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/mail");
    let (mut count, mut changed, mut text_only, mut bytes, mut failed) = (0, 0, 0, 0, Vec::new());
    let settings = settings();
    for folder in std::fs::read_dir(&root).unwrap() {
        for file in std::fs::read_dir(folder.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            let Ok(raw) = std::fs::read(&path) else { continue };
            let done = neutralise(&raw, &settings);
            let links = Wrapper::new(&settings);
            let again = neutralise(&done.bytes, &settings);
            if !harmless(&done.bytes, &links, &settings, !done.untouched.is_empty())
                || again.bytes != done.bytes
            {
                failed.push(path.clone());
            }
            if done.text_only {
                eprintln!("text only: {}", path.display());
            }
            count += 1;
            bytes += raw.len();
            changed += u32::from(done.changed);
            text_only += u32::from(done.text_only);
        }
    }
    eprintln!("{count} messages, {bytes} bytes, {changed} changed, {text_only} as text only");
    assert_eq!(failed, Vec::<std::path::PathBuf>::new());
}
