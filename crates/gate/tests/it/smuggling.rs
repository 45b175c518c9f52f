//! SMTP smuggling by name: each published way to end a message otherwise. The next hop here takes any LF for a line
//! end, as the victims did.

use gate::smtp::{BareNewline, Protocol};

use crate::support::{OFFERS, Proxy, Talk, Told};

const SECOND: &str =
    "MAIL FROM:<admin@b.example>\r\nRCPT TO:<victim@b.example>\r\nDATA\r\nFrom: admin\r\n\r\nsmuggled";

const SEQUENCES: [(&str, &str); 14] = [
    ("lf dot lf", "\n.\n"),
    ("lf dot crlf", "\n.\r\n"),
    ("crlf dot lf", "\r\n.\n"),
    ("cr dot cr", "\r.\r"),
    ("cr dot crlf", "\r.\r\n"),
    ("crlf dot cr", "\r\n.\r"),
    ("cr dot lf", "\r.\n"),
    ("lf dot cr", "\n.\r"),
    ("crlf nul dot crlf", "\r\n\0.\r\n"),
    ("crlf dot nul crlf", "\r\n.\0\r\n"),
    ("crlf dot cr crlf", "\r\n.\r\r\n"),
    ("cr crlf dot lf", "\r\r\n.\n"),
    ("lf lf dot lf lf", "\n\n.\n\n"),
    ("crlf dot dot lf", "\r\n..\n.\n"),
];

async fn proxy(bare: BareNewline) -> Proxy {
    Proxy::with(Told::open(), Protocol::Smtp, Protocol::Smtp, OFFERS, |settings| settings.bare_newline = bare)
        .await
}

#[tokio::test]
async fn nothing_is_smuggled_in() {
    for bare in [BareNewline::Reject, BareNewline::Replace] {
        for (name, sequence) in SEQUENCES {
            let proxy = proxy(bare).await;
            let mut talk = proxy.hello().await;
            talk.ask("MAIL FROM:<outsider@a.example>", 250).await;
            talk.ask("RCPT TO:<staff@b.example>", 250).await;
            talk.ask("DATA", 354).await;
            talk.send(format!("Subject: first\r\n\r\ntext{sequence}{SECOND}\r\n.\r\n")).await;
            let first = talk.answer().await;
            if bare == BareNewline::Reject || sequence.contains('\0') {
                assert!(first.starts_with("550 "), "{name}: {first}");
            } else {
                assert!(first.starts_with("250 "), "{name}: {first}");
            }
            talk.ask("QUIT", 221).await;
            let asked = proxy.judge.asked.lock().unwrap().clone();
            let mails = proxy.sink.taken();
            assert_eq!(asked.len(), mails.len(), "{name}: what goes on was judged");
            assert!(mails.len() <= 1, "{name}");
            for mail in mails {
                assert_eq!(mail.from, "outsider@a.example", "{name}");
                let text = String::from_utf8(mail.content).unwrap();
                assert!(!text.replace("\r\n", "").contains(['\r', '\n', '\0']), "{name}: {text:?}");
                assert!(text.contains("smuggled"), "{name}: the second is text of the first: {text:?}");
            }
            assert!(!proxy.sink.said("MAIL").iter().any(|line| line.contains("admin@")), "{name}");
        }
    }
}

#[tokio::test]
async fn a_chunk_smuggles_nothing_either() {
    for (name, sequence) in SEQUENCES {
        let proxy = proxy(BareNewline::Reject).await;
        let mut talk = proxy.hello().await;
        talk.ask("MAIL FROM:<outsider@a.example>", 250).await;
        talk.ask("RCPT TO:<staff@b.example>", 250).await;
        let text = format!("Subject: first\r\n\r\ntext{sequence}{SECOND}\r\n");
        talk.send(format!("BDAT {} LAST\r\n{text}", text.len())).await;
        let answer = talk.answer().await;
        assert!(answer.starts_with("550 "), "{name}: {answer}");
        assert_eq!(proxy.sink.taken(), [], "{name}");
    }
    // In a chunk the true sequence is text, and is stuffed where it goes on by DATA.
    let proxy = proxy(BareNewline::Reject).await;
    let mut talk = proxy.hello().await;
    talk.ask("MAIL FROM:<outsider@a.example>", 250).await;
    talk.ask("RCPT TO:<staff@b.example>", 250).await;
    let text = format!("Subject: first\r\n\r\ntext\r\n.\r\n{SECOND}\r\n");
    talk.send(format!("BDAT {} LAST\r\n{text}", text.len())).await;
    talk.code(250).await;
    let mails = proxy.sink.taken();
    assert_eq!((mails.len(), mails[0].content.as_slice()), (1, text.as_bytes()));
}

#[tokio::test]
async fn a_command_that_ends_otherwise_closes_the_session() {
    let proxy = proxy(BareNewline::Replace).await;
    for line in ["NOOP\nNOOP\r\n", "NOOP\rNOOP\r\n", "NO\0OP\r\n", "NOOP\r\r\n", "\n"] {
        let mut talk: Talk<_> = proxy.hello().await;
        talk.send(line).await;
        talk.code(500).await;
        talk.ended().await;
    }
}

#[tokio::test]
async fn what_is_clean_passes_byte_for_byte() {
    let long = "x".repeat(20_000);
    let table: Vec<(Vec<u8>, Vec<u8>)> = vec![
        (b".\r\n".to_vec(), b"".to_vec()),
        (b"\r\n.\r\n".to_vec(), b"\r\n".to_vec()),
        (b"A: b\r\n.\r\n".to_vec(), b"A: b\r\n".to_vec()),
        (
            b"A: b\r\n\r\n..\r\n...\r\n.. x\r\n. \r\n.\r\n".to_vec(),
            b"A: b\r\n\r\n.\r\n..\r\n. x\r\n \r\n".to_vec(),
        ),
        (format!("A: b\r\n\r\n{long}\r\n.\r\n").into_bytes(), format!("A: b\r\n\r\n{long}\r\n").into_bytes()),
        (
            b"A: \xff\x80\r\n\r\n\xe4\xf6\x01\x7f\t \r\n.\r\n".to_vec(),
            b"A: \xff\x80\r\n\r\n\xe4\xf6\x01\x7f\t \r\n".to_vec(),
        ),
        (b"no header at all\r\n\r\n\r\n\r\n.\r\n".to_vec(), b"no header at all\r\n\r\n\r\n\r\n".to_vec()),
    ];
    let proxy = proxy(BareNewline::Reject).await;
    let mut talk = proxy.hello().await;
    for (wire, content) in table {
        talk.mail(&["a@b.example"], &wire, 250).await;
        let got = proxy.sink.taken().pop().unwrap().content;
        // The careless next hop unstuffs as it should, so that what it has is what was sent.
        assert_eq!(got, content, "{:?}", String::from_utf8_lossy(&wire[..wire.len().min(80)]));
        assert_eq!(proxy.judge.asked.lock().unwrap().last().unwrap().1, content);
    }
}
