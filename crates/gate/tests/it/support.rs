//! A judge that does as it is told, a next hop that believes everything, and a client that says what it is told.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gate::door::{Action, Copy, Decision, Envelope, Judge};
use gate::listen::{Address, Listener};
use gate::smtp::{self, NextHop, Protocol, Settings};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

type Rule = dyn Fn(&Envelope, &[u8]) -> Vec<(Vec<usize>, Action)> + Send + Sync;

/// Decides by a closure and remembers what it was asked.
pub(crate) struct Told {
    rule: Box<Rule>,
    pub(crate) asked: Mutex<Vec<(Envelope, Vec<u8>)>>,
    pub(crate) delivered: Mutex<Vec<(Envelope, Vec<u8>)>>,
    pub(crate) delivers: bool,
    pub(crate) slow: Duration,
}

impl Told {
    pub(crate) fn new(
        rule: impl Fn(&Envelope, &[u8]) -> Vec<(Vec<usize>, Action)> + Send + Sync + 'static,
    ) -> Self {
        Self {
            rule: Box::new(rule),
            asked: Mutex::default(),
            delivered: Mutex::default(),
            delivers: true,
            slow: Duration::ZERO,
        }
    }

    /// Lets everything through.
    pub(crate) fn open() -> Self {
        Self::new(|envelope, _| vec![((0..envelope.recipients.len()).collect(), plain())])
    }

    /// Does the same with every message.
    pub(crate) fn all(action: Action) -> Self {
        Self::new(move |envelope, _| vec![((0..envelope.recipients.len()).collect(), action.clone())])
    }
}

impl Judge for Told {
    async fn judge(&self, envelope: &Envelope, raw: Arc<[u8]>) -> Decision {
        tokio::time::sleep(self.slow).await;
        self.asked.lock().unwrap().push((envelope.clone(), raw.to_vec()));
        let copies = (self.rule)(envelope, &raw);
        let copies = copies.into_iter().map(|(recipients, action)| Copy { recipients, action }).collect();
        Decision { id: "d1".into(), copies }
    }

    async fn deliver(&self, envelope: &Envelope, copy: Vec<u8>) -> io::Result<()> {
        if !self.delivers {
            return Err(io::Error::other("told to fail"));
        }
        self.delivered.lock().unwrap().push((envelope.clone(), copy));
        Ok(())
    }
}

pub(crate) fn plain() -> Action {
    Action::Deliver { prepend: vec![], remove: vec![], changed: None }
}

pub(crate) fn changed(bytes: &str) -> Action {
    Action::Deliver { prepend: vec![], remove: vec![], changed: Some(bytes.into()) }
}

pub(crate) fn held() -> Action {
    Action::Quarantined { id: "q1".into() }
}

pub(crate) fn reject() -> Action {
    Action::Reject { code: "5.7.1", text: "Not wanted".into() }
}

pub(crate) fn defer() -> Action {
    Action::Defer { text: "Not now".into() }
}

/// What the next hop was given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mail {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    /// Unstuffed, by a server that takes any LF for a line end.
    pub(crate) content: Vec<u8>,
}

/// A next hop. Recipients whose name begins with `bad` or `later` are refused, with `full` or `never` their
/// message is; lines end where a careless server sees their end, so that what is smuggled shows.
#[derive(Default)]
pub(crate) struct Sink {
    pub(crate) mails: Mutex<Vec<Mail>>,
    pub(crate) commands: Mutex<Vec<String>>,
}

