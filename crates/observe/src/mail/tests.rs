use model::Place;
use proptest::prelude::*;

use super::*;
use crate::w3c::probe::{expect, probe, source, torment};

const MESSAGE: &str = concat!(
    "Return-Path: <bounce@sender.example>\r\n",
    "Received: from gw.example.org (gw.example.org [10.0.0.25]) by ex.example.org with ESMTP id 1;\r\n",
    "\tThu, 28 Oct 2021 08:30:05 +0100\r\n",
    "Received: from mail.sender.example (unknown [198.51.100.7])\r\n",
    "\tby gw.example.org (Postfix) with ESMTPS id 2\r\n",
    "\tfor <a@example.org>; Thu, 28 Oct 2021 07:30:01 +0000 (UTC)\r\n",
    "From: =?utf-8?B?SsO8cmc=?= <Jurg@Sender.Example>\r\n",
    "Reply-To: other@reply.example\r\n",
    "To: \"A, B\" <a@example.org>, b@example.org\r\n",
    "Cc: group: c@example.org, d@example.org;\r\n",
    "Subject: =?gb2312?B?xOO6ww==?= invoice\r\n",
    "Message-ID: <1@sender.example>\r\n",
    "Date: Thu, 28 Oct 2021 09:29:00 +0200\r\n",
    "X-Mailer: Mailer 1.0\r\n",
    "List-Id: News <news.sender.example>\r\n",
    "MIME-Version: 1.0\r\n",
    "Content-Type: multipart/mixed; boundary=\"b\"\r\n",
    "\r\n",
    "--b\r\n",
    "Content-Type: text/plain\r\n",
    "\r\n",
    "Hello\r\n",
    "--b\r\n",
    "Content-Type: Text/HTML; charset=iso-8859-1; name=\"page.html\"\r\n",
    "Content-Disposition: attachment; filename=\"page.html\"\r\n",
    "Content-Transfer-Encoding: base64\r\n",
    "\r\n",
    "4A==\r\n",
    "--b\r\n",
    "Content-Type: application/octet-stream\r\n",
    "Content-Transfer-Encoding: base64\r\n",
    "\r\n",
    "YWJj\r\n",
    "--b--\r\n",
);

#[test]
fn a_message_is_handed_over_whole() {
    let found = probe(read_message, MESSAGE.as_bytes());
    assert_eq!((found.events.len(), found.problems.len()), (1, 0));
    assert_eq!(source(&found.events[0]), "mail / mail");
    expect(&found.events[0], &[("raw", MESSAGE)]);
}

#[test]
fn what_has_no_header_is_no_message() {
    for bytes in ["", "\n", "\nFrom: a\n", "no header\nhere\n\nTo: b\n"] {
        let found = probe(read_message, bytes.as_bytes());
        assert_eq!((found.events.len(), found.problems.len()), (0, 1), "{bytes:?}");
    }
    assert_eq!(probe(read_message, b"junk\nFrom: a@example.org\n").events.len(), 1);
}

#[test]
fn a_mailbox_is_read_message_by_message() {
    let mailbox = concat!(
        "From a@example.org Thu Oct 28 07:30:05 2021\n",
        "From: a@example.org\nTo: b@example.org\nSubject: one\n\n>From here\n\n",
        "From b@example.org Thu Oct 28 07:31:05 2021\n",
        "From: b@example.org\nSubject: two\n\nlast\n",
    );
    assert!(recognise_mbox(mailbox));
    let found = probe(read_mbox, mailbox.as_bytes());
    assert_eq!((found.events.len(), found.problems.len()), (2, 0));
    let places: Vec<(u64, u64)> = found.events.iter().map(|event| (event.record, event.offset)).collect();
    assert_eq!(places, [(1, 0), (2, mailbox.find("From b").unwrap() as u64)]);
    expect(
        &found.events[0],
        &[
            ("raw", "From: a@example.org\nTo: b@example.org\nSubject: one\n\nFrom here\n\n"),
            ("mail.envelope", "From a@example.org Thu Oct 28 07:30:05 2021"),
        ],
    );
    expect(&found.events[1], &[("raw", "From: b@example.org\nSubject: two\n\nlast\n")]);
}

#[test]
fn a_message_of_apple_mail_is_read() {
    let emlx = format!("{}      \n{MESSAGE}<?xml version=\"1.0\"?>\n<plist/>\n", MESSAGE.len());
    assert!(recognise_emlx(&emlx) && !recognise_message(&emlx));
    assert!(!recognise_emlx(MESSAGE) && !recognise_emlx("12\n34\n"));
    let found = probe(read_emlx, emlx.as_bytes());
    assert_eq!((found.events.len(), found.problems.len()), (1, 0));
    expect(&found.events[0], &[("raw", MESSAGE)]);
    torment(read_emlx, emlx.as_bytes());
}

#[test]
fn a_message_that_is_too_long_is_read_up_to_the_bound() {
    let mut long = b"From: a@example.org\nTo: b@example.org\nSubject: x\n\n".to_vec();
    long.resize(MAX_MESSAGE + 1, b'x');
    let found = probe(read_message, &long);
    assert_eq!(found.problems[0].place, Place::Record(1));
    assert_eq!(found.events[0].get("raw").unwrap().text.len(), MAX_MESSAGE);
}

#[test]
fn only_mail_is_recognised() {
    for (head, expected) in [
        (MESSAGE, true),
        ("From: a@example.org\nTo: b@example.org\nDate: x\n\nbody", true),
        ("X-Spam: no\nX-Long: a\n\tb\nFrom: a\nSubject: b\nDate: c\n", true),
        ("Date: x\nContent-Type: text/html\nUser-Agent: y\nMIME-Version: 1.0\n", false),
        ("Note: a\nSubject: b\nTo: c\n", false),
        ("From: a\nsome text\nTo: b\nSubject: c\n", false),
        ("10:00:01 something: else\nFrom: a\nTo: b\nSubject: c\n", false),
        ("Oct 28 07:30:05 gw postfix/smtpd[1]: connect from x\n", false),
        ("", false),
    ] {
        assert_eq!(recognise_message(head), expected, "{head}");
    }
    assert!(!recognise_mbox("From here on it rains at 10:00 in 2021\nand more\n"));
    assert!(!recognise_mbox(MESSAGE));
}

#[test]
fn damage_does_not_matter_to_the_reader() {
    torment(read_message, MESSAGE.as_bytes());
    let mailbox = format!("From a@example.org Thu Oct 28 07:30:05 2021\n{}\n", MESSAGE.replace("\r\n", "\n"));
    torment(read_mbox, format!("{mailbox}{mailbox}").as_bytes());
}

proptest! {
    #[test]
    fn hostile_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut evidence = b"From a@example.org Thu Oct 28 07:30:05 2021\nContent-Type: multipart/mixed; boundary=b\n".to_vec();
        evidence.extend(bytes);
        probe(read_mbox, &evidence);
        probe(read_message, &evidence);
        let _ = recognise_message(&String::from_utf8_lossy(&evidence));
    }
}
