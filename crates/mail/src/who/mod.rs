//! Who a message says it is from, and whether that fits.

mod bulk;
mod claim;
mod data;
pub(crate) mod domain;
mod fold;
mod headers;
mod lookalike;
mod names;
mod outlets;
#[cfg(test)]
mod tests;

pub(crate) use claim::read as claim;
pub use outlets::{Outlet, Outlets};

use std::sync::LazyLock;

use mail_parser::Message;
use model::Event;
use rustc_hash::FxHashSet;

use crate::Settings;
use data::WORDS;
use headers::{Headers, Mailbox};
use lookalike::{Lookalike, Protected};
use names::People;
use outlets::{BUILT_IN, Names};

/// Recipients of one message that are kept.
const RECIPIENTS: usize = 1000;
/// Senders in one field that are compared with protected names.
const SENDERS: usize = 8;

/// The sender as the message states it, for the modules that compare with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sender {
    /// The address in `From`, in lower case.
    pub address: String,
    /// The registered domain of that address.
    pub domain: String,
    /// The display name, decoded.
    pub name: String,
    /// Addresses that the message was written or delivered to, in lower case.
    pub recipients: Vec<String>,
    /// Whether the first of them is one that a server says it delivered to (`Delivered-To` and its like).
    pub delivered: bool,
}

/// What a message claims to come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claim {
    /// The outlet whose name the sender uses.
    pub outlet: Option<String>,
    /// Whether neither the sender nor the links belong to it.
    pub unfit: bool,
}

/// Domains of the built-in outlets.
static OUTLETS: LazyLock<Protected> = LazyLock::new(|| {
    let mut all = Protected::default();
    BUILT_IN.domains().for_each(|domain| all.add(domain, false));
    all
});

/// The names and domains of the institution and of what it added, made ready for look-ups; made once for an
/// inspector.
#[derive(Debug)]
pub(crate) struct Directory<'a> {
    settings: &'a Settings,
    protected: Protected,
    people: People,
    /// `None` where the institution added none.
    outlets: Option<Names>,
}

impl<'a> Directory<'a> {
    pub(crate) fn new(settings: &'a Settings) -> Self {
        let mut protected = Protected::default();
        for domain in settings.domains.iter().chain(&settings.protected_domains) {
            protected.add(domain, true);
        }
        let added = &settings.outlets.list;
        for domain in added.iter().flat_map(|outlet| &outlet.domains) {
            protected.add(domain, false);
        }
        let outlets = (!added.is_empty()).then(|| Names::new(added.clone()));
        Self { settings, protected, people: People::new(settings), outlets }
    }

    fn lookalike(&self, host: &str) -> Option<Lookalike> {
        if self.protected.holds(host) || OUTLETS.holds(host) {
            return None;
        }
        self.protected.look(host).or_else(|| OUTLETS.look(host))
    }
}

/// Adds every address header and what its names and domains say (`mail.from.address`, …), the texts of
/// the other header fields (`mail.subject`, …), alignment, look-alikes and bulk-mail services. The event gets
/// the time of `Date` where it has none.
pub(crate) fn read(message: &Message<'_>, directory: &Directory<'_>, event: &mut Event) -> Sender {
    let headers = headers::read(message, event);
    let from = headers.from.iter().find(|from| from.address.contains('@')).or(headers.from.first());
    let from = from.cloned().unwrap_or_default();
    let host = from.host();
    let domain = domain::registered(&host).to_owned();
    event.push_uint("mail.from.count", headers.from.len() as u64);
    event.push_bool("mail.from.missing", !from.address.contains('@'));
    if headers.from_fields > 1 {
        event.push_uint("mail.from.fields", headers.from_fields);
    }
    if !domain.is_empty() {
        event.push_str("mail.from.registered_domain", &domain);
        event.push_bool("mail.from.freemail", WORDS.freemail.contains(&domain));
        if !directory.settings.domains.is_empty() {
            event.push_bool("mail.from.own_domain", names::is_own(&host, directory.settings));
        }
    }
    for one in headers.from.iter().take(SENDERS) {
        names::push(one, &directory.people, directory.settings, event);
    }
    aligned(&headers, &domain, event);
    lookalikes("mail.from", &headers.from, directory, event);
    lookalikes("mail.reply_to", &headers.reply_to, directory, event);
    lookalikes("mail.sender", &headers.sender, directory, event);
    bulk::push(&headers, &domain, &directory.settings.own_bulk, event);
    list(&headers, &domain, event);
    to(&headers, &from, event);
    let delivered =
        [&headers.delivered, &headers.original, &headers.envelope].iter().any(|all| !all.is_empty());
    Sender { recipients: recipients(&headers), delivered, address: from.address, domain, name: from.name }
}

