//! A mail server's connection: one message after another, judged at its end.

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::command::{self, Command, Offer, actions, steps, unbracketed};
use super::message::{changes, permission, push_field};
use super::packet::{self, BadPacket};
use super::reply::Reply;
use crate::copies::{self, Going, Verdict};
use crate::door::{Action, Decision, Envelope, Judge};
use crate::listen::{self, Bounds, Listener, Open, Peer};
use crate::wire::{Io, Room, Share, Wire, ends};

/// How much is taken.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections at once.
    pub connections: usize,
    /// Counts the connections.
    pub open: Open,
    /// Bytes of a packet.
    pub packet: usize,
    /// Bytes of a message.
    pub message: usize,
    /// Memory for all messages in flight.
    pub room: Room,
    /// Bytes of the header block.
    pub header: usize,
    /// Header fields.
    pub fields: usize,
    /// Recipients.
    pub recipients: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1000,
            open: Open::default(),
            packet: 1 << 20,
            message: 50 << 20,
            room: Room::new(1 << 30),
            header: 10 << 20,
            fields: 20_000,
            recipients: 10_000,
        }
    }
}

/// How long is waited.
#[derive(Clone, Debug)]
pub struct Timeouts {
    /// For the next message; a mail server keeps the connection for as long as its client stays.
    pub idle: Duration,
    /// For the next packet of a message.
    pub packet: Duration,
    /// For a mail server that does not take what is written.
    pub write: Duration,
    /// Between two signs of life while a message is judged.
    pub progress: Duration,
    /// For the judge.
    pub judge: Duration,
    /// For open messages, once the service is to end.
    pub drain: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            idle: seconds(7200),
            packet: seconds(600),
            write: seconds(60),
            progress: seconds(10),
            judge: seconds(120),
            drain: seconds(30),
        }
    }
}

/// The settings of one milter. A connection keeps those that it began with.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// How much is taken.
    pub limits: Limits,
    /// How long is waited.
    pub timeouts: Timeouts,
}

/// Serves mail servers until `shutdown` turns true and the open messages have ended; returns how many connections had
/// to be cut off. A connection has the settings that are current when it begins; the number of connections and the
/// time to drain are those of the start.
pub async fn serve<J: Judge>(
    listener: Listener,
    settings: watch::Receiver<Arc<Settings>>,
    judge: Arc<J>,
    shutdown: watch::Receiver<bool>,
) -> usize {
    let now = settings.borrow().clone();
    let bounds = Bounds {
        connections: now.limits.connections,
        busy: Vec::new(),
        drain: now.timeouts.drain,
        open: now.limits.open.clone(),
    };
    listen::accept(listener, bounds, shutdown.clone(), move |io, peer| {
        let session = Session::new(io, settings.borrow().clone(), judge.clone(), shutdown.clone());
        run(session, peer)
    })
    .await
}

async fn run<J: Judge>(mut session: Session<J>, peer: Peer) {
    if let Err(error) = session.talk().await {
        tracing::warn!(?peer, %error, "a milter connection was closed early");
    }
    session.wire.close().await;
}

/// How far a message has come. The order is the order of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Idle,
    Mail,
    Rcpt,
    Fields,
    Body,
}

/// Why a message cannot be taken, told at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Excess {
    Message,
    Header,
    Recipients,
    Room,
}

/// A message on its way in.
#[derive(Debug, Default)]
struct Message {
    from: String,
    utf8: bool,
    /// Recipients as they were given, with their brackets.
    recipients: Vec<Vec<u8>>,
    fields: usize,
    raw: Vec<u8>,
    share: Share,
    excess: Option<Excess>,
}

struct Session<J> {
    wire: Wire,
    settings: Arc<Settings>,
    judge: Arc<J>,
    shutdown: watch::Receiver<bool>,
    taken: Option<Offer>,
    stage: Stage,
    client: Option<IpAddr>,
    client_name: Option<String>,
    helo: String,
    /// Values of the macros that are of use, by name.
    macros: BTreeMap<&'static str, String>,
    message: Message,
}

/// Macros that are of use: the queue's id and what stands for a connection that was not described.
const MACROS: [&str; 3] = ["i", "{client_addr}", "{client_name}"];

impl<J: Judge> Session<J> {
    fn new(io: Box<dyn Io>, settings: Arc<Settings>, judge: Arc<J>, shutdown: watch::Receiver<bool>) -> Self {
        Self {
            wire: Wire::new(io, settings.timeouts.write),
            settings,
            judge,
            shutdown,
            taken: None,
            stage: Stage::Idle,
            client: None,
            client_name: None,
            helo: String::new(),
            macros: BTreeMap::new(),
            message: Message::default(),
        }
    }

