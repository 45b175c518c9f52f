//! The events of one message, as rules meet them: the message itself, then everything that lies in it.
//!
//! Hunt, gate and `mail inspect` go through here, so that a rule sees the same wherever a message was found.

use model::{Event, Facts, SourceId, Time};

use crate::Child;
use crate::history::Known;
use crate::recon::{Mailing, explain};

/// The log sources of messages and of what lies in them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    /// Of a message.
    pub mail: SourceId,
    /// Of a mailing.
    pub mailing: SourceId,
    beacon: SourceId,
    link: SourceId,
    attachment: SourceId,
}

impl Sources {
    /// Asks `named` for the number of each.
    pub fn new(named: impl Fn(&str) -> SourceId) -> Self {
        Self {
            mail: named("mail"),
            mailing: named("mail-mailing"),
            beacon: named(Child::Beacon.source()),
            link: named(Child::Link.source()),
            attachment: named(Child::Attachment.source()),
        }
    }

    /// The log source of what lies in a message.
    pub const fn of(&self, child: Child) -> SourceId {
        match child {
            Child::Beacon => self.beacon,
            Child::Link => self.link,
            Child::Attachment => self.attachment,
        }
    }
}

/// Adds what other messages say of this one: what was known of its sender at `now`, and its mailing.
pub fn push_context(known: &Known, mailing: Option<&Mailing>, now: Option<Time>, whole: &mut Event) {
    known.push(now, whole);
    if let Some(mailing) = mailing {
        mailing.push("mail.mailing", whole);
    }
}

/// Calls `judge` with the message, then with everything that lies in it: its own facts first, then those of
/// the message. `event` is memory to work in.
pub fn each(
    whole: &Event,
    children: &[(Child, Facts)],
    sources: &Sources,
    event: &mut Event,
    mut judge: impl FnMut(&Event, Option<Child>),
) {
    judge(whole, None);
    for (child, facts) in children {
        event.clear();
        event.extend(facts);
        event.extend(whole.facts());
        (event.time, event.record, event.offset) = (whole.time, whole.record, whole.offset);
        event.source = sources.of(*child);
        judge(event, Some(*child));
    }
}

/// Fills `event` with a mailing as a whole.
pub fn mailing(mailing: &Mailing, event: &mut Event) {
    mailing.push("mailing", event);
    mailing.push_lists("mailing", event);
    event.push_str("mailing.explanation", &explain(mailing));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_in_a_message_carries_the_facts_of_the_message() {
        let mut names = Vec::new();
        let sources = Sources::new(|name| {
            assert!(["mail", "mail-mailing", "mail-beacon", "mail-link", "mail-attachment"].contains(&name));
            SourceId(name.len() as u16)
        });
        let mut whole = Event::default();
        (whole.source, whole.record) = (sources.mail, 7);
        whole.push_str("mail.from", "a@press.example");
        push_context(&Known::default(), None, None, &mut whole);
        let mut own = Event::default();
        own.push_str("beacon.url", "https://img.example/p");
        let children = [(Child::Beacon, own.take_facts())];
        each(&whole, &children, &sources, &mut Event::default(), |event, child| {
            assert_eq!(event.get("mail.from").unwrap().text, "a@press.example");
            assert_eq!(event.get("mail.from.first_seen").unwrap().text, "true");
            assert_eq!((event.get("beacon.url").is_some(), event.record), (child.is_some(), 7));
            names.push(event.source);
        });
        assert_eq!(names, [SourceId(4), SourceId(11)]);
    }
}
