use std::collections::hash_map::RandomState;
use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasher;

use mail::history::Known;
use mail::recon::Trace;

/// Deliveries that are remembered.
const REMEMBERED: usize = 4096;

/// What tells a delivery from others: its sender comes again with the same when it was told to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key(Option<u64>);

/// Deliveries of the last minutes. One that comes again because its sender was told to is not counted again,
/// and is judged with what was known the first time.
#[derive(Debug, Default)]
pub(super) struct Recent {
    known: HashMap<u64, (Known, Option<u32>)>,
    order: VecDeque<u64>,
}

impl Key {
    pub(super) fn of(trace: &Trace, message_id: &str) -> Self {
        static STATE: std::sync::LazyLock<RandomState> = std::sync::LazyLock::new(RandomState::new);
        // Without a name of its own a message cannot be told from another.
        let parts = (message_id, &trace.sender, &trace.mailbox, trace.text.keys().next(), &trace.tokens);
        Self((!message_id.is_empty()).then(|| STATE.hash_one(parts)))
    }
}

impl Recent {
    pub(super) fn get(&self, key: &Key) -> Option<(Known, Option<u32>)> {
        self.known.get(&key.0?).copied()
    }

    pub(super) fn put(&mut self, key: Key, what: (Known, Option<u32>)) {
        let Some(key) = key.0 else { return };
        if self.known.insert(key, what).is_none() {
            self.order.push_back(key);
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }
}
