use std::ops::Range;

use rand::{Rng as _, RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// Seeded chance. Every part of an exercise draws from dice of its own, so that a change to one
/// part leaves the others as they were.
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    /// The dice for the part called `part` of an exercise with that seed.
    pub(crate) fn new(seed: u64, part: &str) -> Self {
        let mut dice = ChaCha8Rng::seed_from_u64(seed);
        // FNV-1a, which is short and keeps its value between versions of the standard library.
        let stream = part.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        dice.set_stream(stream);
        Self(dice)
    }

    /// A number within `range`; its start where the range is empty.
    pub(crate) fn within(&mut self, range: Range<u64>) -> u64 {
        if range.is_empty() { range.start } else { self.0.random_range(range) }
    }

    /// An index below `len`; 0 where `len` is 0.
    pub(crate) fn below(&mut self, len: usize) -> usize {
        self.within(0..len as u64) as usize
    }

    /// One of `items`, which must not be empty.
    pub(crate) fn pick<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> &'a T {
        items[self.below(items.len())]
    }

    /// One of `items`, which must not be empty.
    pub(crate) fn one<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// One of `items`, which must not be empty.
    pub(crate) fn text<'a>(&mut self, items: &'a [String]) -> &'a str {
        &items[self.below(items.len())]
    }

    /// True once in `times`.
    pub(crate) fn once_in(&mut self, times: u64) -> bool {
        self.within(0..times) == 0
    }

    /// An index by weight.
    pub(crate) fn weighted(&mut self, weights: &[u32]) -> usize {
        let sum: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
        let mut drawn = self.within(0..sum.max(1));
        for (index, weight) in weights.iter().enumerate() {
            let weight = u64::from(*weight);
            if drawn < weight {
                return index;
            }
            drawn -= weight;
        }
        0
    }

    /// Eight random bytes.
    pub(crate) fn word(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Sixteen random bytes, as a GUID of version 4.
    pub(crate) fn guid(&mut self) -> uuid::Uuid {
        let bytes = (u128::from(self.word()) << 64) | u128::from(self.word());
        uuid::Builder::from_random_bytes(bytes.to_be_bytes()).into_uuid()
    }

    /// `len` lower-case letters.
    pub(crate) fn letters(&mut self, len: usize) -> String {
        (0..len).map(|_| char::from(b'a' + self.below(26) as u8)).collect()
    }

    /// Puts `items` into a random order.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_draw_apart_and_seeds_repeat() {
        let draw = |seed, part| (0..8).map(|_| Dice::new(seed, part).word()).next();
        assert_eq!(draw(1, "a"), draw(1, "a"));
        assert_ne!(draw(1, "a"), draw(1, "b"));
        assert_ne!(draw(1, "a"), draw(2, "a"));
    }

    #[test]
    fn weights_of_nought_are_never_drawn() {
        let mut dice = Dice::new(7, "weights");
        assert!((0..200).all(|_| dice.weighted(&[0, 3, 0, 1]) % 2 == 1));
    }
}
