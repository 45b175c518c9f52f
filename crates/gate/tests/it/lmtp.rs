//! LMTP: an answer for each recipient.

use gate::door::Envelope;
use gate::smtp::{BareNewline, Protocol};

use crate::support::{OFFERS, Proxy, Told, changed, defer, held, plain, reject};

const TEXT: &str = "Subject: s\r\n\r\nbody\r\n";

async fn start(judge: Told, next: Protocol) -> Proxy {
    Proxy::with(judge, Protocol::Lmtp, next, OFFERS, |_| {}).await
}

#[tokio::test]
async fn each_recipient_has_its_own_answer() {
    let rule = |envelope: &Envelope, _: &[u8]| {
        let action = |to: &String| match to.split('@').next().unwrap() {
            "held" => held(),
            "reject" => reject(),
            "defer" => defer(),
            "changed" => changed("N: n\r\n\r\nother\r\n"),
            _ => plain(),
        };
        envelope.recipients.iter().enumerate().map(|(at, to)| (vec![at], action(to))).collect()
    };
    let proxy = start(Told::new(rule), Protocol::Lmtp).await;
    let mut talk = proxy.talk().await;
    talk.ask("EHLO x", 500).await;
    talk.ask("LHLO x", 250).await;
    talk.ask("MAIL FROM:<s@a.example>", 250).await;
    talk.ask("RCPT TO:<bad@b.example>", 550).await;
    for to in ["plain", "held", "reject", "full", "changed", "defer", "never"] {
        talk.ask(&format!("RCPT TO:<{to}@b.example>"), 250).await;
    }
    talk.ask("DATA", 354).await;
    talk.send(format!("{TEXT}.\r\n")).await;
    for code in [250, 250, 550, 452, 250, 451, 554] {
        talk.code(code).await;
    }
    talk.ask("NOOP", 250).await;
    let got: Vec<_> = proxy
        .sink
        .taken()
        .into_iter()
        .map(|m| (m.to.join(" "), String::from_utf8(m.content).unwrap()))
        .collect();
    let expected = [
        ("plain@b.example".to_owned(), TEXT.to_owned()),
        ("changed@b.example".into(), "N: n\r\n\r\nother\r\n".into()),
    ];
    assert_eq!(got, expected);
}

#[tokio::test]
async fn one_group_goes_in_one_transaction_with_the_stores_own_answers() {
    let proxy = start(Told::open(), Protocol::Lmtp).await;
    let mut talk = proxy.talk().await;
    talk.ask("LHLO x", 250).await;
    talk.ask("MAIL FROM:<>", 250).await;
    talk.ask("DATA", 503).await;
    for to in ["a", "full", "never", "d"] {
        talk.ask(&format!("RCPT TO:<{to}@b.example>"), 250).await;
    }
    talk.send(format!("BDAT {} LAST\r\n{TEXT}", TEXT.len())).await;
    for answer in ["250 2.0.0 taken", "452 4.2.2 mailbox full", "554 5.6.0 not this", "250 2.0.0 taken"] {
        assert_eq!(talk.answer().await, format!("{answer}\r\n"));
    }
    assert_eq!(proxy.sink.said("DATA").len(), 1);
    assert_eq!(proxy.sink.taken()[0].to, ["a@b.example", "d@b.example"]);
}

#[tokio::test]
async fn a_fault_is_told_to_each_recipient() {
    let proxy = Proxy::with(Told::open(), Protocol::Lmtp, Protocol::Smtp, OFFERS, |s| {
        s.bare_newline = BareNewline::Reject
    })
    .await;
    let mut talk = proxy.talk().await;
    talk.ask("LHLO x", 250).await;
    talk.mail(&["a@b.example", "b@b.example"], "a\nb\r\n.\r\n", 550).await;
    talk.code(550).await;
    talk.mail(&["a@b.example", "b@b.example"], "ab\r\n.\r\n", 250).await;
    talk.code(250).await;
    assert_eq!(proxy.sink.taken().len(), 1);
}

#[tokio::test]
async fn smtp_before_a_store_has_one_answer() {
    let proxy = Proxy::with(Told::open(), Protocol::Smtp, Protocol::Lmtp, OFFERS, |_| {}).await;
    let mut talk = proxy.hello().await;
    talk.mail(&["a@b.example", "b@b.example"], format!("{TEXT}.\r\n"), 250).await;
    talk.mail(&["a@b.example", "never@b.example", "full@b.example"], format!("{TEXT}.\r\n"), 452).await;
    talk.mail(&["a@b.example", "never@b.example"], format!("{TEXT}.\r\n"), 554).await;
    talk.ask("NOOP", 250).await;
    assert_eq!(proxy.sink.taken().len(), 3);
}
