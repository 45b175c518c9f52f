use std::path::PathBuf;

use detect::RuleSet;
use model::Time;

/// What the gate takes from outside: the clock, randomness, and rules.
#[derive(Clone, Copy)]
pub struct Outside {
    /// The time.
    pub now: fn() -> Time,
    /// Fills a slice with bytes that nobody can guess.
    pub random: fn(&mut [u8]),
    /// Loads rules: the built-in ones or not, then those of files and folders. The error is in words.
    pub rules: fn(bool, &[PathBuf]) -> Result<RuleSet, String>,
}

impl std::fmt::Debug for Outside {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Outside")
    }
}

impl Outside {
    /// `N` bytes that nobody can guess.
    pub(crate) fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.random)(&mut bytes);
        bytes
    }

    /// A name for something of this moment: sorts by time, cannot be guessed.
    pub(crate) fn name(&self) -> String {
        let time = (self.now)().to_string();
        let digits: String = time.chars().take(19).filter(char::is_ascii_digit).collect();
        format!("{digits}-{}", model::hex(&self.bytes::<5>()))
    }
}
