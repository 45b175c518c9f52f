use std::fs;

use mail_parser::MessageParser;

use super::mailboxes;
use super::message::{is_bulk, split};
use super::tokens::{Marks, body};

const NEWSLETTER: &str = "From x@y.example Thu Aug 22 12:36:23 2002\nFrom: News <news@paper.example>\nTo: me@there.example\n\
    Subject: today\nList-Unsubscribe: <https://paper.example/off>\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=\"b\"\n\n\
    --b\nContent-Type: text/plain\n\nSee https://paper.example/a.\n--b\nContent-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n\
    <html><body><a href=3D\"https://paper.exam=\nple/a?x=3D1#top\">a</a></body></html>\n--b--\n";
const LETTER: &str =
    "From: A <a@b.example>\nTo: me@there.example\nSubject: hi\n\nFrom here, see http://b.example/\n";

#[test]
fn bulk_mail_goes_to_several_with_tokens_and_letters_to_one() {
    let (from, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::write(from.path().join("1.txt"), NEWSLETTER).unwrap();
    fs::write(from.path().join("2.txt"), LETTER).unwrap();
    fs::write(from.path().join("3.txt"), b"\xff\xfe no header").unwrap();
    fs::write(from.path().join("4.txt"), b"").unwrap();
    let truth = mailboxes(from.path(), 10, 1, out.path(), &mut |_| {}).unwrap();
    assert!((4..=11).contains(&truth.background.records), "{}", truth.background.records);
    assert!(truth.records.hostile.is_empty());
    let parser = MessageParser::default();
    let (mut tokens, mut letters) = (std::collections::BTreeSet::new(), 0);
    for owner in fs::read_dir(out.path().join("evidence/mail")).unwrap() {
        let path = owner.unwrap().path();
        let address = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(path.join("Inbox.mbox")).unwrap();
        for raw in text.split("\n\nFrom ").map(|raw| raw.split_once('\n').unwrap().1) {
            let message = parser.parse(raw.as_bytes()).unwrap();
            let to = message.to().unwrap().first().unwrap().address().unwrap();
            assert_eq!(to, address);
            let delivered = message.header_raw("Delivered-To").unwrap();
            assert_eq!(delivered.trim(), address);
            if message.subject() == Some("today") {
                let html = message.body_html(0).unwrap().into_owned();
                assert!(html.contains("https://paper.example/a?x=1"), "{html}");
                tokens.insert(html);
            } else {
                letters += 1;
                assert!(message.body_text(0).unwrap().contains("From here"));
            }
        }
    }
    assert_eq!(letters, 1);
    assert!(tokens.len() >= 3 || tokens.len() == 1, "{}", tokens.len());
}

#[test]
fn tokens_stand_in_every_coding() {
    let page = "<a href=\"http://x.example/p?q=1\">x</a> http://x.example. ";
    for (coding, text) in [
        ("7bit", page.to_owned()),
        ("quoted-printable", page.replace('=', "=3D")),
        ("base64", base64::Engine::encode(&base64::engine::general_purpose::STANDARD, page)),
    ] {
        let raw =
            format!("Subject: x\nContent-Type: text/html\nContent-Transfer-Encoding: {coding}\n\n{text}\n");
        let parts = split(raw.as_bytes()).unwrap();
        assert!(is_bulk(&parts));
        let marks = Marks {
            parameter: "r",
            token: &|number| format!("t{number}"),
            pixel: Some("http://x.example/o?z=9".into()),
        };
        let mut out = raw.as_bytes()[..raw.find("\n\n").unwrap() + 2].to_vec();
        body(&parts, &marks, &mut out);
        let message = MessageParser::default().parse(&out).unwrap();
        let html = message.body_html(0).unwrap().into_owned();
        assert!(html.contains("http://x.example/p?q=1&r=t0\""), "{html}");
        assert!(html.contains("http://x.example/?r=t1."), "{html}");
        assert!(html.contains("http://x.example/o?z=9"), "{html}");
    }
}

#[test]
fn torn_messages_do_no_harm() {
    let marks = Marks { parameter: "r", token: &|_| "t".into(), pixel: Some("http://x.example/o".into()) };
    for cut in 0..NEWSLETTER.len() {
        if let Some(parts) = split(&NEWSLETTER.as_bytes()[..cut]) {
            let _ = is_bulk(&parts);
            let mut out = Vec::new();
            body(&parts, &marks, &mut out);
        }
    }
}
