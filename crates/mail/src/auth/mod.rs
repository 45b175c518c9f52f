//! Whether the sender is who the address says: SPF, DKIM, DMARC, ARC, and the way a message came.

mod aligned;
mod arc;
mod hops;
pub mod live;
mod odd;
mod results;
mod spf;

use std::net::IpAddr;

use mail_parser::Message;
use model::{Event, Time};

use crate::{About, Settings};

pub use arc::{ArcKey, Chain, SealError, seal};
pub use results::of_own as own_results;
pub use spf::{Peer, Verdict};

/// How a message came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Way {
    /// When the first trusted host took it over.
    pub received: Option<Time>,
    /// The address outside of the institution that it came from.
    pub client: Option<IpAddr>,
}

/// What was evaluated live, at the door.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evaluated {
    /// SPF of the envelope sender: `pass`, `fail`, `softfail`, `neutral`, `none`, `temperror`, `permerror`.
    pub spf: String,
    /// Each DKIM signature: result, domain, selector.
    pub dkim: Vec<(String, String, String)>,
    /// DMARC of the domain in `From`.
    pub dmarc: String,
    /// The policy that the domain publishes (`none`, `quarantine`, `reject`), empty where there is none.
    pub dmarc_policy: String,
    /// The chain of ARC sets.
    pub arc: String,
    /// The value of an `Authentication-Results` field that says all this (RFC 8601), with the server's own name.
    pub header: String,
}

/// The address outside of the institution that a message came from, as the trusted hops of its header say.
pub fn outside(raw: &[u8], settings: &Settings) -> Option<IpAddr> {
    let message = mail_parser::MessageParser::default().parse_headers(raw)?;
    hops::read(&message, settings, &mut Event::default()).outside
}

/// Adds results, alignment, hops and oddities (`mail.auth.spf`, `mail.hop.from`, …) to `event`.
///
/// One pass over the header fields; each field is read a fixed number of times, and lists that come
/// of them are bounded.
pub(crate) fn read(
    message: &Message<'_>,
    raw: &[u8],
    settings: &Settings,
    about: &About<'_>,
    event: &mut Event,
) -> Way {
    let route = hops::read(message, settings, event);
    aligned::read(message, raw, &route, settings, about, event);
    odd::read(message, raw, &route, event);
    Way { received: route.received, client: about.client.or(route.outside) }
}

#[cfg(test)]
mod tests;
