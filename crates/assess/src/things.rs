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
    /// A record names it; a machine else may be the caller's default alone.
    pub(crate) stated: bool,
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
    /// How many there may be. Past it, a new name links nothing.
    pub(crate) const MOST: usize = 120_000;

    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn get(&self, id: ThingId) -> &Thing {
        &self.list[id as usize]
    }

    pub(crate) fn find(&self, kind: Kind, key: &str) -> Option<ThingId> {
        self.by_key.get(&kind)?.get(key).copied()
    }

    /// Each of the names of one person (an account, a sender, a target, a mailbox) with the first of
    /// those that there is.
    pub(crate) fn same_people(&self) -> Vec<(ThingId, ThingId)> {
        const KINDS: [Kind; 4] = [Kind::Account, Kind::Sender, Kind::Target, Kind::Mailbox];
        let mut same = Vec::new();
        for (place, kind) in KINDS.into_iter().enumerate().skip(1) {
            for (key, &id) in self.by_key.get(&kind).into_iter().flatten() {
                let one = KINDS[..place].iter().find_map(|&other| self.find(other, key));
                same.extend(one.map(|one| (id, one)));
            }
        }
        same
    }

    /// The number of what is known by `key`; counts what is not.
    pub(crate) fn find_or_refuse(&mut self, kind: Kind, key: &str) -> Option<ThingId> {
        let found = self.find(kind, key);
        self.refused += u64::from(found.is_none());
        found
    }

    /// The number of what `mention` names, given one where it is new and there is room.
    pub(crate) fn note(&mut self, mention: &Mention) -> Option<ThingId> {
        if let Some(id) = self.find(mention.kind, &mention.key) {
            return Some(id);
        }
        if self.list.len() >= Self::MOST {
            self.refused += 1;
            return None;
        }
        let id = self.list.len() as ThingId;
        self.list.push(Thing {
            kind: mention.kind,
            name: mention.name.as_str().into(),
            inside: mention.kind == Kind::Address && crate::normal::is_inside(&mention.key),
            stated: false,
            days: 0,
            last_day: i64::MIN,
        });
        self.by_key.entry(mention.kind).or_default().insert(mention.key.as_str().into(), id);
        Some(id)
    }

    /// A record names it, not only the caller.
    pub(crate) fn state(&mut self, id: ThingId) {
        self.list[id as usize].stated = true;
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
    /// Looks every mention up with `number`. Where actors are too many, they tell nothing apart.
    pub(crate) fn new(
        mentions: &Mentions,
        crowded: bool,
        mut number: impl FnMut(&Mention) -> Option<ThingId>,
    ) -> Self {
        let mut named = Self::default();
        for mention in &mentions.all {
            let Some(id) = number(mention) else { continue };
            named.all.push(id);
            if mention.own {
                named.own = Some(id);
            } else if mention.kind.tells_actors_apart() && !crowded {
                named.actors.push(id);
            }
        }
        named.actors.sort_unstable();
        named
    }
}
