//! Originals that leave the quarantine.

use std::io;

use crate::Outside;
use crate::config::{Config, Hop};
use crate::headers;
use crate::listen::Address;
use crate::mark;
use crate::quarantine::{Act, Quarantine, QuarantineError, What};
use crate::smtp::client::Client;
use crate::smtp::command::Mail;
use crate::smtp::{NextHop, Protocol, Timeouts};

/// What is to be released, by whom, to whom.
#[derive(Clone, Copy, Debug)]
pub struct Release<'a> {
    /// The delivery.
    pub id: &'a str,
    /// Whom it goes to; those it was kept for where nobody is named.
    pub to: &'a [String],
    /// Who releases it.
    pub who: &'a str,
}

/// Why an original was not released.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReleaseError {
    /// It is not there, or cannot be read.
    #[error(transparent)]
    Quarantine(#[from] QuarantineError),
    /// The configuration names no server for it.
    #[error("the configuration does not say where released messages go")]
    NoHop,
    /// Nobody is to get it.
    #[error("nobody is known to whom {0} could go")]
    Nobody(String),
    /// The server did not take it.
    #[error("{hop} did not take it")]
    Send {
        /// The server.
        hop: String,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Sends an original on, with a mark by which the gate lets it through once. Returns whom it went to.
///
/// # Errors
///
/// When it is not there or was not taken; it then stays as it was.
pub async fn release(
    config: &Config,
    quarantine: &mut Quarantine,
    what: &Release<'_>,
    outside: &Outside,
) -> Result<Vec<String>, ReleaseError> {
    let hop = &config.release.as_ref().ok_or(ReleaseError::NoHop)?.next_hop;
    let entry = quarantine.entry(what.id)?;
    let to = if what.to.is_empty() { entry.recipients } else { what.to.to_vec() };
    if to.is_empty() {
        return Err(ReleaseError::Nobody(what.id.to_owned()));
    }
    let now = (outside.now)();
    let note = format!("to {}", to.join(" "));
    let act = Act { time: now, who: what.who, what: What::Release, note: &note };
    let raw = quarantine.read(what.id, &Act { note: "to release it", what: What::Read, ..act })?;
    let name = format!("{}.{}", what.id, model::hex(&outside.bytes::<4>()));
    let secret = quarantine.secret(outside.random)?;
    let (value, expires) = mark::make(&secret, &name, &raw, now);
    quarantine.marked(&name, expires)?;
    let hostname = config.id.as_deref().unwrap_or("portcullis.invalid");
    // The gate will not look into it again: what bears its name and is not its own goes now.
    let raw = headers::without(&raw, &headers::forged(&raw, config.id.as_deref()));
    send(hop, hostname, &entry.mail_from, &to, &marked(&value, &raw))
        .await
        .map_err(|source| ReleaseError::Send { hop: hop.to_string(), source })?;
    quarantine.released(what.id, &act)?;
    Ok(to)
}

/// `raw` with a mark as its only one.
pub(crate) fn marked(value: &str, raw: &[u8]) -> Vec<u8> {
    let mut out = format!("{}: {value}\r\n", headers::RELEASE).into_bytes();
    let forged = headers::fields(raw, |name| name.eq_ignore_ascii_case(headers::RELEASE));
    out.extend(headers::without(raw, &forged));
    out
}

/// Hands a message over to a server that answers for all recipients at once.
pub(crate) async fn send(
    hop: &Hop,
    hostname: &str,
    from: &str,
    to: &[String],
    message: &[u8],
) -> io::Result<()> {
    let refused = |what: &str, text: &str| io::Error::other(format!("{what} was answered by {text}"));
    let hop = NextHop { address: address(hop), protocol: Protocol::Smtp };
    let mut client = Client::connect(&hop, hostname, &Timeouts::default()).await?;
    let utf8 = !from.is_ascii() || to.iter().any(|to| !to.is_ascii());
    let mail = Mail {
        from: from.to_owned(),
        size: Some(message.len() as u64),
        eight_bit: !message.is_ascii(),
        utf8,
    };
    let reply = client.mail(&mail).await?;
    if !reply.is_positive() {
        return Err(refused("the sender", &reply.text()));
    }
    for recipient in to {
        let reply = client.rcpt(recipient).await?;
        if !reply.is_positive() {
            return Err(refused(recipient, &reply.text()));
        }
    }
    let replies = client.message(message, false, to.len()).await?;
    match replies.iter().find(|reply| !reply.is_positive()) {
        Some(reply) => Err(refused("the message", &reply.text())),
        None => {
            client.quit().await;
            Ok(())
        }
    }
}

/// A server as the protocols call it.
pub(crate) fn address(hop: &Hop) -> Address {
    match hop {
        Hop::Tcp(text) => Address::Inet(text.clone()),
        Hop::Unix(path) => Address::Unix(path.clone()),
    }
}
