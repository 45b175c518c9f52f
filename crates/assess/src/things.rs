use rustc_hash::FxHashMap;

use crate::Kind;
use crate::mention::{Mention, Mentions};

/// A thing's number.
pub(crate) type ThingId = u32;

/// A host, account, address or whatever else findings name.
#[derive(Clone, Debug)]
pub(crate) struct Thing {
    pub(crate) kind: Kind,
    /// As a reader should see it: as it stood where it was first named.
    pub(crate) name: Box<str>,
    /// An address of the house's own network.
    pub(crate) inside: bool,
    /// On how many days findings name it.
    pub(crate) days: u32,
    last_day: i64,
}

/// All that findings name, each once.
#[derive(Debug, Default)]
pub(crate) struct Things {
    by_key: FxHashMap<Kind, FxHashMap<Box<str>, ThingId>>,
    list: Vec<Thing>,
    /// How many were named after the room was full.
    pub(crate) refused: u64,
}

impl Things {
    /// How many there may be. Past it, a new name links nothing; past half of it, a new name in
    /// a finding below medium does not.
    const MOST: usize = 150_000;

    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn get(&self, id: ThingId) -> &Thing {
        &self.list[id as usize]
    }

    pub(crate) fn find(&self, kind: Kind, key: &str) -> Option<ThingId> {
        self.by_key.get(&kind)?.get(key).copied()
    }

    /// Each mailbox that is known by the name of an account, with that account.
    pub(crate) fn mailboxes_of_accounts(&self) -> Vec<(ThingId, ThingId)> {
        let mailboxes = self.by_key.get(&Kind::Mailbox).into_iter().flatten();
        mailboxes.filter_map(|(key, &mailbox)| Some((mailbox, self.find(Kind::Account, key)?))).collect()
    }

    /// The number of what `mention` names, given one where it is new and there is room.
    pub(crate) fn note(&mut self, mention: &Mention, matters: bool) -> Option<ThingId> {
        if let Some(id) = self.find(mention.kind, &mention.key) {
            return Some(id);
        }
        let room = if matters { Self::MOST } else { Self::MOST / 2 };
        if self.list.len() >= room {
            self.refused += 1;
            return None;
        }
        let id = self.list.len() as ThingId;
        self.list.push(Thing {
            kind: mention.kind,
            name: mention.name.as_str().into(),
            inside: mention.kind == Kind::Address && crate::normal::is_inside(&mention.key),
            days: 0,
            last_day: i64::MIN,
        });
        self.by_key.entry(mention.kind).or_default().insert(mention.key.as_str().into(), id);
        Some(id)
    }

    /// A finding of `day` names it. Days come in order.
    pub(crate) fn named_on(&mut self, id: ThingId, day: i64) {
        let thing = &mut self.list[id as usize];
        if thing.last_day != day {
            thing.last_day = day;
            thing.days += 1;
        }
    }
}

/// The things that one finding names, by number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Named {
    /// The machine that wrote the record.
    pub(crate) own: Option<ThingId>,
    /// Everything, the own machine among them.
    pub(crate) all: Vec<ThingId>,
    /// Those by which a run of findings is told from another, in order.
    pub(crate) actors: Vec<ThingId>,
}

impl Named {
    /// Looks every mention up with `number`.
    pub(crate) fn new(mentions: &Mentions, mut number: impl FnMut(&Mention) -> Option<ThingId>) -> Self {
        let mut named = Self::default();
        for mention in &mentions.all {
            let Some(id) = number(mention) else { continue };
            named.all.push(id);
            if mention.own {
                named.own = Some(id);
            } else if mention.kind.tells_actors_apart() {
                named.actors.push(id);
            }
        }
        named.actors.sort_unstable();
        named
    }
}
