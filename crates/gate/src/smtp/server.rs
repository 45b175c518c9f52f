//! The sessions of senders.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::client::Client;
use super::command::{self, Attribute, Command, Mail};
use super::data::{Content, Fault};
use super::reader::{self, BadLine};
use super::relay::{self, Hop};
use super::reply::Reply;
use super::settings::{Protocol, Settings};
use super::tls;
use super::transaction::{Transaction, merge, of_peer};
use crate::copies;
use crate::door::Judge;
use crate::listen::{self, Bounds, Listener, Peer};
use crate::wire::{Io, Wire, ends};

/// Serves senders until `shutdown` turns true and the open transactions have ended; returns how many sessions had to
/// be cut off. A session has the settings that are current when it begins; the number of connections and the time to
/// drain are those of the start.
pub async fn serve<J: Judge>(
    listener: Listener,
    settings: watch::Receiver<Arc<Settings>>,
    judge: Arc<J>,
    shutdown: watch::Receiver<bool>,
) -> usize {
    let now = settings.borrow().clone();
    let bounds = Bounds {
        connections: now.limits.connections,
        busy: Reply::new(421, "4.3.2", "Too many connections, please try again later").to_bytes(),
        drain: now.timeouts.drain,
        open: now.limits.open.clone(),
    };
    listen::accept(listener, bounds, shutdown.clone(), move |io, peer| {
        let settings = settings.borrow().clone();
        run(Session::new(io, peer, settings, judge.clone(), shutdown.clone()))
    })
    .await
}

async fn run<J: Judge>(mut session: Session<J>) {
    let result = session.talk().await;
    if let Err(error) = &result {
        tracing::info!(peer = ?session.peer, %error, "a session ended early");
        if error.kind() == io::ErrorKind::TimedOut {
            session.put(Reply::new(421, "4.4.2", "Nothing came for too long"));
        }
    }
    let Session { wire, hop, .. } = session;
    wire.close().await;
    if let Some(hop) = hop {
        hop.quit().await;
    }
}

/// What to do after a command.
enum Next {
    Go,
    Close,
}

struct Session<J> {
    wire: Wire,
    peer: Peer,
    settings: Arc<Settings>,
    judge: Arc<J>,
    shutdown: watch::Receiver<bool>,
    encrypted: bool,
    hello: Option<String>,
    /// By XCLIENT, for the session.
    client: Vec<Attribute>,
    /// By XFORWARD, for one transaction.
    forward: Vec<Attribute>,
    /// The next hop; with a transaction but without this, the next hop broke off.
    hop: Option<Client>,
    transaction: Option<Transaction>,
    errors: usize,
    idle: usize,
}

impl<J: Judge> Session<J> {
    fn new(
        io: Box<dyn Io>,
        peer: Peer,
        settings: Arc<Settings>,
        judge: Arc<J>,
        shutdown: watch::Receiver<bool>,
    ) -> Self {
        Self {
            wire: Wire::new(io, settings.timeouts.write),
            peer,
            settings,
            judge,
            shutdown,
            encrypted: false,
            hello: None,
            client: Vec::new(),
            forward: Vec::new(),
            hop: None,
            transaction: None,
            errors: 0,
            idle: 0,
        }
    }

    async fn talk(&mut self) -> io::Result<()> {
        self.greet();
        while let Some(line) = self.line().await? {
            if let Next::Close = self.obey(&line).await? {
                break;
            }
            if self.errors > self.settings.limits.errors {
                self.put(Reply::new(421, "4.7.0", "Too many errors"));
                break;
            }
            self.wire.spill().await?;
        }
        Ok(())
    }

    fn lmtp(&self) -> bool {
        self.settings.protocol == Protocol::Lmtp
    }

    fn greet(&mut self) {
        let kind = if self.lmtp() { "LMTP" } else { "ESMTP" };
        let line = format!("{} {kind} ready", self.settings.hostname);
        self.put(Reply::bare(220, vec![line]));
    }

    fn put(&mut self, reply: Reply) {
        self.wire.put(&reply.to_bytes());
    }

