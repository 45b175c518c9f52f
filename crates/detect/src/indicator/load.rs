//! Files of indicators: which form they have, and what all of them together come to.

use std::sync::Arc;

use model::{RuleInfo, Time};
use rustc_hash::FxHashMap;
use sha2::{Digest, Sha256};

use super::combine::Combination;
use super::evaluate::Tree;
use super::index::{Index, Sought};
use super::trees::Trees;
use super::{GATE, Indicators, Placed, Validity, plain, stix};
use crate::Rejected;

/// Reads indicator files.
///
/// ```
/// let mut loader = detect::IndicatorLoader::default();
/// loader.add("list.txt", b"# seen in the mail\nevil[.]example\n198.51.100.0/24\n");
/// let indicators = loader.finish();
///
/// let mut event = model::Event::default();
/// event.push_str("c-ip", "198.51.100.7");
/// let found = indicators.look(&event).matches;
/// assert_eq!(indicators.info(found[0].0).id, "indicator:198.51.100.0/24");
/// assert_eq!(found[0].1[0].wanted, "address in 198.51.100.0/24");
/// ```
#[derive(Debug, Default)]
pub struct IndicatorLoader {
    gathered: Gathered,
    hash: Sha256,
}

/// An indicator as it was read.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) info: RuleInfo,
    /// STIX `modified`; of two versions the later counts.
    pub(super) modified: Option<Time>,
    /// STIX id of who made it.
    pub(super) created_by: String,
    pub(super) line: u32,
    pub(super) validity: Validity,
    pub(super) parts: Vec<Part>,
    /// What its members come to.
    pub(super) combination: Option<Combination<u32>>,
}

/// One alternative of an indicator, or of a member of its combination.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) what: What,
    pub(super) bounds: Option<(Time, Time)>,
    pub(super) member: Option<u32>,
}

/// How an alternative is told.
#[derive(Debug)]
pub(super) enum What {
    Key(Sought),
    Tree(Tree),
}

/// All that was read so far.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    drafts: Vec<Draft>,
    by_id: FxHashMap<String, usize>,
    rejected: Vec<Rejected>,
    /// How many of the file at hand could not be read.
    faults: u64,
    /// STIX id → name, of makers and of what indicators point to.
    pub(super) names: FxHashMap<String, String>,
    /// Indicator → what it indicates, by STIX id.
    pub(super) indicates: Vec<(String, String)>,
}

/// How many reasons are kept for one file; the rest are counted.
const MOST_REASONS: u64 = 1000;

impl Gathered {
    pub(super) fn reject(&mut self, source: &str, line: u32, title: &str, reason: impl Into<String>) {
        self.faults += 1;
        if self.faults > MOST_REASONS {
            return;
        }
        self.rejected.push(Rejected {
            source: source.to_owned(),
            line,
            title: title.to_owned(),
            reason: reason.into(),
        });
    }

    /// Takes a draft, unless a later version of it is known.
    pub(super) fn keep(&mut self, draft: Draft) {
        match self.by_id.get(&draft.info.id) {
            Some(&known) if draft.modified > self.drafts[known].modified => self.drafts[known] = draft,
            Some(_) => {}
            None => {
                self.by_id.insert(draft.info.id.clone(), self.drafts.len());
                self.drafts.push(draft);
            }
        }
    }

    pub(super) fn count(&self) -> usize {
        self.drafts.len() + self.rejected.len()
    }
}

impl IndicatorLoader {
    /// Reads one file: a STIX 2.1 bundle, STIX objects one a line or in an array, CSV, or one value
    /// a line. `source` is the name by which findings and problems call it.
    pub fn add(&mut self, source: &str, bytes: &[u8]) {
        for part in [source.as_bytes(), bytes] {
            self.hash.update((part.len() as u64).to_le_bytes());
            self.hash.update(part);
        }
        let text = decode(bytes);
        let text = text.trim_start_matches('\u{feff}');
        let before = self.gathered.count();
        self.gathered.faults = 0;
        if is_json(text) {
            stix::read(source, text, &mut self.gathered);
        } else {
            plain::read(source, text, &mut self.gathered);
        }
        if self.gathered.count() == before {
            self.gathered.reject(source, 1, "", "it holds no indicator that was not known already");
        }
        if let Some(more @ 1..) = self.gathered.faults.checked_sub(MOST_REASONS) {
            self.gathered.faults = 0;
            self.gathered.reject(source, 0, "", format!("{more} more of this file could not be read"));
        }
    }

    /// What was read.
    pub fn finish(self) -> Indicators {
        let Gathered { drafts, names, mut indicates, rejected, by_id, .. } = self.gathered;
        drop(by_id);
        indicates.sort_unstable();
        indicates.dedup();
        let mut out = Indicators { sha256: model::hex(&self.hash.finalize()), ..Indicators::default() };
        let (mut keys, mut trees) = (Vec::new(), Vec::new());
        for mut draft in drafts {
            name(&mut draft, &names, &indicates);
            let indicator = out.infos.len() as u32;
            for part in draft.parts {
                let place = out.parts.len() as u32;
                out.parts.push(Placed { indicator, member: part.member, bounds: part.bounds });
                match part.what {
                    What::Key(key) => keys.push((place, key)),
                    What::Tree(tree) => {
                        out.tree_parts.push(place);
                        trees.push(tree);
                    }
                }
            }
            if let Some(combination) = draft.combination {
                out.combinations.insert(indicator, combination);
            }
            out.validity.push(draft.validity);
            out.infos.push(Arc::new(draft.info));
        }
        out.trees = Trees::new(trees, |tree, sought| keys.push((GATE | tree, sought)));
        out.index = Index::new(keys);
        out.rejected = rejected;
        out
    }
}

/// Puts in the names that other objects give.
fn name(draft: &mut Draft, names: &FxHashMap<String, String>, indicates: &[(String, String)]) {
    if let Some(maker) = names.get(&draft.created_by) {
        draft.info.author.clone_from(maker);
    }
    // Some makers call a campaign by a sentence.
    const LONGEST_NAME: usize = 48;
    let id = draft.info.id.as_str();
    let first = indicates.partition_point(|(indicator, _)| indicator.as_str() < id);
    let mut targets: Vec<&str> = indicates[first..]
        .iter()
        .take_while(|(indicator, _)| indicator == id)
        .filter_map(|(_, target)| names.get(target).map(String::as_str))
        .filter(|name| name.chars().count() <= LONGEST_NAME && !draft.info.title.contains(name))
        .collect();
    targets.sort_unstable();
    targets.dedup();
    const MOST: usize = 3;
    targets.truncate(MOST);
    if !targets.is_empty() {
        draft.info.title += &format!(" ({})", targets.join(", "));
    }
    if draft.validity.revoked {
        draft.info.title += " (revoked by its maker)";
    }
}

/// Text in UTF-8, or in UTF-16 as Windows tools write it.
fn decode(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    let unit: fn([u8; 2]) -> u16 = match bytes {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ => return String::from_utf8_lossy(bytes),
    };
    let units: Vec<u16> = bytes.as_chunks::<2>().0.iter().map(|pair| unit(*pair)).collect();
    String::from_utf16_lossy(&units).into()
}

/// A `[` may also begin a STIX pattern.
fn is_json(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with('{')
        || text.strip_prefix('[').is_some_and(|rest| {
            let rest = rest.trim_start();
            rest.is_empty() || rest.starts_with(['{', ']'])
        })
}