    async fn talk(&mut self) -> io::Result<()> {
        let bad = |error| io::Error::new(io::ErrorKind::InvalidData, error);
        while self.packet().await? {
            let limit = self.settings.limits.packet;
            // The bytes leave the buffer by a copy, because what they mean changes the session.
            let Some((letter, data, used)) = packet::take(self.wire.unread(), limit).map_err(bad)? else {
                break;
            };
            let data = data.to_vec();
            self.wire.consume(used);
            let command = command::parse(letter, &data).map_err(bad)?;
            if !self.obey(command).await? {
                break;
            }
            self.wire.spill().await?;
        }
        Ok(())
    }

    /// Waits until a whole packet is there; false when there is none to come.
    async fn packet(&mut self) -> io::Result<bool> {
        loop {
            let idle = self.stage == Stage::Idle;
            if idle && *self.shutdown.borrow() {
                return Ok(false);
            }
            let limit = self.settings.limits.packet;
            match packet::take(self.wire.unread(), limit) {
                Ok(Some(_)) => return Ok(true),
                Ok(None) => {}
                Err(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
            }
            self.wire.flush().await?;
            let timeouts = &self.settings.timeouts;
            let read = if idle {
                tokio::select! {
                    () = ends(&mut self.shutdown) => continue,
                    read = self.wire.fill(timeouts.idle) => read?,
                }
            } else {
                self.wire.fill(timeouts.packet).await?
            };
            if read == 0 {
                let whole = idle && self.wire.unread().is_empty();
                return if whole { Ok(false) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
            }
        }
    }

    fn put(&mut self, reply: &Reply) {
        let mut bytes = Vec::new();
        reply.put(&mut bytes);
        self.wire.put(&bytes);
    }

    /// Goes on, and says so unless the mail server was asked not to wait for it.
    fn go_on(&mut self, quiet: u32) -> io::Result<bool> {
        if self.taken.is_none_or(|taken| taken.steps & quiet == 0) {
            self.put(&Reply::Continue);
        }
        Ok(true)
    }

    /// The message may be at one of these stages now, and is at `next` then.
    fn step(
        &mut self,
        from: std::ops::RangeInclusive<Stage>,
        next: Stage,
        what: &'static str,
    ) -> io::Result<()> {
        if self.taken.is_none() || !from.contains(&self.stage) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, BadPacket::Order(what)));
        }
        self.stage = next;
        Ok(())
    }

    async fn obey(&mut self, command: Command<'_>) -> io::Result<bool> {
        use Stage::{Body, Fields, Idle, Mail, Rcpt};
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match command {
            Command::Negotiate(offer) => self.negotiate(offer),
            Command::Macros(_, pairs) => {
                for (name, value) in pairs {
                    if let Some(known) = MACROS.iter().find(|known| known.as_bytes() == name) {
                        self.macros.insert(known, text(&value[..value.len().min(1024)]));
                    }
                }
                Ok(true)
            }
            Command::Connect(name, address) => {
                self.step(Idle..=Idle, Idle, "connect")?;
                self.client = address;
                self.client_name = Some(text(name)).filter(|name| !name.is_empty());
                self.helo.clear();
                self.go_on(steps::QUIET_CONNECT)
            }
            Command::Helo(name) => {
                self.step(Idle..=Idle, Idle, "helo")?;
                self.helo = text(&name[..name.len().min(1024)]);
                self.go_on(steps::QUIET_HELO)
            }
            Command::Mail(from, parameters) => {
                self.step(Idle..=Idle, Mail, "mail")?;
                let utf8 = parameters.iter().any(|word| word.eq_ignore_ascii_case(b"SMTPUTF8"));
                self.message = Message { from: unbracketed(from), utf8, ..Message::default() };
                self.go_on(steps::QUIET_MAIL)
            }
            Command::Rcpt(to) => {
                self.step(Mail..=Rcpt, Rcpt, "rcpt")?;
                if self.message.recipients.len() < self.settings.limits.recipients {
                    self.message.recipients.push(to.to_vec());
                } else {
                    self.message.exceeds(Excess::Recipients);
                }
                self.go_on(steps::QUIET_RCPT)
            }
            Command::Data => {
                self.step(Rcpt..=Rcpt, Fields, "data")?;
                self.go_on(steps::QUIET_DATA)
            }
            Command::Field(name, value) => {
                self.step(Rcpt..=Fields, Fields, "header field")?;
                let blank = self.blank();
                self.message.field(name, value, blank, &self.settings.limits);
                self.go_on(steps::QUIET_FIELD)
            }
            Command::EndOfHeader => {
                self.step(Rcpt..=Fields, Body, "end of header")?;
                self.message.push(b"\r\n", &self.settings.limits);
                self.go_on(steps::QUIET_END_OF_HEADER)
            }
            Command::Body(bytes) => {
                self.body(bytes)?;
                self.go_on(steps::QUIET_BODY)
            }
            Command::EndOfMessage(bytes) => {
                self.body(bytes)?;
                self.stage = Idle;
                self.judge().await?;
                Ok(true)
            }
            Command::Abort => {
                self.forget();
                Ok(true)
            }
            Command::Quit => Ok(false),
            Command::QuitNewClient => {
                self.forget();
                self.macros.clear();
                (self.client, self.client_name) = (None, None);
                self.helo.clear();
                Ok(true)
            }
            Command::Unknown => {
                self.step(Idle..=Rcpt, self.stage, "unknown command")?;
                self.go_on(steps::QUIET_UNKNOWN)
            }
        }
    }

    fn forget(&mut self) {
        self.message = Message::default();
        self.stage = Stage::Idle;
        self.macros.remove("i");
    }

    fn negotiate(&mut self, offer: Offer) -> io::Result<bool> {
        let order = BadPacket::Order("negotiation");
        let taken = offer.taken().filter(|_| self.taken.is_none());
        let Some(taken) = taken else { return Err(io::Error::new(io::ErrorKind::InvalidData, order)) };
        if taken.actions != actions::WANTED {
            tracing::warn!(actions = taken.actions, "the mail server does not let us change everything");
        }
        self.taken = Some(taken);
        self.put(&Reply::Negotiated(taken));
        Ok(true)
    }

    /// The mail server takes the blank after a colon off, and puts it back.
    fn blank(&self) -> bool {
        self.taken.is_none_or(|taken| taken.steps & steps::LEADING_SPACE == 0)
    }

    fn body(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.stage < Stage::Body {
            self.step(Stage::Rcpt..=Stage::Fields, Stage::Body, "body")?;
            self.message.push(b"\r\n", &self.settings.limits);
        }
        self.message.push(bytes, &self.settings.limits);
        Ok(())
    }

    fn envelope(&self, message: &Message) -> Envelope {
        let told = |name: &str| self.macros.get(name).cloned().filter(|text| !text.is_empty());
        let client = self.client.or_else(|| told("{client_addr}").and_then(|text| text.parse().ok()));
        Envelope {
            // What a machine sends to itself says nothing of the client outside.
            client: client.map(|ip: IpAddr| ip.to_canonical()).filter(|ip| !ip.is_loopback()),
            client_name: self.client_name.clone().or_else(|| told("{client_name}")),
            helo: self.helo.clone(),
            mail_from: message.from.clone(),
            recipients: message.recipients.iter().map(|to| unbracketed(to)).collect(),
            utf8: message.utf8,
            queue_id: told("i"),
        }
    }

    /// A message came wholly: it is judged, and the mail server told what becomes of it.
    async fn judge(&mut self) -> io::Result<()> {
        let mut message = std::mem::take(&mut self.message);
        let envelope = self.envelope(&message);
        self.macros.remove("i");
        if let Some(excess) = message.excess {
            tracing::warn!(?excess, queue = envelope.queue_id, "a message was refused");
            self.put(&Reply::Code(excess.answer().into()));
            return Ok(());
        }
        let raw: Arc<[u8]> = std::mem::take(&mut message.raw).into();
        let judge = self.judge.clone();
        let count = envelope.recipients.len();
        let within = self.settings.timeouts.judge;
        let judged = tokio::time::timeout(within, judge.judge(&envelope, raw.clone()));
        let decision = match self.alive(judged).await? {
            Ok(decision) => decision,
            Err(_) => copies::late(count, within),
        };
        let replies = self.replies(&decision, &envelope, &message, &raw).await?;
        let last = replies.last().map(|reply| format!("{reply:?}"));
        tracing::info!(
            id = decision.id,
            queue = envelope.queue_id,
            from = envelope.mail_from,
            bytes = raw.len(),
            answer = last,
            changes = replies.len().saturating_sub(1),
            "a message was answered"
        );
        for reply in &replies {
            self.put(reply);
            self.wire.spill().await?;
        }
        Ok(())
    }

    /// Waits for `work` and tells the mail server now and then that we are still at it.
    async fn alive<T>(&mut self, work: impl Future<Output = T>) -> io::Result<T> {
        tokio::pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return Ok(done),
                () = tokio::time::sleep(self.settings.timeouts.progress) => {
                    self.put(&Reply::Progress);
                    self.wire.flush().await?;
                }
            }
        }
    }

    /// What the mail server is told: changes, then one answer.
    async fn replies(
        &mut self,
        decision: &Decision,
        envelope: &Envelope,
        message: &Message,
        raw: &[u8],
    ) -> io::Result<Vec<Reply>> {
        let later = |text: &str| vec![Reply::Code(format!("451 4.7.1 {}", copies::line(text)))];
        let (mut going, quarantined) = match copies::weigh(decision, envelope.recipients.len()) {
            Verdict::Defer { text } => return Ok(later(text)),
            Verdict::Reject { code, text } => {
                return Ok(vec![Reply::Code(format!("550 {code} {}", copies::line(text)))]);
            }
            Verdict::Go { going, quarantined } => (going, quarantined),
        };
        if going.is_empty() {
            return Ok(vec![Reply::Discard]);
        }
        // The mail server keeps the copy that is changed least; the others have to go by another way.
        let main = going.iter().position(|group| !is_changed(group)).unwrap_or(0);
        let main = going.swap_remove(main);
        let mut out = changes(raw, &main.copy.action, self.blank());
        let apart = going.iter().flat_map(|group| &group.recipients).chain(&quarantined);
        out.extend(apart.map(|&at| Reply::DeleteRecipient(message.recipients[at].clone())));
        let granted = self.taken.unwrap_or_default().actions;
        if let Some(change) = out.iter().find(|change| permission(change) & !granted != 0) {
            tracing::error!(
                id = decision.id,
                needs = permission(change),
                "the mail server does not allow a change"
            );
            return Ok(later("The message cannot be changed as it has to be, please try again later"));
        }
        for group in &going {
            let of_group = group.recipients.iter().map(|&at| envelope.recipients[at].clone()).collect();
            let part = Envelope { recipients: of_group, ..envelope.clone() };
            let bytes = copies::bytes(raw, &group.copy.action).into_owned();
            let judge = self.judge.clone();
            if let Err(error) = self.alive(judge.deliver(&part, bytes)).await? {
                tracing::warn!(id = decision.id, %error, "a copy could not be sent on");
                return Ok(later("A copy could not be sent on, please try again later"));
            }
        }
        out.push(Reply::Continue);
        Ok(out)
    }
}

