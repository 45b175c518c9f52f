//! One mail on its way through: from MAIL to the end of data.

use std::net::IpAddr;

use super::command::{Attribute, Mail, to_xtext};
use super::data::Content;
use crate::door::Envelope;
use crate::listen::Peer;

/// An open transaction. Its recipients are those that the next hop took.
#[derive(Debug)]
pub(crate) struct Transaction {
    pub(crate) mail: Mail,
    pub(crate) recipients: Vec<String>,
    /// The client outside, as the next hop is told.
    pub(crate) attributes: Vec<Attribute>,
    /// Chunks that came by BDAT.
    pub(crate) chunks: Option<Content>,
}

impl Transaction {
    pub(crate) fn new(mail: Mail, attributes: Vec<Attribute>) -> Self {
        Self { mail, recipients: Vec::new(), attributes, chunks: None }
    }

    /// What the judge is told. `hello` is the peer's own name, and stands for the client's where nothing was told.
    pub(crate) fn envelope(&self, hello: &str) -> Envelope {
        let clear = |name: &str| self.attributes.iter().find(|a| a.name == name).and_then(Attribute::clear);
        Envelope {
            client: clear("ADDR").and_then(|text| address(&text)),
            client_name: clear("NAME"),
            helo: clear("HELO").unwrap_or_else(|| hello.to_owned()),
            mail_from: self.mail.from.clone(),
            recipients: self.recipients.clone(),
            utf8: self.mail.utf8,
            queue_id: clear("IDENT"),
        }
    }
}

/// An address as Postfix writes it, with or without `IPV6:`.
fn address(text: &str) -> Option<IpAddr> {
    let bare = match text.get(..5) {
        Some(head) if head.eq_ignore_ascii_case("IPV6:") => &text[5..],
        _ => text,
    };
    bare.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// Puts `news` over `known`: an attribute that is told again has its new value.
pub(crate) fn merge(known: &mut Vec<Attribute>, news: Vec<Attribute>) {
    for attribute in news {
        match known.iter_mut().find(|old| old.name == attribute.name) {
            Some(old) => *old = attribute,
            None => known.push(attribute),
        }
    }
}

/// What is known of a peer that is no relay of ours and told nothing: it is the client itself.
pub(crate) fn of_peer(peer: Peer, hello: &str, lmtp: bool) -> Vec<Attribute> {
    let Some(peer) = peer else { return Vec::new() };
    let ip = peer.ip().to_canonical();
    let text = if ip.is_ipv6() { format!("IPV6:{ip}") } else { ip.to_string() };
    let proto = if lmtp { "LMTP" } else { "ESMTP" };
    [
        ("ADDR", text),
        ("PORT", peer.port().to_string()),
        ("HELO", to_xtext(hello)),
        ("PROTO", proto.into()),
        ("SOURCE", "REMOTE".into()),
    ]
    .map(|(name, value)| Attribute { name: name.into(), value })
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_judge_is_told_of_the_client_outside() {
        let told = |name: &str, value: &str| Attribute { name: name.into(), value: value.into() };
        let mut known = vec![told("ADDR", "192.0.2.1"), told("HELO", "a+20b")];
        merge(&mut known, vec![told("ADDR", "IPV6:2001:db8::1"), told("NAME", "[UNAVAILABLE]")]);
        let envelope = Transaction::new(Mail::default(), known).envelope("relay.example");
        assert_eq!(envelope.client, Some("2001:db8::1".parse().unwrap()));
        assert_eq!((envelope.helo.as_str(), envelope.client_name), ("a b", None));
        let peer = of_peer(Some("[::ffff:192.0.2.7]:99".parse().unwrap()), "x", false);
        let envelope = Transaction::new(Mail::default(), peer).envelope("x");
        assert_eq!(envelope.client, Some("192.0.2.7".parse().unwrap()));
    }
}
