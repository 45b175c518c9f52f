//! SMTP, command by command.

use std::time::Duration;

use gate::door::Action;
use gate::listen::Address;
use gate::smtp::Protocol;
use tokio::io::AsyncWriteExt;

use crate::support::{OFFERS, Proxy, Told, changed, defer, held, plain, reject};

const TEXT: &str = "Subject: s\r\n\r\nbody\r\n";

#[tokio::test]
async fn a_message_goes_through() {
    let proxy = Proxy::start(Told::open()).await;
    let mut talk = proxy.talk().await;
    let offers = talk.ask("EHLO client.example", 250).await;
    for offer in ["PIPELINING", "8BITMIME", "SMTPUTF8", "CHUNKING", "ENHANCEDSTATUSCODES", "SIZE 5"] {
        assert!(offers.contains(offer), "{offers}");
    }
    assert!(!offers.contains("STARTTLS") && !offers.contains("AUTH"));
    let answer = talk.mail(&["a@b.example", "c@b.example"], format!("{TEXT}.\r\n"), 250).await;
    assert_eq!(answer, "250 2.0.0 taken\r\n");
    talk.ask("QUIT", 221).await;
    talk.ended().await;
    let mails = proxy.sink.taken();
    assert_eq!(mails.len(), 1);
    assert_eq!((mails[0].from.as_str(), mails[0].content.as_slice()), ("sender@a.example", TEXT.as_bytes()));
    assert_eq!(mails[0].to, ["a@b.example", "c@b.example"]);
    let asked = proxy.judge.asked.lock().unwrap();
    assert_eq!(asked[0].1, TEXT.as_bytes());
    assert_eq!((asked[0].0.client, asked[0].0.helo.as_str()), (None, "client.example"));
}

#[tokio::test]
async fn commands_out_of_order_and_wrong_ones_have_their_answers() {
    let proxy = Proxy::start(Told::open()).await;
    let mut talk = proxy.talk().await;
    talk.ask("MAIL FROM:<a@b.example>", 503).await;
    talk.ask("LHLO x", 500).await;
    talk.ask("HELO x", 250).await;
    for (command, code) in [
        ("RCPT TO:<a@b.example>", 503),
        ("DATA", 503),
        ("BDAT 0 LAST", 503),
        ("NOOP", 250),
        ("HELP", 214),
        ("VRFY a", 252),
        ("RSET", 250),
        ("AUTH PLAIN", 502),
        ("STARTTLS", 502),
        ("WHAT", 500),
        ("MAIL FROM:<a@b.example> AUTH=<>", 555),
        ("MAIL FROM:<a@b.example> SIZE=99999999999", 552),
        ("MAIL FROM:<\u{e4}@b.example>", 553),
        ("MAIL FROM:<a@b.example>", 250),
        ("MAIL FROM:<a@b.example>", 503),
        ("DATA", 554),
        ("RCPT TO:<bad@b.example>", 550),
        ("RCPT TO:<later@b.example>", 450),
        ("RCPT TO:<\u{e4}@b.example>", 553),
        ("RSET", 250),
        ("DATA", 503),
    ] {
        talk.ask(command, code).await;
    }
    assert!(talk.ask("RCPT TO:<a@b.example>", 503).await.starts_with("503 5.5.1 "));
    talk.ask("MAIL FROM:<later@b.example>", 450).await;
    talk.ask("QUIT", 221).await;
    assert_eq!(proxy.sink.taken(), []);
}

#[tokio::test]
async fn too_many_errors_and_too_long_idling_end_a_session() {
    let set = |settings: &mut gate::smtp::Settings| {
        settings.limits.errors = 3;
        settings.limits.idle_commands = 5;
    };
    let proxy = Proxy::with(Told::open(), Protocol::Smtp, Protocol::Smtp, OFFERS, set).await;
    let mut talk = proxy.talk().await;
    for _ in 0..4 {
        talk.ask("WHAT", 500).await;
    }
    talk.code(421).await;
    talk.ended().await;
    let mut talk = proxy.talk().await;
    for _ in 0..9 {
        talk.ask("NOOP", 250).await;
    }
    talk.code(421).await;
    talk.ended().await;
}

