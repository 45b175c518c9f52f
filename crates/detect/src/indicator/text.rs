//! `LIKE` and `MATCHES`, in little memory: few of many thousand are ever asked.

use std::sync::OnceLock;

use regex::Regex;
use rstix::pattern::compile_matches_regex;

/// A `LIKE`: `%` stands for any characters, `_` for one. ASCII letters match in either case.
#[derive(Debug)]
pub(super) struct Like(Box<str>);

impl Like {
    pub(super) fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// Whether all of `value` is like this.
    pub(super) fn holds(&self, value: &str) -> bool {
        let Some((first, rest)) = self.0.split_once('%') else {
            return begins(value, &self.0).is_some_and(str::is_empty);
        };
        let Some(mut value) = begins(value, first) else { return false };
        let (middle, last) = rest.rsplit_once('%').map_or(("", rest), |(middle, last)| (middle, last));
        // The leftmost place of each leaves the most for what follows.
        for piece in middle.split('%').filter(|piece| !piece.is_empty()) {
            let found = places(value).find_map(|at| begins(&value[at..], piece));
            match found {
                Some(behind) => value = behind,
                None => return false,
            }
        }
        let length = last.chars().count();
        let at = if length == 0 {
            Some(value.len())
        } else {
            value.char_indices().rev().nth(length - 1).map(|(at, _)| at)
        };
        at.is_some_and(|at| begins(&value[at..], last).is_some())
    }

    /// The longest text without wildcards, in lower case.
    pub(super) fn literal(&self) -> String {
        let ascii = |c: char| c == '%' || c == '_' || !c.is_ascii();
        let longest = self.0.split(ascii).max_by_key(|piece| piece.len());
        longest.unwrap_or_default().to_ascii_lowercase()
    }
}

fn places(value: &str) -> impl Iterator<Item = usize> {
    value.char_indices().map(|(at, _)| at).chain([value.len()])
}

/// What follows in `value` behind `piece`, in which `_` stands for any character.
fn begins<'v>(value: &'v str, piece: &str) -> Option<&'v str> {
    let mut chars = value.chars();
    for wanted in piece.chars() {
        let found = chars.next()?;
        if wanted != '_' && !found.eq_ignore_ascii_case(&wanted) {
            return None;
        }
    }
    Some(chars.as_str())
}

/// A `MATCHES`, compiled once it is asked.
#[derive(Debug)]
pub(super) struct Expression {
    text: Box<str>,
    regex: OnceLock<Option<Regex>>,
}

impl Expression {
    /// The reason, when it cannot be compiled within bounds.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        compile_matches_regex(text).map_err(|error| error.to_string())?;
        Ok(Self { text: text.into(), regex: OnceLock::new() })
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether it matches somewhere in `value`.
    pub(super) fn holds(&self, value: &str) -> bool {
        let regex = self.regex.get_or_init(|| compile_matches_regex(&self.text).ok());
        regex.as_ref().is_some_and(|regex| regex.is_match(value))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn wildcards() {
        for (like, value, holds) in [
            ("%who_mi%", "cmd /c WHOAMI /all", true),
            ("who%", "whoami", true),
            ("who%", "a whoami", false),
            ("%ami", "whoami", true),
            ("a%a", "a", false),
            ("a%b%c", "a-b-b-c", true),
            ("_", "é", true),
            ("", "", true),
            ("%", "", true),
            ("%é_", "aéb", true),
        ] {
            assert_eq!(Like::new(like).holds(value), holds, "{like} on {value}");
        }
        assert_eq!(Like::new("%Evil_thing%").literal(), "thing");
    }

    proptest! {
        #[test]
        fn as_an_expression_would(like in "[abA%_é]{0,6}", value in "[abBé\n]{0,8}") {
            let escaped: String = like
                .chars()
                .map(|c| match c { '%' => ".*".to_owned(), '_' => ".".to_owned(), c => c.to_string() })
                .collect();
            let folded = |text: &str| text.to_ascii_lowercase();
            let regex = Regex::new(&format!("(?s)^{}$", folded(&escaped))).unwrap();
            prop_assert_eq!(Like::new(&like).holds(&value), regex.is_match(&folded(&value)));
        }
    }
}