impl Sink {
    pub(crate) async fn start(lmtp: bool, offers: &'static [&'static str]) -> (Arc<Self>, Address) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("inet:{}", listener.local_addr().unwrap()).parse().unwrap();
        let sink = Arc::new(Self::default());
        let here = sink.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let sink = here.clone();
                tokio::spawn(async move { sink.talk(stream, lmtp, offers).await });
            }
        });
        (sink, address)
    }

    pub(crate) fn taken(&self) -> Vec<Mail> {
        self.mails.lock().unwrap().clone()
    }

    pub(crate) fn said(&self, start: &str) -> Vec<String> {
        self.commands.lock().unwrap().iter().filter(|line| line.starts_with(start)).cloned().collect()
    }

    async fn talk(&self, stream: TcpStream, lmtp: bool, offers: &[&str]) -> io::Result<()> {
        let mut stream = BufReader::new(stream);
        stream.write_all(b"220 sink.example ready\r\n").await?;
        let mut mail = Mail::default();
        loop {
            let mut line = Vec::new();
            if stream.read_until(b'\n', &mut line).await? == 0 {
                return Ok(());
            }
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            self.commands.lock().unwrap().push(line.clone());
            let upper = line.to_ascii_uppercase();
            let address = || line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
            let mut ended = false;
            let answer = match upper.split([' ', ':']).next().unwrap_or_default() {
                "EHLO" | "LHLO" if lmtp != upper.starts_with('L') => "500 wrong protocol".into(),
                "EHLO" | "LHLO" => {
                    let mut lines = vec!["250-sink.example".to_owned()];
                    lines.extend(offers.iter().map(|offer| format!("250-{offer}")));
                    lines.push("250 HELP".into());
                    lines.join("\r\n")
                }
                "MAIL" if upper.contains("<LATER") => "450 4.2.0 not now".into(),
                "MAIL" => {
                    mail = Mail { from: address(), ..Mail::default() };
                    "250 2.1.0 sender ok".into()
                }
                "RCPT" if upper.contains("<BAD") => "550 5.1.1 no such user".into(),
                "RCPT" if upper.contains("<LATER") => "450 4.2.1 not now".into(),
                "RCPT" => {
                    mail.to.push(address());
                    "250 2.1.5 recipient ok".into()
                }
                "DATA" => {
                    stream.write_all(b"354 go\r\n").await?;
                    loop {
                        let mut line = Vec::new();
                        if stream.read_until(b'\n', &mut line).await? == 0 {
                            return Ok(());
                        }
                        let bare = line.strip_suffix(b"\n").unwrap();
                        if bare.strip_suffix(b"\r").unwrap_or(bare) == b"." {
                            break;
                        }
                        mail.content.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
                    }
                    ended = true;
                    String::new()
                }
                "BDAT" => {
                    let size = upper.split(' ').nth(1).unwrap().parse().unwrap();
                    let mut chunk = vec![0; size];
                    stream.read_exact(&mut chunk).await?;
                    mail.content.extend_from_slice(&chunk);
                    ended = upper.ends_with("LAST");
                    if ended { String::new() } else { "250 2.0.0 chunk".into() }
                }
                "RSET" => {
                    mail = Mail::default();
                    "250 2.0.0 reset".into()
                }
                "XFORWARD" | "NOOP" => "250 2.0.0 ok".into(),
                "QUIT" => {
                    stream.write_all(b"221 2.0.0 bye\r\n").await?;
                    return Ok(());
                }
                _ => "502 5.5.2 what".into(),
            };
            if ended {
                let verdict = |to: &String| match to {
                    to if to.starts_with("full") => "452 4.2.2 mailbox full",
                    to if to.starts_with("never") => "554 5.6.0 not this",
                    _ => "250 2.0.0 taken",
                };
                let verdicts: Vec<&str> = mail.to.iter().map(verdict).collect();
                let worst = verdicts.iter().find(|v| !v.starts_with('2')).copied();
                let mut kept = std::mem::take(&mut mail);
                let answers = if lmtp { verdicts.clone() } else { vec![worst.unwrap_or("250 2.0.0 taken")] };
                if lmtp {
                    let mut verdicts = verdicts.iter();
                    kept.to.retain(|_| verdicts.next().unwrap().starts_with('2'));
                }
                if !kept.to.is_empty() && (lmtp || worst.is_none()) {
                    self.mails.lock().unwrap().push(kept);
                }
                for answer in answers {
                    stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
                }
            } else {
                stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
            }
        }
    }
}

pub(crate) const OFFERS: &[&str] = &[
    "PIPELINING",
    "SIZE 1000000",
    "8BITMIME",
    "SMTPUTF8",
    "XFORWARD NAME ADDR PROTO HELO IDENT",
    "ENHANCEDSTATUSCODES",
];