#[tokio::test]
async fn limits_are_answered() {
    let set = |settings: &mut gate::smtp::Settings| {
        settings.limits.message = 1000;
        settings.limits.recipients = 2;
        settings.limits.line = 500;
    };
    let proxy = Proxy::with(Told::open(), Protocol::Smtp, Protocol::Smtp, OFFERS, set).await;
    let mut talk = proxy.hello().await;
    talk.mail(&["a@b.example"], format!("{}.\r\n", "x\r\n".repeat(400)), 552).await;
    talk.mail(&["a@b.example"], format!("{}\r\n.\r\n", "x".repeat(499)), 550).await;
    talk.mail(&["a@b.example"], "x\0y\r\n.\r\n", 550).await;
    talk.ask("MAIL FROM:<a@b.example>", 250).await;
    talk.ask("RCPT TO:<a@b.example>", 250).await;
    talk.ask("RCPT TO:<b@b.example>", 250).await;
    talk.ask("RCPT TO:<c@b.example>", 452).await;
    talk.ask("RSET", 250).await;
    talk.mail(&["a@b.example"], format!("{TEXT}.\r\n"), 250).await;
    assert_eq!(proxy.sink.taken().len(), 1);
    // What goes on for ever is cut off.
    talk.ask("MAIL FROM:<a@b.example>", 250).await;
    talk.ask("RCPT TO:<a@b.example>", 250).await;
    talk.ask("BDAT 999999999999", 552).await;
    talk.ended().await;
    let mut talk = proxy.talk().await;
    talk.send("X".repeat(5000)).await;
    talk.code(500).await;
    talk.ended().await;
    assert_eq!(proxy.judge.asked.lock().unwrap().len(), 1, "what is refused is not judged");
}

