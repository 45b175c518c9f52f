//! The header of a message, read once: its fields as facts, and what the rest of this module compares.

use mail_parser::{Addr, Address, DateTime, Header, HeaderValue, Host, Message};
use model::{Event, Time};

use super::domain;

/// Addresses under one header field that become facts; a message with more is a list of targets rather
/// than a message.
const MAX_REPEATED: usize = 1000;
/// Facts that are taken from one header in all.
const FACTS: usize = 4000;
/// Domains that are kept of hops, signatures and ways to unsubscribe, each.
const KEPT: usize = 16;

/// A person in a header field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Mailbox {
    pub(super) address: String,
    pub(super) name: String,
}

impl Mailbox {
    /// The domain of the address, in ASCII lower case.
    pub(super) fn host(&self) -> String {
        domain::ascii(&domain::of_address(&self.address)).into_owned()
    }
}

/// What is kept of a header.
#[derive(Debug, Default)]
pub(super) struct Headers {
    pub(super) from: Vec<Mailbox>,
    pub(super) from_fields: u64,
    pub(super) sender: Vec<Mailbox>,
    pub(super) reply_to: Vec<Mailbox>,
    pub(super) return_path: Option<String>,
    pub(super) to: Vec<String>,
    pub(super) cc: Vec<String>,
    pub(super) delivered: Vec<String>,
    pub(super) original: Vec<String>,
    pub(super) envelope: Vec<String>,
    pub(super) undisclosed: bool,
    /// Domains of DKIM signatures.
    pub(super) signed: Vec<String>,
    /// Names of hosts on the way.
    pub(super) hops: Vec<String>,
    /// Hosts and domains of ways to unsubscribe.
    pub(super) unsubscribe: Vec<String>,
    pub(super) has_unsubscribe: bool,
    pub(super) one_click: bool,
    pub(super) list: bool,
    pub(super) discussion: bool,
    pub(super) reply: bool,
    pub(super) auto: bool,
    pub(super) feedback: Vec<String>,
    /// Names of fields that begin with `x-`, or that services use, in lower case.
    pub(super) names: Vec<String>,
    facts: usize,
}

/// Reads the header of `message` and adds its fields to `event`.
pub(super) fn read(message: &Message<'_>, event: &mut Event) -> Headers {
    let mut found = Headers::default();
    let mut name = String::new();
    for header in message.headers() {
        name.clear();
        name.extend(header.name.as_str().chars().map(|c| c.to_ascii_lowercase()));
        found.field(&name, header, event);
    }
    if let Some((time, written)) = message.date().and_then(moment) {
        event.push_str("mail.date", &written);
        event.time = event.time.or(Some(time));
    }
    found
}

impl Headers {
    fn field(&mut self, name: &str, header: &Header<'_>, event: &mut Event) {
        let value = &header.value;
        match name {
            "from" => {
                self.from_fields += 1;
                let found = self.people("mail.from", value, event);
                append(&mut self.from, found);
            }
            "sender" => {
                let found = self.people("mail.sender", value, event);
                append(&mut self.sender, found);
            }
            "reply-to" => {
                let found = self.people("mail.reply_to", value, event);
                append(&mut self.reply_to, found);
            }
            "resent-from" => drop(self.people("mail.resent_from", value, event)),
            "to" => {
                self.undisclosed |= is_undisclosed(value);
                let found = self.addresses("mail.to", value, event);
                append(&mut self.to, found);
            }
            "cc" => {
                let found = self.addresses("mail.cc", value, event);
                append(&mut self.cc, found);
            }
            "bcc" => drop(self.addresses("mail.bcc", value, event)),
            "delivered-to" => {
                let found = self.addresses("mail.delivered_to", value, event);
                append(&mut self.delivered, found);
            }
            "x-original-to" => {
                let found = self.texts("mail.original_to", value, event);
                append(&mut self.original, found);
            }
            "envelope-to" | "x-envelope-to" => append(&mut self.envelope, texts(value)),
            "return-path" => {
                let found = self.texts("mail.return_path", value, event);
                if self.return_path.is_none() {
                    self.return_path = found.into_iter().next();
                }
            }
            "in-reply-to" => {
                self.reply = true;
                self.texts("mail.in_reply_to", value, event);
            }
            "references" => self.reply = true,
            "list-id" => {
                self.list = true;
                self.texts("mail.list_id", value, event);
            }
            "list-unsubscribe" => {
                self.has_unsubscribe = true;
                let found = self.texts("mail.list_unsubscribe", value, event);
                let hosts = found.iter().flat_map(|text| text.split([',', '<', '>'])).filter_map(place);
                self.unsubscribe.extend(hosts.take(KEPT));
            }
            "list-unsubscribe-post" => {
                self.one_click |= texts(value).iter().any(|text| text.to_lowercase().contains("one-click"));
            }
            "list-post" | "x-beenthere" | "mailing-list" | "x-mailing-list" => {
                self.list = true;
                let closed =
                    texts(value).iter().any(|text| text.trim_matches(['<', '>']).eq_ignore_ascii_case("no"));
                self.discussion |= !closed;
            }
            "auto-submitted" => {
                let found = self.texts("mail.auto_submitted", value, event);
                self.auto |= found.iter().any(|text| !text.trim_start().to_lowercase().starts_with("no"));
            }
            "x-autoreply" | "x-autorespond" => self.auto = true,
            "precedence" => {
                let found = self.texts("mail.precedence", value, event);
                self.auto |= found.iter().any(|text| text.to_lowercase().contains("auto"));
            }
            "dkim-signature" => {
                let domains = texts(value).into_iter().filter_map(|text| {
                    let tag = text.split(';').find_map(|tag| tag.trim().strip_prefix("d=").map(str::trim))?;
                    Some(tag.to_ascii_lowercase())
                });
                append(&mut self.signed, domains.take(KEPT).collect());
                self.signed.truncate(KEPT);
            }
            "received" => self.hop(value),
            "feedback-id" => append(&mut self.feedback, texts(value)),
            "subject" => drop(self.texts("mail.subject", value, event)),
            "message-id" => drop(self.texts("mail.message_id", value, event)),
            "user-agent" | "x-mailer" => {
                let found = self.texts("mail.user_agent", value, event);
                self.feedback.extend(found.into_iter().take(1));
            }
            "authentication-results" => drop(self.texts("mail.authentication_results", value, event)),
            "received-spf" => drop(self.texts("mail.received_spf", value, event)),
            "x-originating-ip" => drop(self.texts("mail.originating_address", value, event)),
            _ => {}
        }
        if self.names.len() < 500 && !matches!(name, "received" | "to" | "from" | "subject" | "date") {
            self.names.push(name.to_owned());
        }
    }

