//! Every tree of comparisons, and which of them an event could fulfil.

use aho_corasick::AhoCorasick;
use model::{Event, Matched};
use rustc_hash::FxHashMap;

use super::evaluate::Tree;
use super::index::Sought;

/// Trees, known by their place.
#[derive(Debug, Default)]
pub(super) struct Trees {
    trees: Vec<Tree>,
    searcher: Option<AhoCorasick>,
    /// Literal → trees.
    of_literal: Vec<Vec<u32>>,
    /// Trees without a gate.
    always: Vec<u32>,
}

impl Trees {
    /// Takes the trees; what an index has to look for on their behalf goes to `keys`.
    pub(super) fn new(trees: Vec<Tree>, mut keys: impl FnMut(u32, Sought)) -> Self {
        let mut places: FxHashMap<String, usize> = FxHashMap::default();
        let mut literals: Vec<String> = Vec::new();
        let mut out = Self::default();
        for (place, tree) in trees.iter().enumerate() {
            let place = place as u32;
            let Some(gates) = tree.gates() else {
                out.always.push(place);
                continue;
            };
            gates.keys.into_iter().for_each(|key| keys(place, key));
            for literal in gates.literals {
                let at = *places.entry(literal).or_insert_with_key(|literal| {
                    literals.push(literal.clone());
                    out.of_literal.push(Vec::new());
                    literals.len() - 1
                });
                out.of_literal[at].push(place);
            }
        }
        if !literals.is_empty() {
            out.searcher = AhoCorasick::builder().ascii_case_insensitive(true).build(&literals).ok();
            if out.searcher.is_none() {
                out.always = (0..trees.len() as u32).collect();
            }
        }
        out.trees = trees;
        out
    }

    /// Calls `found` with every tree that holds on `event`, in order. `places` are those for which
    /// the index found a key.
    pub(super) fn look(
        &self,
        event: &Event,
        mut places: Vec<u32>,
        mut found: impl FnMut(usize, Vec<Matched>),
    ) {
        places.extend(&self.always);
        let mut seen = Vec::new();
        if let Some(searcher) = &self.searcher {
            for hit in searcher.find_overlapping_iter(event.text()) {
                let literal = hit.pattern().as_usize();
                if seen.is_empty() {
                    seen.resize(self.of_literal.len(), false);
                }
                if !std::mem::replace(&mut seen[literal], true) {
                    places.extend(&self.of_literal[literal]);
                }
            }
        }
        places.sort_unstable();
        places.dedup();
        for place in places {
            let mut matched = Vec::new();
            if self.trees[place as usize].holds(event, &mut matched) {
                found(place as usize, matched);
            }
        }
    }
}
