use std::collections::BTreeSet;

use model::{Event, Time};
use rustc_hash::FxHashSet;

use super::shingle::hash;
use super::{Detector, Trace};

/// Names that are listed of one mailing; more are counted.
const LISTED: usize = 50;
/// What is counted exactly of one mailing; more say nothing more.
const COUNTED: usize = 100_000;

/// What is known of the messages of one mailing.
#[derive(Clone, Debug, Default)]
pub struct Mailing {
    /// Messages in it.
    pub messages: u64,
    /// When the first was received.
    pub first: Option<Time>,
    /// When the last was received.
    pub last: Option<Time>,
    /// Senders' addresses, the first fifty.
    pub senders: BTreeSet<String>,
    /// Registered domains that beacons and links lead to, the first fifty.
    pub hosts: BTreeSet<String>,
    /// Shapes of tokens.
    pub shapes: BTreeSet<String>,
    /// Addresses of beacons and links with tokens masked, the first fifty.
    pub urls: BTreeSet<String>,
    /// Outlets that senders claim.
    pub outlets: BTreeSet<String>,
    /// Messages whose sender and links do not fit the outlet that is claimed.
    pub unfit: u64,
    /// Messages with a token that no other mailbox got.
    pub personal: u64,
    mailboxes: FxHashSet<u64>,
    tokens: FxHashSet<u64>,
}

impl Mailing {
    /// How many mailboxes got it.
    pub fn mailboxes(&self) -> u64 {
        self.mailboxes.len() as u64
    }

    /// How many different tokens it carried.
    pub fn tokens(&self) -> u64 {
        self.tokens.len() as u64
    }

    /// Messages for every mailbox that got one, in hundredths: 100 where nobody got two.
    pub fn per_mailbox(&self) -> u64 {
        share(self.messages, self.mailboxes())
    }

    pub(super) fn add(&mut self, trace: &Trace) {
        self.messages += 1;
        self.first = [self.first, trace.time].into_iter().flatten().min();
        self.last = self.last.max(trace.time);
        note(&mut self.senders, [&trace.sender]);
        note(&mut self.hosts, &trace.hosts);
        note(&mut self.shapes, &trace.shapes);
        note(&mut self.urls, &trace.urls);
        note(&mut self.outlets, &trace.outlet);
        self.unfit += u64::from(trace.unfit);
        if !trace.mailbox.is_empty() && self.mailboxes.len() < COUNTED {
            self.mailboxes.insert(hash(&trace.mailbox));
        }
        let mut personal = false;
        for token in &trace.tokens {
            personal |= self.tokens.len() < COUNTED && self.tokens.insert(hash(token));
        }
        self.personal += u64::from(personal);
    }

    pub(super) fn join(&mut self, other: Self) {
        self.messages += other.messages;
        self.first = [self.first, other.first].into_iter().flatten().min();
        self.last = self.last.max(other.last);
        note(&mut self.senders, &other.senders);
        note(&mut self.hosts, &other.hosts);
        note(&mut self.shapes, &other.shapes);
        note(&mut self.urls, &other.urls);
        note(&mut self.outlets, &other.outlets);
        self.unfit += other.unfit;
        self.personal += other.personal;
        self.mailboxes.extend(other.mailboxes);
        self.tokens.extend(other.tokens);
    }

    /// Adds what is known of the mailing as facts under `prefix`, such as `mail.mailing`.
    pub fn push(&self, prefix: &str, event: &mut Event) {
        event.push_str(&format!("{prefix}.id"), &Detector::name(self));
        let mut count = |name: &str, value| event.push_uint(&format!("{prefix}.{name}"), value);
        count("messages", self.messages);
        count("mailboxes", self.mailboxes());
        count("per_mailbox", self.per_mailbox());
        count("tokens", self.tokens());
        count("personal", self.personal);
        count("personal_share", share(self.personal, self.messages));
        count("unfit", self.unfit);
        count("unfit_share", share(self.unfit, self.messages));
        count("senders", self.senders.len() as u64);
        count("hosts", self.hosts.len() as u64);
        for (name, list) in [("token_shape", &self.shapes), ("outlet", &self.outlets)] {
            list.iter().for_each(|value| event.push_str(&format!("{prefix}.{name}"), value));
        }
        for (name, time) in [("first", self.first), ("last", self.last)] {
            if let Some(time) = time {
                event.push_str(&format!("{prefix}.{name}"), &time.to_string());
            }
        }
    }

    /// Adds what is listed, for the finding on the mailing as a whole.
    pub fn push_lists(&self, prefix: &str, event: &mut Event) {
        for (name, list) in [("sender", &self.senders), ("host", &self.hosts), ("url", &self.urls)] {
            list.iter().for_each(|value| event.push_str(&format!("{prefix}.{name}"), value));
        }
    }
}

/// `part` of `all`, in hundredths; 0 of nothing.
fn share(part: u64, all: u64) -> u64 {
    (part * 100).checked_div(all).unwrap_or(0)
}

fn note<'a>(list: &mut BTreeSet<String>, values: impl IntoIterator<Item = &'a String>) {
    for value in values {
        if list.len() < LISTED && !value.is_empty() && !list.contains(value) {
            list.insert(value.clone());
        }
    }
}