    /// Addresses, domains and names of the people in a field.
    fn people(&mut self, name: &str, value: &HeaderValue<'_>, event: &mut Event) -> Vec<Mailbox> {
        let HeaderValue::Address(list) = value else {
            self.texts(name, value, event);
            return Vec::new();
        };
        let mut found = Vec::new();
        for person in people(list).take(MAX_REPEATED) {
            if self.full() {
                break;
            }
            let mut mailbox = Mailbox::default();
            if let Some(address) = person.address() {
                event.push_str(&format!("{name}.address"), address);
                if let Some((_, domain)) = address.rsplit_once('@') {
                    both_ways(&format!("{name}.domain"), domain, event);
                }
                mailbox.address = address.trim().to_lowercase();
            }
            if let Some(shown) = person.name() {
                event.push_str(&format!("{name}.name"), shown);
                mailbox.name = shown.to_owned();
            }
            found.push(mailbox);
        }
        found
    }

    fn addresses(&mut self, name: &str, value: &HeaderValue<'_>, event: &mut Event) -> Vec<String> {
        let HeaderValue::Address(list) = value else { return self.texts(name, value, event) };
        let mut found = Vec::new();
        for address in people(list).take(MAX_REPEATED).filter_map(Addr::address) {
            if self.full() {
                break;
            }
            event.push_str(name, address);
            found.push(address.to_owned());
        }
        found
    }

    fn texts(&mut self, name: &str, value: &HeaderValue<'_>, event: &mut Event) -> Vec<String> {
        let mut found = texts(value);
        found.retain(|text| {
            let room = !self.full();
            if room {
                event.push_str(name, text);
            }
            room
        });
        found
    }

    fn full(&mut self) -> bool {
        self.facts += 1;
        self.facts > FACTS
    }

    fn hop(&mut self, value: &HeaderValue<'_>) {
        let HeaderValue::Received(hop) = value else { return };
        for host in [&hop.from, &hop.helo].into_iter().flatten() {
            if let Host::Name(name) = host
                && self.hops.len() < KEPT
            {
                self.hops.push(name.trim_end_matches('.').to_ascii_lowercase());
            }
        }
    }
}

fn append<T>(to: &mut Vec<T>, mut from: Vec<T>) {
    let room = MAX_REPEATED.saturating_sub(to.len());
    from.truncate(room);
    to.append(&mut from);
}

fn people<'a>(list: &'a Address<'a>) -> Box<dyn Iterator<Item = &'a Addr<'a>> + 'a> {
    match list {
        Address::List(list) => Box::new(list.iter()),
        Address::Group(groups) => Box::new(groups.iter().flat_map(|group| &group.addresses)),
    }
}

/// The domain as written, in lower case, and where it has letters beyond ASCII in both of its forms.
fn both_ways(name: &str, domain: &str, event: &mut Event) {
    let domain = domain.trim().to_lowercase();
    event.push_str(name, &domain);
    if !domain.is_ascii() || domain.contains("xn--") {
        event.push_str(&format!("{name}_ascii"), &domain::ascii(&domain));
        event.push_str(&format!("{name}_unicode"), &domain::unicode(&domain::ascii(&domain)));
    }
}

fn texts(value: &HeaderValue<'_>) -> Vec<String> {
    match value {
        HeaderValue::Text(text) => vec![text.trim().to_owned()],
        HeaderValue::TextList(list) => {
            list.iter().take(MAX_REPEATED).map(|text| text.trim().to_owned()).collect()
        }
        HeaderValue::Address(list) => {
            people(list).take(MAX_REPEATED).filter_map(Addr::address).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether a field names nobody: empty, or a group without members.
fn is_undisclosed(value: &HeaderValue<'_>) -> bool {
    match value {
        HeaderValue::Address(list) => {
            people(list).all(|person| !person.address().is_some_and(|address| address.contains('@')))
        }
        HeaderValue::Empty => true,
        _ => false,
    }
}

/// The host or mail domain of a way to unsubscribe.
fn place(text: &str) -> Option<String> {
    let text = text.trim();
    let host = match text.split_once("://") {
        Some((_, rest)) => {
            let authority = rest.split(['/', '?', '#']).next()?;
            authority.rsplit('@').next()?.split(':').next()?.to_ascii_lowercase()
        }
        None => domain::of_address(text.split('?').next()?),
    };
    (!host.is_empty()).then(|| host.chars().take(253).collect())
}

/// The moment, and the same as RFC 3339 with the offset that the header states.
fn moment(date: &DateTime) -> Option<(Time, String)> {
    if !date.is_valid() {
        return None;
    }
    let written = date.to_rfc3339();
    Some((Time::parse(&written).ok()?, written))
}