    /// Puts an answer of ours that is an error of the sender's.
    fn wrong(&mut self, reply: Reply) -> Next {
        self.errors += 1;
        self.put(reply);
        Next::Go
    }

    fn out_of_order(&mut self, text: &str) -> Next {
        self.wrong(Reply::new(503, "5.5.1", text))
    }

    /// The next command; `None` when there is none to come, and everything was said.
    async fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let deadline = Instant::now() + self.settings.timeouts.command;
        loop {
            if self.transaction.is_none() && *self.shutdown.borrow() {
                self.put(Reply::new(421, "4.3.2", "The service is going down"));
                return Ok(None);
            }
            match reader::line(self.wire.unread(), self.settings.limits.command) {
                Ok(Some(length)) => {
                    let line = self.wire.unread()[..length].to_vec();
                    self.wire.consume(length + 2);
                    return Ok(Some(line));
                }
                Ok(None) => {}
                Err(bad) => {
                    let status = if bad == BadLine::Long { "5.5.6" } else { "5.5.2" };
                    tracing::warn!(peer = ?self.peer, %bad, "a command was refused and the session closed");
                    self.put(Reply::new(500, status, &bad.to_string()));
                    return Ok(None);
                }
            }
            self.wire.flush().await?;
            let left = deadline.saturating_duration_since(Instant::now());
            let read = if self.transaction.is_none() {
                tokio::select! {
                    () = ends(&mut self.shutdown) => continue,
                    read = self.wire.fill(left) => read?,
                }
            } else {
                self.wire.fill(left).await?
            };
            if read == 0 {
                return Ok(None);
            }
        }
    }

    async fn obey(&mut self, line: &[u8]) -> io::Result<Next> {
        let command = match command::parse(line) {
            Ok(command) => command,
            Err(reply) => return Ok(self.wrong(reply)),
        };
        let leads = matches!(
            command,
            Command::Mail(_) | Command::Rcpt(_) | Command::Data | Command::Bdat { .. } | Command::Quit
        );
        if !leads {
            self.idle += 1;
            self.errors += usize::from(self.idle > self.settings.limits.idle_commands);
        }
        Ok(match command {
            Command::Helo(name) => self.hello(name, false, Protocol::Smtp).await,
            Command::Ehlo(name) => self.hello(name, true, Protocol::Smtp).await,
            Command::Lhlo(name) => self.hello(name, true, Protocol::Lmtp).await,
            Command::Mail(mail) => self.mail(mail).await,
            Command::Rcpt(to) => self.rcpt(to).await,
            Command::Data => return self.data().await,
            Command::Bdat { size, last } => return self.bdat(size, last).await,
            Command::Rset => {
                self.reset().await;
                self.ok("Forgotten")
            }
            Command::Noop => self.ok("Still here"),
            Command::Help => {
                self.put(Reply::new(214, "2.0.0", "See RFC 5321"));
                Next::Go
            }
            Command::Vrfy => {
                self.put(Reply::new(252, "2.0.0", "Send a message and see"));
                Next::Go
            }
            Command::Quit => {
                self.put(Reply::new(221, "2.0.0", "Good-bye"));
                Next::Close
            }
            Command::StartTls => return self.start_tls().await,
            Command::Xforward(list) => self.xforward(list),
            Command::Xclient(list) => self.xclient(list),
        })
    }

    fn ok(&mut self, text: &str) -> Next {
        self.put(Reply::new(250, "2.0.0", text));
        Next::Go
    }

    /// Ends the open transaction here and at the next hop.
    async fn reset(&mut self) {
        self.forward.clear();
        if self.transaction.take().is_some()
            && let Some(mut hop) = self.hop.take()
            && hop.rset().await.is_ok_and(|reply| reply.is_positive())
        {
            self.hop = Some(hop);
        }
    }

    async fn hello(&mut self, name: String, extended: bool, protocol: Protocol) -> Next {
        if protocol != self.settings.protocol {
            let text = if self.lmtp() { "This is LMTP, say LHLO" } else { "This is SMTP, say EHLO" };
            return self.wrong(Reply::new(500, "5.5.1", text));
        }
        self.reset().await;
        self.hello = Some(name);
        let mut lines = vec![self.settings.hostname.clone()];
        if extended {
            let offers = ["PIPELINING", "8BITMIME", "SMTPUTF8", "CHUNKING", "ENHANCEDSTATUSCODES"];
            lines.extend(offers.map(String::from));
            lines.push(format!("SIZE {}", self.settings.limits.message));
            if self.settings.tls.is_some() && !self.encrypted {
                lines.push("STARTTLS".into());
            }
            if self.trusted() {
                lines.push(format!("XFORWARD {}", command::FORWARD.join(" ")));
                lines.push(format!("XCLIENT {}", command::CLIENT.join(" ")));
            }
        }
        self.put(Reply::bare(250, lines));
        Next::Go
    }

    /// The peer is a relay of ours, whose word is believed.
    fn trusted(&self) -> bool {
        self.peer.is_none_or(|peer| {
            let ip = peer.ip().to_canonical();
            self.settings.trusted.iter().any(|net| net.contains(&ip))
        })
    }

    /// What is known of the client outside.
    fn attributes(&self) -> Vec<Attribute> {
        let mut known = self.client.clone();
        merge(&mut known, self.forward.clone());
        let outside =
            !self.trusted() && self.peer.is_some_and(|peer| !peer.ip().to_canonical().is_loopback());
        if known.is_empty() && outside {
            known = of_peer(self.peer, self.hello.as_deref().unwrap_or_default(), self.lmtp());
        }
        // What only XCLIENT has is of no use to the next hop's XFORWARD, which names what it wants.
        known
    }

    async fn mail(&mut self, mail: Mail) -> Next {
        if self.hello.is_none() {
            return self.out_of_order("Say hello first");
        }
        if self.transaction.is_some() {
            return self.out_of_order("A transaction is open already");
        }
        if mail.size.is_some_and(|size| size > self.settings.limits.message as u64) {
            return self.wrong(Reply::new(552, "5.3.4", "The message is too big"));
        }
        let attributes = self.attributes();
        match self.open(&mail, &attributes).await {
            Ok(reply) => {
                if reply.is_positive() {
                    self.transaction = Some(Transaction::new(mail, attributes));
                }
                self.put(reply.relayed());
            }
            Err(error) => {
                tracing::warn!(hop = %self.settings.next_hop.address, %error, "the next hop cannot be reached");
                self.put(relay::unreachable());
            }
        }
        Next::Go
    }

    /// Opens the transaction at the next hop; on a connection that idled too long, a second time on a new one.
    async fn open(&mut self, mail: &Mail, attributes: &[Attribute]) -> io::Result<Reply> {
        async fn begin(hop: &mut Client, mail: &Mail, attributes: &[Attribute]) -> io::Result<Reply> {
            hop.xforward(attributes).await?;
            hop.mail(mail).await
        }
        if let Some(mut hop) = self.hop.take()
            && let Ok(reply) = begin(&mut hop, mail, attributes).await
            && reply.code != 421
        {
            self.hop = Some(hop);
            return Ok(reply);
        }
        let settings = &self.settings;
        let mut hop = Client::connect(&settings.next_hop, &settings.hostname, &settings.timeouts).await?;
        let reply = begin(&mut hop, mail, attributes).await?;
        if reply.code != 421 {
            self.hop = Some(hop);
        }
        Ok(reply)
    }

    async fn rcpt(&mut self, to: String) -> Next {
        let Some(transaction) = &mut self.transaction else { return self.out_of_order("Say MAIL first") };
        if transaction.chunks.is_some() {
            return self.out_of_order("The message has begun");
        }
        if let Err(reply) = command::utf8_allowed(&to, transaction.mail.utf8) {
            return self.wrong(reply);
        }
        if transaction.recipients.len() >= self.settings.limits.recipients {
            self.put(Reply::new(452, "4.5.3", "Too many recipients, send the rest in another transaction"));
            return Next::Go;
        }
        let reply = match &mut self.hop {
            Some(hop) => hop.rcpt(&to).await.ok().filter(|reply| reply.code != 421),
            None => None,
        };
        match reply {
            Some(reply) => {
                if reply.is_positive() {
                    transaction.recipients.push(to);
                }
                self.put(reply.relayed());
            }
            None => {
                self.hop = None;
                self.put(relay::unreachable());
            }
        }
        Next::Go
    }

    /// Why no message can come now.
    fn not_ready(&self) -> Option<Reply> {
        let reply = match &self.transaction {
            None => Reply::new(503, "5.5.1", "Say MAIL first"),
            Some(_) if self.hop.is_none() => relay::unreachable(),
            Some(transaction) if transaction.recipients.is_empty() => {
                Reply::new(if self.lmtp() { 503 } else { 554 }, "5.5.1", "No recipient was accepted")
            }
            Some(_) => return None,
        };
        Some(reply)
    }

    async fn data(&mut self) -> io::Result<Next> {
        if self.transaction.as_ref().is_some_and(|transaction| transaction.chunks.is_some()) {
            return Ok(self.out_of_order("DATA and BDAT do not mix"));
        }
        if let Some(reply) = self.not_ready() {
            self.errors += usize::from(reply.is_permanent());
            self.put(reply);
            return Ok(Next::Go);
        }
        self.put(Reply::bare(354, vec!["End data with <CR><LF>.<CR><LF>".into()]));
        let mut content = Content::new(true, self.settings.bare_newline, &self.settings.limits);
        let deadline = Instant::now() + self.settings.timeouts.message;
        loop {
            let (used, ended) = content.feed(self.wire.unread());
            self.wire.consume(used);
            if ended {
                break;
            }
            if content.seen() > self.beyond() {
                self.put(too_big());
                return Ok(Next::Close);
            }
            self.more(deadline).await?;
        }
        self.received(content, false).await;
        Ok(Next::Go)
    }

    /// What is read of a message at most, before the session is closed instead.
    fn beyond(&self) -> usize {
        self.settings.limits.message.saturating_mul(2).saturating_add(1 << 20)
    }

    /// Reads more of a message. Its end without the end of data is an error: what came is thrown away.
    async fn more(&mut self, deadline: Instant) -> io::Result<()> {
        let left = deadline.saturating_duration_since(Instant::now());
        if self.wire.fill(self.settings.timeouts.data.min(left)).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }

    async fn bdat(&mut self, size: usize, last: bool) -> io::Result<Next> {
        let refusal = self.not_ready();
        let mut content = self.transaction.as_mut().and_then(|transaction| transaction.chunks.take());
        let before = content.as_ref().map_or(0, Content::seen);
        if before.saturating_add(size) > self.beyond() {
            self.put(too_big());
            return Ok(Next::Close);
        }
        if refusal.is_none() && content.is_none() {
            content = Some(Content::new(false, self.settings.bare_newline, &self.settings.limits));
        }
        let deadline = Instant::now() + self.settings.timeouts.message;
        let mut left = size;
        // A chunk is read even where it is refused, because the sender may have sent it already.
        while left > 0 {
            let unread = self.wire.unread();
            let piece = unread.len().min(left);
            if let Some(content) = &mut content {
                content.feed(&unread[..piece]);
            }
            self.wire.consume(piece);
            left -= piece;
            if left > 0 {
                self.more(deadline).await?;
            }
        }
        match (refusal, content) {
            (Some(reply), _) => {
                self.errors += usize::from(reply.is_permanent());
                self.put(reply);
            }
            (None, Some(content)) if last => self.received(content, true).await,
            (None, content) => {
                if let Some(transaction) = &mut self.transaction {
                    transaction.chunks = content;
                }
                self.ok(&format!("{size} octets received"));
            }
        }
        Ok(Next::Go)
    }

    /// A message came wholly: it is judged, sent on, and only then answered.
    async fn received(&mut self, content: Content, chunked: bool) {
        let (Some(transaction), Some(hop)) = (self.transaction.take(), self.hop.take()) else { return };
        self.forward.clear();
        let count = transaction.recipients.len();
        let (raw, _share) = match content.finish() {
            Ok(message) => message,
            Err(fault) => {
                tracing::warn!(peer = ?self.peer, ?fault, "a message was refused");
                self.errors += 1;
                let reply = fault_reply(fault);
                self.answer(vec![reply; count]);
                self.keep(hop).await;
                return;
            }
        };
        self.idle = 0;
        let raw: Arc<[u8]> = raw.into();
        let envelope = transaction.envelope(self.hello.as_deref().unwrap_or_default());
        let within = self.settings.timeouts.judge;
        let decision = match tokio::time::timeout(within, self.judge.judge(&envelope, raw.clone())).await {
            Ok(decision) => decision,
            Err(_) => copies::late(count, within),
        };
        let mut hop = Hop::open(hop);
        let replies =
            relay::carry_out(&mut hop, &self.settings, &transaction, &decision, &raw, chunked).await;
        self.hop = hop.client;
        let codes: Vec<u16> = replies.iter().map(|reply| reply.code).collect();
        tracing::info!(
            id = decision.id,
            queue = envelope.queue_id,
            from = envelope.mail_from,
            bytes = raw.len(),
            ?codes,
            "a message was answered"
        );
        self.answer(replies);
    }

    /// One answer for the message, or over LMTP one for each recipient.
    fn answer(&mut self, replies: Vec<Reply>) {
        let count = if self.lmtp() { replies.len() } else { 1 };
        for reply in replies.into_iter().take(count) {
            self.put(reply);
        }
    }

    /// Ends the transaction at the next hop and keeps the connection.
    async fn keep(&mut self, mut hop: Client) {
        if hop.rset().await.is_ok_and(|reply| reply.is_positive()) {
            self.hop = Some(hop);
        }
    }

    async fn start_tls(&mut self) -> io::Result<Next> {
        let Some(config) = self.settings.tls.clone().filter(|_| !self.encrypted) else {
            return Ok(self.wrong(Reply::new(502, "5.5.1", "TLS is not offered")));
        };
        // Whoever sits on the line could have put commands behind this one, to be obeyed as if encrypted.
        if !self.wire.unread().is_empty() {
            tracing::warn!(peer = ?self.peer, "commands in clear behind STARTTLS");
            self.put(Reply::new(503, "5.5.1", "Nothing may follow STARTTLS"));
            return Ok(Next::Close);
        }
        self.reset().await;
        self.wire.send(&Reply::new(220, "2.0.0", "Go ahead").to_bytes()).await?;
        let nothing = Wire::new(Box::new(tokio::io::empty()), Duration::ZERO);
        let bare = std::mem::replace(&mut self.wire, nothing).into_io();
        let io = tls::accept(bare, config, self.settings.timeouts.tls).await?;
        self.wire = Wire::new(io, self.settings.timeouts.write);
        self.encrypted = true;
        self.hello = None;
        self.client.clear();
        Ok(Next::Go)
    }

    fn xforward(&mut self, list: Vec<Attribute>) -> Next {
        match self.may_tell() {
            Err(next) => next,
            Ok(()) => {
                merge(&mut self.forward, list);
                self.ok("Noted")
            }
        }
    }

    fn xclient(&mut self, list: Vec<Attribute>) -> Next {
        match self.may_tell() {
            Err(next) => next,
            Ok(()) => {
                merge(&mut self.client, list);
                self.hello = None;
                self.greet();
                Next::Go
            }
        }
    }

    fn may_tell(&mut self) -> Result<(), Next> {
        if !self.trusted() {
            return Err(self.wrong(Reply::new(550, "5.7.0", "Not allowed from here")));
        }
        if self.transaction.is_some() {
            return Err(self.out_of_order("A transaction is open"));
        }
        Ok(())
    }
}

fn too_big() -> Reply {
    Reply::new(552, "5.3.4", "The message is too big")
}

fn fault_reply(fault: Fault) -> Reply {
    match fault {
        Fault::BareLf => Reply::new(550, "5.5.2", "bare LF received"),
        Fault::BareCr => Reply::new(550, "5.5.2", "bare CR received"),
        Fault::Nul => Reply::new(550, "5.6.0", "NUL received"),
        Fault::LongLine => Reply::new(550, "5.6.0", "A line is too long"),
        Fault::TooBig => too_big(),
        Fault::NoRoom => Reply::new(452, "4.3.1", "No memory left, please try again later"),
    }
}
