//! What an operator sets.

use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;

use crate::listen::{Address, Open};
use crate::wire::Room;

/// Which of the two is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// RFC 5321: one answer for a message.
    Smtp,
    /// RFC 2033: one answer for each recipient.
    Lmtp,
}

/// What becomes of a message with a CR or an LF that stands alone. Neither is ever passed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BareNewline {
    /// It is refused.
    #[default]
    Reject,
    /// A lone LF becomes a line end and a lone CR a blank; a dot after a lone LF is text.
    Replace,
}

/// Where messages go.
#[derive(Clone, Debug)]
pub struct NextHop {
    /// Its address.
    pub address: Address,
    /// What it speaks.
    pub protocol: Protocol,
}

/// How much is taken.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections at once.
    pub connections: usize,
    /// Counts the connections.
    pub open: Open,
    /// Bytes of a message.
    pub message: usize,
    /// Memory for all messages in flight.
    pub room: Room,
    /// Recipients of a message.
    pub recipients: usize,
    /// Bytes of a command with its line end.
    pub command: usize,
    /// Bytes of a line of text. The standard says 1,000; honest programs write more.
    pub line: usize,
    /// Errors in a session before it is closed.
    pub errors: usize,
    /// Commands without a message between them that lead nowhere (NOOP, RSET, EHLO …), before each counts as
    /// an error.
    pub idle_commands: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1000,
            open: Open::default(),
            message: 50 << 20,
            room: Room::new(1 << 30),
            recipients: 1000,
            command: 4096,
            line: 1 << 20,
            errors: 20,
            idle_commands: 100,
        }
    }
}

/// How long is waited.
#[derive(Clone, Debug)]
pub struct Timeouts {
    /// For a command.
    pub command: Duration,
    /// For the next piece of a message.
    pub data: Duration,
    /// For a whole message.
    pub message: Duration,
    /// For a peer that does not take what is written.
    pub write: Duration,
    /// For a TLS handshake.
    pub tls: Duration,
    /// For the judge.
    pub judge: Duration,
    /// For a connection to the next hop, with its greeting.
    pub connect: Duration,
    /// For an answer of the next hop; ten minutes for the one after a message is what RFC 5321 asks.
    pub reply: Duration,
    /// For open sessions, once the service is to end.
    pub drain: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            command: seconds(300),
            data: seconds(180),
            message: seconds(3600),
            write: seconds(120),
            tls: seconds(30),
            judge: seconds(120),
            connect: seconds(30),
            reply: seconds(600),
            drain: seconds(30),
        }
    }
}

/// The settings of one proxy. A session keeps those that it began with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What the proxy itself speaks.
    pub protocol: Protocol,
    /// Its name in greetings.
    pub hostname: String,
    /// Where messages go.
    pub next_hop: NextHop,
    /// Certificate and key; without them STARTTLS is not offered.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Networks whose XFORWARD and XCLIENT are believed, and that are never a message's client themselves. A Unix
    /// socket always is.
    pub trusted: Vec<IpNet>,
    /// Bare CR and LF in messages.
    pub bare_newline: BareNewline,
    /// How much is taken.
    pub limits: Limits,
    /// How long is waited.
    pub timeouts: Timeouts,
}

impl Settings {
    /// The usual settings.
    pub fn new(protocol: Protocol, hostname: impl Into<String>, next_hop: NextHop) -> Self {
        Self {
            protocol,
            hostname: hostname.into(),
            next_hop,
            tls: None,
            trusted: Vec::new(),
            bare_newline: BareNewline::default(),
            limits: Limits::default(),
            timeouts: Timeouts::default(),
        }
    }
}