#[tokio::test]
async fn silence_ends_a_session_and_a_trickle_does_too() {
    let set = |settings: &mut gate::smtp::Settings| {
        settings.timeouts.command = Duration::from_millis(300);
        settings.timeouts.data = Duration::from_millis(300);
        settings.timeouts.message = Duration::from_millis(600);
    };
    let proxy = Proxy::with(Told::open(), Protocol::Smtp, Protocol::Smtp, OFFERS, set).await;
    let mut talk = proxy.hello().await;
    talk.code(421).await;
    talk.ended().await;
    let mut talk = proxy.hello().await;
    for _ in 0..20 {
        if talk.stream.write_all(b"X").await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    talk.code(421).await;
    let mut talk = proxy.hello().await;
    talk.ask("MAIL FROM:<a@b.example>", 250).await;
    talk.ask("RCPT TO:<a@b.example>", 250).await;
    talk.ask("DATA", 354).await;
    for _ in 0..20 {
        if talk.stream.write_all(b"X\r\n").await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    talk.code(421).await;
    assert_eq!(proxy.sink.taken(), []);
}

#[tokio::test]
async fn everything_may_come_at_once_and_the_stream_may_be_half_closed() {
    let proxy = Proxy::start(Told::open()).await;
    let mut talk = proxy.talk().await;
    let one = "MAIL FROM:<a@b.example>\r\nRCPT TO:<bad@b.example>\r\nRCPT TO:<c@b.example>\r\nDATA\r\n";
    talk.send(format!("EHLO x\r\n{one}{TEXT}.\r\n{one}..\r\n.\r\nQUIT\r\n")).await;
    talk.stream.get_mut().shutdown().await.unwrap();
    for code in [250, 250, 550, 250, 354, 250, 250, 550, 250, 354, 250, 221] {
        talk.code(code).await;
    }
    talk.ended().await;
    let contents: Vec<_> = proxy.sink.taken().into_iter().map(|mail| mail.content).collect();
    assert_eq!(contents, [TEXT.as_bytes(), b".\r\n"]);
}

#[tokio::test]
async fn a_message_that_breaks_off_is_none() {
    let proxy = Proxy::start(Told::open()).await;
    for end in ["", "\r\n.", "\r\n.\r"] {
        let mut talk = proxy.hello().await;
        talk.ask("MAIL FROM:<a@b.example>", 250).await;
        talk.ask("RCPT TO:<a@b.example>", 250).await;
        talk.ask("DATA", 354).await;
        talk.send(format!("{TEXT}half{end}")).await;
        talk.stream.get_mut().shutdown().await.unwrap();
        talk.ended().await;
    }
    assert_eq!(proxy.sink.taken(), []);
    assert_eq!(proxy.judge.asked.lock().unwrap().len(), 0);
}

#[tokio::test]
async fn chunks_make_a_message_and_do_not_mix_with_data() {
    static CHUNKING: &[&str] = &["CHUNKING", "8BITMIME"];
    for offers in [OFFERS, CHUNKING] {
        let proxy = Proxy::with(Told::open(), Protocol::Smtp, Protocol::Smtp, offers, |_| {}).await;
        let mut talk = proxy.hello().await;
        talk.ask("MAIL FROM:<a@b.example> BODY=8BITMIME", 250).await;
        talk.ask("RCPT TO:<a@b.example>", 250).await;
        talk.send("BDAT 6\r\n.a: b\r").await;
        talk.code(250).await;
        talk.ask("DATA", 503).await;
        talk.ask("RCPT TO:<c@b.example>", 503).await;
        talk.send("BDAT 4\r\n\n\r\nxBDAT 0 LAST\r\n").await;
        talk.code(250).await;
        talk.code(250).await;
        let content = proxy.sink.taken()[0].content.clone();
        let expected = if offers == CHUNKING { ".a: b\r\n\r\nx" } else { ".a: b\r\n\r\nx\r\n" };
        assert_eq!(String::from_utf8(content).unwrap(), expected);
        // A chunk that nobody wants is read all the same.
        talk.send("BDAT 6 LAST\r\nNOOP\r\nNOOP\r\n").await;
        talk.code(503).await;
        talk.code(250).await;
        talk.ask("MAIL FROM:<a@b.example>", 250).await;
        talk.ask("RCPT TO:<a@b.example>", 250).await;
        talk.send("BDAT 3 LAST\r\na\nb").await;
        talk.code(550).await;
    }
}

#[tokio::test]
async fn decisions_become_answers() {
    for (action, code, text, count) in [
        (held(), 250, "q1", 0),
        (reject(), 550, "5.7.1 Not wanted", 0),
        (defer(), 451, "4.7.1 Not now", 0),
        (plain(), 250, "taken", 1),
    ] {
        let proxy = Proxy::start(Told::all(action.clone())).await;
        let mut talk = proxy.hello().await;
        // Twice, so that the next hop's connection is of use afterwards.
        for _ in 0..2 {
            let answer = talk.mail(&["a@b.example"], format!("{TEXT}.\r\n"), code).await;
            assert!(answer.contains(text) || matches!(action, Action::Quarantined { .. }), "{answer}");
        }
        assert_eq!(proxy.sink.taken().len(), 2 * count);
        assert_eq!(proxy.sink.said("EHLO").len(), 1, "one connection serves both");
    }
}

#[tokio::test]
async fn groups_get_copies_of_their_own_and_the_strictest_answer_is_for_all() {
    let tagged = || Action::Deliver {
        prepend: vec![("X-Gate".into(), "seen".into())],
        remove: vec![("Subject".into(), 1)],
        changed: None,
    };
    let rule = move |_: &gate::door::Envelope, _: &[u8]| {
        vec![
            (vec![0], plain()),
            (vec![1], held()),
            (vec![2], changed("New: \u{e4}\r\n\r\n.\nx")),
            (vec![3], tagged()),
        ]
    };
    let proxy = Proxy::start(Told::new(rule)).await;
    let mut talk = proxy.hello().await;
    let four = ["a@b.example", "b@b.example", "c@b.example", "d@b.example"];
    talk.mail(&four, format!("{TEXT}.\r\n"), 250).await;
    let got: Vec<_> = proxy
        .sink
        .taken()
        .into_iter()
        .map(|m| (m.to.join(" "), String::from_utf8(m.content).unwrap()))
        .collect();
    assert_eq!(
        got,
        [
            ("a@b.example".to_owned(), TEXT.to_owned()),
            ("c@b.example".into(), "New: \u{e4}\r\n\r\n.\r\nx\r\n".into()),
            ("d@b.example".into(), "X-Gate: seen\r\n\r\nbody\r\n".into()),
        ]
    );
    assert!(proxy.sink.said("MAIL")[2].contains("BODY=8BITMIME"), "{:?}", proxy.sink.said("MAIL"));
    let rule = |_: &gate::door::Envelope, _: &[u8]| vec![(vec![0], plain()), (vec![1], reject())];
    let proxy = Proxy::start(Told::new(rule)).await;
    let mut talk = proxy.hello().await;
    talk.mail(&four[..2], format!("{TEXT}.\r\n"), 550).await;
    talk.mail(&four[..3], format!("{TEXT}.\r\n"), 451).await;
    assert_eq!(proxy.sink.taken(), []);
}

#[tokio::test]
async fn a_later_copy_that_fails_makes_the_sender_come_again() {
    let rule =
        |_: &gate::door::Envelope, _: &[u8]| vec![(vec![0], plain()), (vec![1], changed("N: n\r\n\r\n"))];
    let proxy = Proxy::start(Told::new(rule)).await;
    let mut talk = proxy.hello().await;
    talk.mail(&["a@b.example", "full@b.example"], format!("{TEXT}.\r\n"), 452).await;
    assert_eq!(proxy.sink.taken().len(), 1, "the first copy went on");
}

#[tokio::test]
async fn the_next_hop_is_told_of_the_client_and_of_parameters() {
    let proxy = Proxy::start(Told::open()).await;
    let mut talk = proxy.hello().await;
    talk.ask("XFORWARD NAME=mx.a.example ADDR=192.0.2.9 SOURCE=REMOTE", 250).await;
    talk.ask("XFORWARD HELO=mx+2B IDENT=Q123", 250).await;
    talk.ask("MAIL FROM:<\u{e4}@a.example> SIZE=99 BODY=8BITMIME SMTPUTF8", 250).await;
    talk.ask("XFORWARD NAME=x", 503).await;
    talk.ask("RCPT TO:<\u{f6}@b.example>", 250).await;
    talk.ask("DATA", 354).await;
    talk.send(".\r\n").await;
    talk.code(250).await;
    let commands = proxy.sink.commands.lock().unwrap().clone();
    assert_eq!(commands[1], "XFORWARD NAME=mx.a.example ADDR=192.0.2.9 HELO=mx+2B IDENT=Q123");
    assert_eq!(commands[2], "MAIL FROM:<\u{e4}@a.example> SIZE=99 BODY=8BITMIME SMTPUTF8");
    let envelope = proxy.judge.asked.lock().unwrap()[0].0.clone();
    assert_eq!(envelope.client, Some("192.0.2.9".parse().unwrap()));
    assert_eq!((envelope.helo.as_str(), envelope.queue_id.as_deref()), ("mx+", Some("Q123")));
    assert!(envelope.utf8 && envelope.client_name.as_deref() == Some("mx.a.example"));
    // It was for one transaction; XCLIENT is for the session.
    talk.mail(&["a@b.example"], ".\r\n", 250).await;
    assert_eq!(proxy.judge.asked.lock().unwrap()[1].0.client, None);
    talk.ask("XCLIENT ADDR=IPV6:2001:db8::7 NAME=[UNAVAILABLE]", 220).await;
    talk.ask("MAIL FROM:<a@b.example>", 503).await;
    talk.ask("EHLO x", 250).await;
    talk.mail(&["a@b.example"], ".\r\n", 250).await;
    let envelope = proxy.judge.asked.lock().unwrap()[2].0.clone();
    assert_eq!((envelope.client, envelope.client_name), (Some("2001:db8::7".parse().unwrap()), None));
}

#[tokio::test]
async fn strangers_may_not_speak_for_others_and_what_a_hop_lacks_is_not_asked_of_it() {
    static NONE: &[&str] = &[];
    let proxy =
        Proxy::with(Told::open(), Protocol::Smtp, Protocol::Smtp, NONE, |settings| settings.trusted.clear())
            .await;
    let mut talk = proxy.talk().await;
    assert!(!talk.ask("EHLO x", 250).await.contains("XFORWARD"));
    talk.ask("XFORWARD ADDR=192.0.2.9", 550).await;
    talk.ask("XCLIENT ADDR=192.0.2.9", 550).await;
    talk.ask("MAIL FROM:<a@b.example> SMTPUTF8", 550).await;
    talk.ask("MAIL FROM:<a@b.example> SIZE=5 BODY=8BITMIME", 250).await;
    assert_eq!(proxy.sink.said("MAIL"), ["MAIL FROM:<a@b.example>"]);
    assert_eq!(proxy.sink.said("XFORWARD"), [""; 0]);
}

#[tokio::test]
async fn a_next_hop_that_is_down_keeps_the_mail_with_its_sender() {
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: Address = format!("inet:{}", gone.local_addr().unwrap()).parse().unwrap();
    let proxy = Proxy::with(Told::open(), Protocol::Smtp, Protocol::Smtp, OFFERS, |settings| {
        settings.next_hop.address = address;
    })
    .await;
    // First it takes the connection and hangs up in the middle, then it is not there.
    let mut talk = proxy.hello().await;
    talk.send("MAIL FROM:<a@b.example>\r\n").await;
    let (mut hop, _) = gone.accept().await.unwrap();
    hop.write_all(b"220 x\r\n250 x\r\n250 sender\r\n").await.unwrap();
    talk.code(250).await;
    drop(hop);
    talk.ask("RCPT TO:<a@b.example>", 451).await;
    talk.ask("RCPT TO:<b@b.example>", 451).await;
    talk.ask("DATA", 451).await;
    talk.ask("RSET", 250).await;
    drop(gone);
    talk.ask("MAIL FROM:<a@b.example>", 451).await;
}
