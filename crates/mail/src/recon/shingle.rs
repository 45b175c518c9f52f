//! How alike two texts are: signatures by one-permutation hashing (Li, Owen, Zhang 2012), which take
//! one hash a shingle and say how many of their shingles two texts share.

use serde::{Deserialize, Serialize};

/// Bins of a signature; the error of a likeness is about one over the root of it.
const BINS: usize = 32;
/// Bins that must agree in one band for two texts to be compared at all.
const BAND: usize = 4;
/// Words in a shingle.
const WORDS: usize = 3;
/// A text of fewer shingles says too little to be like another.
const FEWEST: u32 = 12;

/// What is kept of a text to compare it with others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    bins: [u32; BINS],
    shingles: u32,
}

impl Default for Signature {
    fn default() -> Self {
        Self { bins: [u32::MAX; BINS], shingles: 0 }
    }
}

impl Signature {
    /// Of a text whose words were masked with [`masked`]: what differs from one recipient to the next
    /// (names, numbers, addresses) is no part of it.
    pub fn of_text(text: &str, recipient: &str) -> Self {
        let mut signature = Self::default();
        let mut window = [0u64; WORDS];
        let mut count = 0usize;
        for word in masked(text, recipient) {
            window.rotate_left(1);
            window[WORDS - 1] = hash_word(&word);
            count += 1;
            if count >= WORDS {
                signature.add(window.iter().fold(0, |all, &one| mix(all ^ one)));
            }
        }
        signature
    }

    fn add(&mut self, hash: u64) {
        let (bin, value) = ((hash % BINS as u64) as usize, (hash >> 32) as u32);
        self.bins[bin] = self.bins[bin].min(value);
        self.shingles = self.shingles.saturating_add(1);
    }

    /// Whether there is enough to compare.
    pub fn is_telling(&self) -> bool {
        self.shingles >= FEWEST
    }

    /// Which share of their shingles two texts have in common, in hundredths; an estimate.
    pub fn likeness(&self, other: &Self) -> u32 {
        let pairs = self.bins.iter().zip(&other.bins);
        let (mut same, mut filled) = (0, 0);
        for (one, two) in pairs {
            filled += u32::from(*one != u32::MAX || *two != u32::MAX);
            same += u32::from(one == two && *one != u32::MAX);
        }
        (same * 100).checked_div(filled).unwrap_or(0)
    }

    /// Keys under which a text that is alike is found: two texts that share four fifths share one of
    /// them in 98 cases of 100. A bin that a short text left empty borrows from the next that is not.
    pub fn keys(&self) -> impl Iterator<Item = u64> + '_ {
        let bin = |at: usize| {
            let after = self.bins[at..].iter().chain(&self.bins[..at]).enumerate();
            after
                .into_iter()
                .find(|(_, bin)| **bin != u32::MAX)
                .map_or(0, |(far, &bin)| u64::from(bin) | (far as u64) << 32)
        };
        let bands = if self.is_telling() { BINS / BAND } else { 0 };
        (0..bands).map(move |band| {
            (band * BAND..(band + 1) * BAND).fold(band as u64 + 1, |all, at| mix(all ^ bin(at)))
        })
    }
}

/// The words of `text` in lower case without those that differ from one copy to the next: numbers,
/// addresses, and the name of `recipient`.
fn masked<'t>(text: &'t str, recipient: &'t str) -> impl Iterator<Item = String> + 't {
    let own: Vec<String> = recipient
        .split(|c: char| !c.is_alphanumeric())
        .filter(|part| part.chars().count() > 2)
        .map(str::to_lowercase)
        .collect();
    text.split_whitespace().take(MOST_WORDS).filter_map(move |word| {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        let outward = word.contains(['@', '/', '=']) || word.len() > LONGEST_WORD;
        if word.is_empty() || outward || word.bytes().any(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let word = word.to_lowercase();
        (!own.contains(&word)).then_some(word)
    })
}

/// A template shows in its first pages.
const MOST_WORDS: usize = 3000;
const LONGEST_WORD: usize = 40;

fn hash_word(word: &str) -> u64 {
    // FNV-1a, then mixed: the value stands in files and must be the same on every machine.
    mix(word
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |all, byte| (all ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)))
}

/// The finaliser of SplitMix64.
pub(crate) fn mix(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// The hash of a text, the same on every machine.
pub(crate) fn hash(text: &str) -> u64 {
    hash_word(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARTICLE: &str = "Dear Ann Example, the committee on foreign affairs will hear witnesses next week \
        about the situation of the press, and my editors asked me to collect the views of members of your \
        group before the vote. I enclose our latest report on the matter and would be grateful for a comment \
        until Thursday 14:00. Kind regards from the newsroom in the capital";

    #[test]
    fn what_differs_between_copies_does_not_count() {
        let copy = ARTICLE.replace("Ann Example", "Bob Sample").replace("14:00", "9:30");
        let one = Signature::of_text(ARTICLE, "Ann Example");
        let two = Signature::of_text(&copy, "Bob Sample");
        assert!(one.is_telling());
        assert_eq!(one, two);
        assert_eq!(one.likeness(&two), 100);
    }

    #[test]
    fn likeness_falls_with_what_was_changed() {
        let one = Signature::of_text(ARTICLE, "");
        let edited = ARTICLE.replace("next week", "on Monday").replace("latest report", "new study");
        let other = "An entirely different letter about the opening hours of the library in the town hall, \
            which will be closed for repairs until further notice, as the council decided at its last meeting";
        let near = one.likeness(&Signature::of_text(&edited, ""));
        let far = one.likeness(&Signature::of_text(other, ""));
        assert!(near > 50 && far < 10, "{near} {far}");
    }

    #[test]
    fn a_text_that_says_little_is_like_nothing() {
        assert!(!Signature::of_text("See you tomorrow", "").is_telling());
        assert_eq!(Signature::default().likeness(&Signature::default()), 0);
        assert_eq!(Signature::default().keys().count(), 0);
    }
}