/// A proxy that runs.
pub(crate) struct Proxy {
    pub(crate) at: SocketAddr,
    pub(crate) judge: Arc<Told>,
    pub(crate) sink: Arc<Sink>,
    pub(crate) end: watch::Sender<bool>,
    pub(crate) work: JoinHandle<usize>,
    pub(crate) settings: watch::Sender<Arc<Settings>>,
}

impl Proxy {
    pub(crate) async fn start(judge: Told) -> Self {
        Self::with(judge, Protocol::Smtp, Protocol::Smtp, OFFERS, |_| {}).await
    }

    pub(crate) async fn with(
        judge: Told,
        protocol: Protocol,
        next: Protocol,
        offers: &'static [&'static str],
        set: impl FnOnce(&mut Settings),
    ) -> Self {
        let (sink, address) = Sink::start(next == Protocol::Lmtp, offers).await;
        let mut settings = Settings::new(protocol, "gate.example", NextHop { address, protocol: next });
        settings.trusted = vec!["127.0.0.0/8".parse().unwrap()];
        settings.timeouts.drain = Duration::from_secs(20);
        set(&mut settings);
        let listener = Listener::bind(&"inet:127.0.0.1:0".parse().unwrap()).await.unwrap();
        let at = listener.local().unwrap();
        let judge = Arc::new(judge);
        let (end, ends) = watch::channel(false);
        let (settings, current) = watch::channel(Arc::new(settings));
        let work = tokio::spawn(smtp::serve(listener, current, judge.clone(), ends));
        Self { at, judge, sink, end, work, settings }
    }

    pub(crate) async fn talk(&self) -> Talk<TcpStream> {
        let mut talk = Talk::new(TcpStream::connect(self.at).await.unwrap());
        assert!(talk.answer().await.starts_with("220 gate.example "));
        talk
    }

    /// A client that said hello.
    pub(crate) async fn hello(&self) -> Talk<TcpStream> {
        let mut talk = self.talk().await;
        talk.ask("EHLO client.example", 250).await;
        talk
    }
}

/// A client.
pub(crate) struct Talk<S> {
    pub(crate) stream: BufReader<S>,
}

impl<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin> Talk<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream: BufReader::new(stream) }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// The next answer with all its lines; empty at the end of the stream.
    pub(crate) async fn answer(&mut self) -> String {
        let mut all = String::new();
        loop {
            let mut line = String::new();
            let read = tokio::time::timeout(Duration::from_secs(30), self.stream.read_line(&mut line));
            // A reset is an end as well.
            if matches!(read.await.expect("an answer in time"), Ok(0) | Err(_)) {
                return all;
            }
            assert!(line.ends_with("\r\n"), "{line:?}");
            all.push_str(&line);
            if line.as_bytes().get(3) == Some(&b' ') {
                return all;
            }
        }
    }

    /// The next answer, which has this code.
    pub(crate) async fn code(&mut self, code: u16) -> String {
        let answer = self.answer().await;
        assert!(answer.starts_with(&code.to_string()), "expected {code}, got {answer:?}");
        answer
    }

    pub(crate) async fn ask(&mut self, command: &str, code: u16) -> String {
        self.send(format!("{command}\r\n")).await;
        let answer = self.answer().await;
        assert!(answer.starts_with(&code.to_string()), "{command:?}: expected {code}, got {answer:?}");
        answer
    }

    /// Sends a message that is on the wire as it is given.
    pub(crate) async fn mail(&mut self, to: &[&str], wire: impl AsRef<[u8]>, code: u16) -> String {
        self.ask("MAIL FROM:<sender@a.example>", 250).await;
        for to in to {
            self.ask(&format!("RCPT TO:<{to}>"), 250).await;
        }
        self.ask("DATA", 354).await;
        self.send(wire).await;
        self.code(code).await
    }

    pub(crate) async fn ended(&mut self) {
        assert_eq!(self.answer().await, "", "the connection is closed");
    }
}
