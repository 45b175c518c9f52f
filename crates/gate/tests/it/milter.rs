//! Milter dialogues, from packets written by hand after what Postfix and Sendmail send.

use std::sync::Arc;
use std::time::Duration;

use gate::door::{Action, Envelope};
use gate::listen::Listener;
use gate::milter::{self, Settings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::support::{Told, changed, defer, held, plain, reject};

struct Milter {
    at: std::net::SocketAddr,
    judge: Arc<Told>,
    end: watch::Sender<bool>,
    work: JoinHandle<usize>,
}

async fn start_with(judge: Told, set: impl FnOnce(&mut Settings)) -> Milter {
    let listener = Listener::bind(&"inet:127.0.0.1:0".parse().unwrap()).await.unwrap();
    let at = listener.local().unwrap();
    let mut settings = Settings::default();
    set(&mut settings);
    let judge = Arc::new(judge);
    let (end, ends) = watch::channel(false);
    let (_, current) = watch::channel(Arc::new(settings));
    let work = tokio::spawn(milter::serve(listener, current, judge.clone(), ends));
    Milter { at, judge, end, work }
}

async fn start(judge: Told) -> Milter {
    start_with(judge, |_| {}).await
}

/// A mail server.
struct Server(TcpStream);

fn packet(letter: u8, data: &[u8]) -> Vec<u8> {
    let mut out = (data.len() as u32 + 1).to_be_bytes().to_vec();
    out.push(letter);
    out.extend_from_slice(data);
    out
}

const POSTFIX_OFFER: &[u8] = b"\0\0\0\x06\0\0\x01\xff\0\x1f\xff\xff";

impl Server {
    async fn connect(milter: &Milter) -> Self {
        Self(TcpStream::connect(milter.at).await.unwrap())
    }

    /// A mail server of today after negotiation.
    async fn ready(milter: &Milter) -> Self {
        let mut server = Self::connect(milter).await;
        server.say(b'O', POSTFIX_OFFER).await;
        // Adding, another body, taking off, changing; no waiting, no end of header, no DATA, blanks as they are.
        assert_eq!(server.hear().await, Some((b'O', b"\0\0\0\x06\0\0\0\x1b\0\x1f\xf3\xc0".to_vec())));
        server
    }

    async fn say(&mut self, letter: u8, data: &[u8]) {
        self.0.write_all(&packet(letter, data)).await.unwrap();
    }

    async fn hear(&mut self) -> Option<(u8, Vec<u8>)> {
        let all = async {
            let length = self.0.read_u32().await.ok()?;
            let mut packet = vec![0; length as usize];
            self.0.read_exact(&mut packet).await.ok()?;
            Some((packet[0], packet[1..].to_vec()))
        };
        tokio::time::timeout(Duration::from_secs(30), all).await.expect("an answer in time")
    }

    /// Everything up to the answer that ends a message, as letters and texts.
    async fn verdict(&mut self) -> Vec<String> {
        let mut out = Vec::new();
        while let Some((letter, data)) = self.hear().await {
            let text = String::from_utf8_lossy(&data).replace('\0', "|");
            out.push(format!("{}{text}", char::from(letter)));
            if b"cartdy".contains(&letter) {
                break;
            }
        }
        out
    }

    async fn client(&mut self) {
        self.say(b'D', b"Cj\0mx.b.example\0{daemon_name}\0smtpd\0").await;
        self.say(b'C', b"client.a.example\x004\x30\x39192.0.2.5\0").await;
        self.say(b'D', b"H").await;
        self.say(b'H', b"helo.a.example\0").await;
    }

    async fn envelope(&mut self, to: &[&str]) {
        self.say(b'D', b"M{mail_addr}\0s@a.example\0").await;
        self.say(b'M', b"<s@a.example>\0SIZE=100\0").await;
        for to in to {
            self.say(b'D', b"R{rcpt_addr}\0x\0").await;
            self.say(b'R', format!("<{to}>\0").as_bytes()).await;
        }
    }

    /// A whole message; the raw form is [`RAW`].
    async fn message(&mut self, to: &[&str]) {
        self.envelope(to).await;
        self.say(b'D', b"Ni\x004Qx1\0").await;
        self.say(b'L', b"Subject\0 a\n\tb\0").await;
        self.say(b'L', b"X-Gate\0forged\0").await;
        self.say(b'L', b"Empty\0\0").await;
        self.say(b'B', b"one\r").await;
        self.say(b'B', b"\n.two\xff").await;
        self.say(b'E', b"\r\n").await;
    }
}

const RAW: &[u8] = b"Subject: a\r\n\tb\r\nX-Gate:forged\r\nEmpty:\r\n\r\none\r\n.two\xff\r\n";

#[tokio::test]
async fn a_message_is_put_together_byte_for_byte() {
    let milter = start(Told::open()).await;
    let mut server = Server::ready(&milter).await;
    server.client().await;
    for _ in 0..2 {
        server.message(&["a@b.example", "c@b.example"]).await;
        assert_eq!(server.verdict().await, ["c"]);
    }
    server.say(b'Q', b"").await;
    assert_eq!(server.hear().await, None);
    let asked = milter.judge.asked.lock().unwrap();
    assert_eq!(asked.len(), 2);
    let (envelope, raw) = &asked[1];
    assert_eq!(raw, RAW);
    let expected = Envelope {
        client: Some("192.0.2.5".parse().unwrap()),
        client_name: Some("client.a.example".into()),
        helo: "helo.a.example".into(),
        mail_from: "s@a.example".into(),
        recipients: vec!["a@b.example".into(), "c@b.example".into()],
        utf8: false,
        queue_id: Some("4Qx1".into()),
    };
    assert_eq!(*envelope, expected);
}

#[tokio::test]
async fn a_mail_server_of_old_is_answered_at_each_step() {
    let milter = start(Told::open()).await;
    let mut server = Server::connect(&milter).await;
    server.say(b'O', b"\0\0\0\x02\0\0\0\x3f\0\0\0\x7f").await;
    assert_eq!(server.hear().await, Some((b'O', b"\0\0\0\x02\0\0\0\x1b\0\0\0\x40".to_vec())));
    for (letter, data) in [
        (b'C', &b"localhost\0U"[..]),
        (b'H', b"x\0"),
        (b'M', b"<>\0"),
        (b'R', b"<a@b.example>\0"),
        (b'L', b"Subject\0s\0"),
        (b'N', b""),
        (b'B', b"body\r\n"),
        (b'E', b""),
    ] {
        server.say(letter, data).await;
        assert_eq!(server.hear().await, Some((b'c', vec![])), "{}", char::from(letter));
    }
    let asked = milter.judge.asked.lock().unwrap();
    assert_eq!(asked[0].1, b"Subject: s\r\n\r\nbody\r\n");
    assert_eq!((asked[0].0.client, asked[0].0.mail_from.as_str()), (None, ""));
}

#[tokio::test]
async fn decisions_become_answers() {
    let tagged = Action::Deliver {
        prepend: vec![("X-Gate".into(), "one".into()), ("X-Gate".into(), "two\r\n more".into())],
        remove: vec![("X-Gate".into(), 1)],
        changed: None,
    };
    let new =
        changed("ARC-Seal: i=1\r\nSubject: a\r\n\tb\r\nContent-Type: text/plain\r\nEmpty:\r\n\r\nother\r\n");
    for (action, expected) in [
        (plain(), vec!["c"]),
        (held(), vec!["d"]),
        (reject(), vec!["y550 5.7.1 Not wanted|"]),
        (defer(), vec!["y451 4.7.1 Not now|"]),
        (tagged, vec!["m|||\u{1}X-Gate||", "i||||X-Gate| two\n more|", "i||||X-Gate| one|", "c"]),
        (
            new,
            vec!["m|||\u{1}x-gate||", "hContent-Type| text/plain|", "i||||ARC-Seal| i=1|", "bother\r\n", "c"],
        ),
    ] {
        let milter = start(Told::all(action)).await;
        let mut server = Server::ready(&milter).await;
        server.client().await;
        server.message(&["a@b.example"]).await;
        assert_eq!(server.verdict().await, expected);
        // The next message meets the same connection.
        server.message(&["a@b.example"]).await;
        assert_eq!(server.verdict().await, expected);
    }
}

#[tokio::test]
async fn recipients_with_other_copies_are_taken_off_and_served() {
    let rule = |_: &Envelope, _: &[u8]| {
        vec![(vec![0], changed("N: n\r\n\r\nother\r\n")), (vec![1], plain()), (vec![2], held())]
    };
    let to = ["a@b.example", "c@b.example", "e@b.example"];
    let milter = start(Told::new(rule)).await;
    let mut server = Server::ready(&milter).await;
    server.client().await;
    server.message(&to).await;
    assert_eq!(server.verdict().await, ["-<a@b.example>|", "-<e@b.example>|", "c"]);
    let delivered = milter.judge.delivered.lock().unwrap().clone();
    assert_eq!(delivered.len(), 1);
    assert_eq!(
        (delivered[0].0.recipients.as_slice(), &delivered[0].1[..]),
        (&["a@b.example".to_owned()][..], &b"N: n\r\n\r\nother\r\n"[..])
    );
    assert_eq!(delivered[0].0.mail_from, "s@a.example");

    let mut judge = Told::new(rule);
    judge.delivers = false;
    let milter = start(judge).await;
    let mut server = Server::ready(&milter).await;
    server.message(&to).await;
    let verdict = server.verdict().await;
    assert!(verdict.len() == 1 && verdict[0].starts_with("y451 4.7.1 "), "{verdict:?}");
}

#[tokio::test]
async fn a_change_that_is_not_allowed_is_not_asked_for() {
    let milter = start(Told::all(changed("N: n\r\n\r\nother\r\n"))).await;
    let mut server = Server::connect(&milter).await;
    server.say(b'O', b"\0\0\0\x06\0\0\0\x01\0\x1f\xff\xff").await;
    server.hear().await.unwrap();
    server.message(&["a@b.example"]).await;
    let verdict = server.verdict().await;
    assert!(verdict.len() == 1 && verdict[0].starts_with("y451 "), "{verdict:?}");
    assert_eq!(milter.judge.delivered.lock().unwrap().len(), 0);
}

#[tokio::test]
async fn lies_about_lengths_and_steps_out_of_order_are_cut_off() {
    let milter = start(Told::open()).await;
    for bytes in [
        vec![0, 0, 0, 0],
        vec![0xff, 0xff, 0xff, 0xff, b'O'],
        vec![0x7f, 0xff, 0xff, 0xff],
        vec![0, 0x10, 0, 1, b'B'],
        b"EHLO what is this\r\n".to_vec(),
        packet(b'!', b""),
        packet(b'O', b"\0"),
        packet(b'O', b"\0\0\0\x01\0\0\0\0\0\0\0\0"),
        packet(b'M', b"<a@b.example>\0"),
    ] {
        let mut server = Server::connect(&milter).await;
        server.0.write_all(&bytes).await.unwrap();
        assert_eq!(server.hear().await, None, "{bytes:?}");
    }
    for steps in [
        vec![(b'O', POSTFIX_OFFER)],
        vec![(b'R', &b"<a@b.example>\0"[..])],
        vec![(b'L', b"A\0b\0")],
        vec![(b'E', b"")],
        vec![(b'M', b"<>\0"), (b'M', b"<>\0")],
        vec![(b'M', b"<>\0"), (b'E', b"")],
        vec![(b'M', b"<>\0"), (b'R', b"<a>\0"), (b'B', b"x"), (b'L', b"A\0b\0")],
        vec![(b'M', b"<>\0"), (b'R', b"<a>\0"), (b'C', b"x\0U")],
        vec![(b'C', b"x\x004\0\0not an address\0")],
        vec![(b'L', b"no end")],
    ] {
        let mut server = Server::ready(&milter).await;
        let mut all = Vec::new();
        for (letter, data) in &steps {
            all.extend(packet(*letter, data));
        }
        server.0.write_all(&all).await.unwrap();
        assert_eq!(server.hear().await, None, "{steps:?}");
    }
    assert_eq!(milter.judge.asked.lock().unwrap().len(), 0);
}

#[tokio::test]
async fn a_packet_may_break_off_anywhere() {
    let milter = start(Told::open()).await;
    let mut whole = packet(b'O', POSTFIX_OFFER);
    for (letter, data) in [(b'M', &b"<>\0"[..]), (b'R', b"<a>\0"), (b'L', b"A\0 b\0"), (b'B', b"x\r\n")] {
        whole.extend(packet(letter, data));
    }
    for cut in 0..=whole.len() {
        let mut server = Server::connect(&milter).await;
        server.0.write_all(&whole[..cut]).await.unwrap();
        server.0.shutdown().await.unwrap();
        while server.hear().await.is_some() {}
    }
    assert_eq!(milter.judge.asked.lock().unwrap().len(), 0, "half a message is none");
    // Byte by byte it is a message all the same.
    whole.extend(packet(b'E', b""));
    let mut server = Server::connect(&milter).await;
    for byte in whole {
        server.0.write_all(&[byte]).await.unwrap();
    }
    assert_eq!(server.hear().await.unwrap().0, b'O');
    assert_eq!(server.verdict().await, ["c"]);
    assert_eq!(milter.judge.asked.lock().unwrap()[0].1, b"A: b\r\n\r\nx\r\n");
}

#[tokio::test]
async fn limits_are_told_at_the_end_of_the_message() {
    let milter = start_with(Told::open(), |settings| {
        settings.limits.message = 2000;
        settings.limits.header = 1000;
        settings.limits.fields = 3;
        settings.limits.recipients = 2;
    })
    .await;
    let mut server = Server::ready(&milter).await;
    let field = |value: usize| [&b"A\0 "[..], &vec![b'x'; value], b"\0"].concat();
    let body = vec![b'x'; 1500];
    for (recipients, fields, size, pieces, answer) in [
        (1, 1, 10, 1, "c"),
        (3, 1, 10, 1, "y452 4.5.3 "),
        (1, 4, 10, 1, "y552 5.3.4 "),
        (1, 2, 600, 1, "y552 5.3.4 "),
        (1, 1, 10, 2, "y552 5.3.4 "),
        (2, 3, 10, 1, "c"),
    ] {
        server.envelope(&["a@b.example"; 3][..recipients]).await;
        for _ in 0..fields {
            server.say(b'L', &field(size)).await;
        }
        for _ in 0..pieces {
            server.say(b'B', &body).await;
        }
        server.say(b'E', b"").await;
        let verdict = server.verdict().await;
        assert!(verdict.len() == 1 && verdict[0].starts_with(answer), "{answer}: {verdict:?}");
    }
    assert_eq!(milter.judge.asked.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn an_abort_forgets_the_message_and_a_new_client_the_old_one() {
    let milter = start(Told::open()).await;
    let mut server = Server::ready(&milter).await;
    server.client().await;
    server.envelope(&["old@b.example"]).await;
    server.say(b'L', b"Old\0 x\0").await;
    server.say(b'A', b"").await;
    server.message(&["a@b.example"]).await;
    assert_eq!(server.verdict().await, ["c"]);
    server.say(b'K', b"").await;
    server.say(b'C', b"localhost\x004\0\x00127.0.0.1\0").await;
    server.message(&["a@b.example"]).await;
    assert_eq!(server.verdict().await, ["c"]);
    let asked = milter.judge.asked.lock().unwrap();
    assert_eq!((asked[0].0.recipients.len(), asked[0].1.as_slice()), (1, RAW));
    assert_eq!((asked[1].0.client, asked[1].0.helo.as_str()), (None, ""));
}

#[tokio::test]
async fn the_mail_server_hears_that_we_are_at_it() {
    let mut judge = Told::open();
    judge.slow = Duration::from_millis(400);
    let milter = start_with(judge, |settings| settings.timeouts.progress = Duration::from_millis(100)).await;
    let mut server = Server::ready(&milter).await;
    server.message(&["a@b.example"]).await;
    let verdict = server.verdict().await;
    assert!(verdict.len() >= 2 && verdict[0] == "p" && verdict.last().unwrap() == "c", "{verdict:?}");
}

#[tokio::test]
async fn a_judge_that_never_ends_makes_the_sender_come_again() {
    let mut judge = Told::open();
    judge.slow = Duration::from_secs(3600);
    let milter = start_with(judge, |settings| settings.timeouts.judge = Duration::from_millis(100)).await;
    let mut server = Server::ready(&milter).await;
    server.message(&["a@b.example"]).await;
    assert!(server.verdict().await[0].starts_with("y451 4.7.1 "));
}

#[tokio::test]
async fn the_end_waits_for_an_open_message() {
    let milter = start(Told::open()).await;
    let mut idle = Server::ready(&milter).await;
    let mut open = Server::ready(&milter).await;
    open.envelope(&["a@b.example"]).await;
    open.say(b'L', b"A\0 b\0").await;
    // What was sent has been read once the other end answers to it.
    open.say(b'A', b"").await;
    open.message(&["a@b.example"]).await;
    assert_eq!(open.verdict().await, ["c"]);
    open.envelope(&["a@b.example"]).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    milter.end.send(true).unwrap();
    assert_eq!(idle.hear().await, None);
    open.say(b'L', b"A\0 b\0").await;
    open.say(b'E', b"").await;
    assert_eq!(open.verdict().await, ["c"]);
    assert_eq!(open.hear().await, None);
    assert_eq!(milter.work.await.unwrap(), 0);
    assert_eq!(milter.judge.asked.lock().unwrap().len(), 2);
}