/// Whether the other addresses of the sender are of the same registered domain.
fn aligned(headers: &Headers, domain: &str, event: &mut Event) {
    let same = |host: &str| !domain.is_empty() && domain::registered(host) == domain;
    for (name, field) in
        [("mail.reply_to.aligned", &headers.reply_to), ("mail.sender.aligned", &headers.sender)]
    {
        if !field.is_empty() {
            event.push_bool(name, field.iter().all(|one| same(&one.host())));
        }
    }
    if let Some(path) = headers.return_path.as_deref().filter(|path| path.contains('@')) {
        event.push_bool("mail.return_path.aligned", same(&domain::ascii(&domain::of_address(path))));
    }
}

fn lookalikes(name: &str, people: &[Mailbox], directory: &Directory<'_>, event: &mut Event) {
    let mut seen: Vec<String> = Vec::new();
    for host in people.iter().take(SENDERS).map(Mailbox::host).filter(|host| !host.is_empty()) {
        if seen.contains(&host) {
            continue;
        }
        if let Some(found) = directory.lookalike(&host) {
            event.push_str(&format!("{name}.lookalike_of"), &found.of);
            for how in found.how {
                event.push_str(&format!("{name}.lookalike_how"), how);
            }
        }
        seen.push(host);
    }
}

fn list(headers: &Headers, domain: &str, event: &mut Event) {
    event.push_bool("mail.list", headers.list);
    if headers.list {
        event.push_str("mail.list.kind", if headers.discussion { "discussion" } else { "announcement" });
    }
    event.push_bool("mail.unsubscribe", headers.has_unsubscribe);
    if headers.has_unsubscribe {
        event.push_bool("mail.unsubscribe.one_click", headers.one_click);
        let aligned = headers.unsubscribe.iter().any(|host| domain::registered(host) == domain);
        event.push_bool("mail.unsubscribe.aligned", aligned && !domain.is_empty());
    }
    event.push_bool("mail.reply", headers.reply);
    event.push_bool("mail.auto", headers.auto);
}

fn to(headers: &Headers, from: &Mailbox, event: &mut Event) {
    let real = |address: &&String| address.contains('@');
    let count = headers.to.iter().chain(&headers.cc).filter(real).count();
    event.push_uint("mail.to.count", count as u64);
    let to_self =
        !from.address.is_empty() && headers.to.iter().any(|to| to.trim().to_lowercase() == from.address);
    event.push_bool("mail.to.self", to_self);
    event.push_bool("mail.to.undisclosed", headers.undisclosed || count == 0);
}

/// Whom the message reached, as far as its header says: the mailbox first, then the list.
fn recipients(headers: &Headers) -> Vec<String> {
    let fields = [&headers.delivered, &headers.original, &headers.envelope, &headers.to, &headers.cc];
    let mut seen = FxHashSet::default();
    let all = fields.into_iter().flatten().flat_map(|text| text.split(','));
    all.map(|address| address.trim().trim_matches(['<', '>']).to_lowercase())
        .filter(|address| address.contains('@') && !address.contains(' ') && seen.insert(address.clone()))
        .take(RECIPIENTS)
        .collect()
}