fn is_changed(group: &Going<'_>) -> bool {
    matches!(group.copy.action, Action::Deliver { changed: Some(_), .. })
}

impl Message {
    fn exceeds(&mut self, excess: Excess) {
        self.excess.get_or_insert(excess);
        self.raw = Vec::new();
        self.share = Share::default();
    }

    fn push(&mut self, bytes: &[u8], limits: &Limits) {
        if self.excess.is_some() {
            return;
        }
        let length = self.raw.len() + bytes.len();
        if length > limits.message {
            return self.exceeds(Excess::Message);
        }
        if length > self.raw.capacity() {
            let capacity = length.max(self.raw.capacity() * 2).max(4096);
            if !limits.room.grow(&mut self.share, capacity) {
                return self.exceeds(Excess::Room);
            }
            self.raw.reserve_exact(capacity - self.raw.len());
        }
        self.raw.extend_from_slice(bytes);
    }

    fn field(&mut self, name: &[u8], value: &[u8], blank: bool, limits: &Limits) {
        self.fields += 1;
        if self.fields > limits.fields || self.raw.len() + name.len() + value.len() > limits.header {
            return self.exceeds(Excess::Header);
        }
        let mut field = Vec::with_capacity(name.len() + value.len() + 4);
        push_field(&mut field, name, value, blank);
        self.push(&field, limits);
    }
}

impl Excess {
    fn answer(self) -> &'static str {
        match self {
            Self::Message => "552 5.3.4 The message is too big",
            Self::Header => "552 5.3.4 The header is too big",
            Self::Recipients => "452 4.5.3 Too many recipients",
            Self::Room => "452 4.3.1 No memory left, please try again later",
        }
    }
}
