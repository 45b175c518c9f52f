//! The next hop, as we speak to it.

use std::io;
use std::time::Duration;

use super::command::{Attribute, Mail};
use super::data;
use super::reply::Reply;
use super::settings::{NextHop, Protocol, Timeouts};
use crate::wire::Wire;

/// What the next hop offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offers {
    /// 8BITMIME.
    pub eight_bit: bool,
    /// SMTPUTF8.
    pub utf8: bool,
    /// CHUNKING.
    pub chunking: bool,
    /// PIPELINING.
    pub pipelining: bool,
    /// SIZE.
    pub size: bool,
    /// Names of XFORWARD's attributes.
    pub xforward: Vec<String>,
}

impl Offers {
    fn read(reply: &Reply) -> Self {
        let mut offers = Self::default();
        for line in reply.lines.iter().skip(1) {
            let mut words = line.split_ascii_whitespace().map(str::to_ascii_uppercase);
            match words.next().as_deref() {
                Some("8BITMIME") => offers.eight_bit = true,
                Some("SMTPUTF8") => offers.utf8 = true,
                Some("CHUNKING") => offers.chunking = true,
                Some("PIPELINING") => offers.pipelining = true,
                Some("SIZE") => offers.size = true,
                Some("XFORWARD") => offers.xforward = words.collect(),
                _ => {}
            }
        }
        offers
    }
}

/// An open connection to the next hop.
pub struct Client {
    wire: Wire,
    protocol: Protocol,
    reply_within: Duration,
    offers: Offers,
}

fn refused(what: &str, reply: &Reply) -> io::Error {
    io::Error::other(format!("{what} was answered by {}", reply.text()))
}

impl Client {
    /// Connects and says hello.
    pub async fn connect(hop: &NextHop, hostname: &str, timeouts: &Timeouts) -> io::Result<Self> {
        let late = |_| io::Error::new(io::ErrorKind::TimedOut, "no greeting in time");
        tokio::time::timeout(timeouts.connect, Self::open(hop, hostname, timeouts)).await.map_err(late)?
    }

    async fn open(hop: &NextHop, hostname: &str, timeouts: &Timeouts) -> io::Result<Self> {
        let wire = Wire::new(hop.address.connect().await?, timeouts.write);
        let mut client =
            Self { wire, protocol: hop.protocol, reply_within: timeouts.reply, offers: Offers::default() };
        let greeting = client.reply().await?;
        if greeting.code != 220 {
            return Err(refused("the connection", &greeting));
        }
        let verb = if hop.protocol == Protocol::Lmtp { "LHLO" } else { "EHLO" };
        let mut hello = client.command(&format!("{verb} {hostname}")).await?;
        if !hello.is_positive() && hop.protocol == Protocol::Smtp {
            hello = client.command(&format!("HELO {hostname}")).await?;
            hello.lines.truncate(1);
        }
        if !hello.is_positive() {
            return Err(refused(verb, &hello));
        }
        client.offers = Offers::read(&hello);
        Ok(client)
    }

    /// What it offers.
    pub fn offers(&self) -> &Offers {
        &self.offers
    }

    async fn reply(&mut self) -> io::Result<Reply> {
        loop {
            match Reply::parse(self.wire.unread()) {
                Ok(Some((reply, used))) => {
                    self.wire.consume(used);
                    return Ok(reply);
                }
                Ok(None) => {}
                Err(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
            }
            if self.wire.fill(self.reply_within).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    async fn command(&mut self, line: &str) -> io::Result<Reply> {
        self.wire.put(line.as_bytes());
        self.wire.put(b"\r\n");
        self.reply().await
    }

    /// Tells it of the client outside, as far as it wants to know; this holds for one transaction. A refusal is no
    /// reason to stop.
    pub async fn xforward(&mut self, attributes: &[Attribute]) -> io::Result<()> {
        let mut line = String::new();
        for attribute in attributes {
            if !self.offers.xforward.contains(&attribute.name) {
                continue;
            }
            let word = format!(" {}={}", attribute.name, attribute.value);
            // Postfix takes 512 bytes for a command, and several commands.
            if line.len() + word.len() > 480 {
                self.forward(&line).await?;
                line.clear();
            }
            line.push_str(&word);
        }
        if !line.is_empty() {
            self.forward(&line).await?;
        }
        Ok(())
    }

    async fn forward(&mut self, line: &str) -> io::Result<()> {
        let reply = self.command(&format!("XFORWARD{line}")).await?;
        if !reply.is_positive() {
            tracing::warn!(answer = reply.text(), "the next hop refused XFORWARD");
        }
        Ok(())
    }

    /// Begins a transaction.
    pub async fn mail(&mut self, mail: &Mail) -> io::Result<Reply> {
        let mut line = format!("MAIL FROM:<{}>", mail.from);
        if let Some(size) = mail.size.filter(|_| self.offers.size) {
            line.push_str(&format!(" SIZE={size}"));
        }
        if mail.eight_bit && self.offers.eight_bit {
            line.push_str(" BODY=8BITMIME");
        }
        if mail.utf8 {
            if !self.offers.utf8 {
                return Ok(Reply::new(550, "5.6.7", "The next hop does not offer SMTPUTF8"));
            }
            line.push_str(" SMTPUTF8");
        }
        self.command(&line).await
    }

    /// Names a recipient.
    pub async fn rcpt(&mut self, to: &str) -> io::Result<Reply> {
        self.command(&format!("RCPT TO:<{to}>")).await
    }

    /// Ends a transaction without a message.
    pub async fn rset(&mut self) -> io::Result<Reply> {
        self.command("RSET").await
    }

    /// Sends a message to the `accepted` recipients; returns one answer, or over LMTP one for each. `message` has no
    /// bare CR or LF. With `chunked` it goes by BDAT, where that is offered, and byte for byte even without a
    /// line end at its end.
    pub async fn message(
        &mut self,
        message: &[u8],
        chunked: bool,
        accepted: usize,
    ) -> io::Result<Vec<Reply>> {
        let count = if self.protocol == Protocol::Lmtp { accepted } else { 1 };
        if chunked && self.offers.chunking {
            self.wire.put(format!("BDAT {} LAST\r\n", message.len()).as_bytes());
            self.wire.send(message).await?;
        } else {
            let go = self.command("DATA").await?;
            if go.is_positive() {
                return Err(refused("DATA", &go));
            }
            if go.code != 354 {
                return Ok(vec![go; count]);
            }
            self.wire.send(&data::stuff(message)).await?;
        }
        let mut replies = Vec::with_capacity(count);
        for _ in 0..count {
            replies.push(self.reply().await?);
        }
        Ok(replies)
    }

    /// Says good-bye.
    pub async fn quit(mut self) {
        self.wire.put(b"QUIT\r\n");
        self.reply_within = self.reply_within.min(Duration::from_secs(5));
        let _ = self.reply().await;
        self.wire.close().await;
    }
}
