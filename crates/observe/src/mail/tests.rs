use model::Place;
use proptest::prelude::*;

use super::*;
use crate::w3c::probe::{expect, probe, source, time, torment};

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
fn a_message_becomes_facts() {
    let found = probe(read_message, MESSAGE.as_bytes());
    assert_eq!((found.events.len(), found.problems.len()), (1, 0));
    let event = &found.events[0];
    assert_eq!((source(event).as_str(), time(event).as_str()), ("mail / mail", "2021-10-28T07:30:05Z"));
    expect(
        event,
        &[
            ("mail.from.address", "Jurg@Sender.Example"),
            ("mail.from.name", "Jürg"),
            ("mail.from.domain", "sender.example"),
            ("mail.reply_to.address", "other@reply.example"),
            ("mail.return_path", "bounce@sender.example"),
            ("mail.to", "a@example.org | b@example.org"),
            ("mail.cc", "c@example.org | d@example.org"),
            ("mail.subject", "你好 invoice"),
            ("mail.message_id", "1@sender.example"),
            ("mail.date", "2021-10-28T09:29:00+02:00"),
            ("mail.user_agent", "Mailer 1.0"),
            ("mail.list_id", "news.sender.example"),
            ("mail.hops", "2"),
            ("mail.hop.from", "gw.example.org | mail.sender.example"),
            ("mail.hop.by", "ex.example.org | gw.example.org"),
            ("mail.hop.address", "10.0.0.25 | 198.51.100.7"),
            ("mail.hop.time", "2021-10-28T08:30:05+01:00 | 2021-10-28T07:30:01Z"),
            ("mail.attachment.name", "page.html | ∅"),
            ("mail.attachment.type", "text/html | application/octet-stream"),
            // Of the one byte E0, not of the two bytes of UTF-8 that it stands for; and of “abc”.
            (
                "mail.attachment.sha256",
                "7d8c5da7fd418379048e430b33dc8ffcda739e44326b8a5d647dc0ad81ed2157 | ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
            ("mail.attachment.size", "1 | 3"),
            ("mail.size", &MESSAGE.len().to_string()),
        ],
    );
}

#[test]
fn the_time_is_the_date_where_nobody_received() {
    for (header, expected) in [
        ("Date: Thu, 28 Oct 2021 09:29:00 +0200\r\n", "2021-10-28T07:29:00Z"),
        (
            "Received: by a.example; nonsense\r\nDate: Thu, 28 Oct 2021 09:29:00 +0200\r\n",
            "2021-10-28T07:29:00Z",
        ),
        ("Date: 99 Oct 2021 09:29:00 +0200\r\n", "-"),
        ("Subject: x\r\n", "-"),
    ] {
        let found = probe(read_message, format!("From: a@example.org\r\n{header}\r\nx").as_bytes());
        assert_eq!(time(&found.events[0]), expected, "{header}");
    }
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
        &[("mail.subject", "one"), ("mail.envelope", "From a@example.org Thu Oct 28 07:30:05 2021")],
    );
    expect(&found.events[1], &[("mail.subject", "two"), ("mail.from.address", "b@example.org")]);
}

#[test]
fn a_message_that_is_too_long_is_read_up_to_the_bound() {
    let mut long = b"From: a@example.org\nTo: b@example.org\nSubject: x\n\n".to_vec();
    long.resize(MAX_MESSAGE + 1, b'x');
    let found = probe(read_message, &long);
    assert_eq!(found.problems[0].place, Place::Record(1));
    expect(&found.events[0], &[("mail.subject", "x"), ("mail.size", &MAX_MESSAGE.to_string())]);
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
