//! What the text of a message says, as numbers: it hurries, it asks for secrets, it names a password.

use std::collections::HashSet;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use serde::Deserialize;

/// Bytes of a text that are looked at; what is to be read by people stands in its first pages.
const LOOKED_AT: usize = 64 << 10;
/// Letters of a text that tell its language; more cost time and change nothing.
const SAMPLE: usize = 800;
/// Fewer tell nothing.
const TELLING: usize = 40;
/// Words that every English text is full of, and no text of another language. The first alone tells it from its nearest.
const ENGLISH: [&str; 14] =
    ["the", "and", "of", "to", "you", "is", "that", "for", "with", "this", "your", "are", "have", "from"];
/// Words between a word for password and the password.
const BETWEEN: usize = 6;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    urgency: Vec<String>,
    credentials: Vec<String>,
    password: Vec<String>,
    between: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Group {
    Urgency,
    Credentials,
}

struct Words {
    automaton: AhoCorasick,
    /// Pattern → what it counts as, and whether it stands for a password.
    groups: Vec<(Option<Group>, bool)>,
    between: HashSet<String>,
}

/// Built once; the table is part of the program and a test reads it.
static WORDS: LazyLock<Option<Words>> = LazyLock::new(|| {
    let table: Table = toml::from_str(include_str!("../../data/words.toml")).ok()?;
    let mut patterns: Vec<String> = Vec::new();
    let mut groups: Vec<(Option<Group>, bool)> = Vec::new();
    let counted = [(table.urgency, Group::Urgency), (table.credentials, Group::Credentials)];
    for (words, group) in counted {
        for word in words {
            patterns.push(word);
            groups.push((Some(group), false));
        }
    }
    for word in table.password {
        match patterns.iter().position(|known| *known == word) {
            Some(at) => groups[at].1 = true,
            None => {
                patterns.push(word);
                groups.push((None, true));
            }
        }
    }
    let automaton = AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        // Larger and twice as fast; there are few hundred words.
        .kind(Some(AhoCorasickKind::DFA))
        .build(patterns)
        .ok()?;
    Some(Words { automaton, groups, between: table.between.into_iter().collect() })
});

/// What a text says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// Words that hurry.
    pub(super) urgency: u32,
    /// Words about passwords and accounts.
    pub(super) credentials: u32,
    /// Whether it names a password.
    pub(super) password: bool,
}

/// What `text` says. One pass of the automaton; each hit looks at a bounded number of words behind it.
pub(super) fn said(text: &str) -> Said {
    let mut said = Said::default();
    let Some(words) = WORDS.as_ref() else { return said };
    let text = cut(text, LOOKED_AT).to_lowercase();
    for hit in words.automaton.find_iter(&text) {
        let before = text[..hit.start()].chars().next_back();
        let after = text[hit.end()..].chars().next();
        if before.is_some_and(char::is_alphanumeric) || after.is_some_and(char::is_alphanumeric) {
            continue;
        }
        let (group, password) = words.groups[hit.pattern().as_usize()];
        match group {
            Some(Group::Urgency) => said.urgency += 1,
            Some(Group::Credentials) => said.credentials += 1,
            None => {}
        }
        said.password |= password && names(&text[hit.end()..], &words.between);
    }
    said
}

/// Whether a password stands at the beginning of `rest`: behind a colon or an equals sign, in quotes, or
/// as a word with a digit or a sign in it, on the same line or the next.
fn names(rest: &str, between: &HashSet<String>) -> bool {
    let rest = cut(rest, 200);
    let mut announced = false;
    for word in rest.split_whitespace().take(BETWEEN) {
        let bare = word.trim_matches([':', '=', '-', '>', '(', ')', ',', '.', ';']);
        if bare.is_empty() || bare == "«" {
            announced |= word.contains([':', '=', '«']);
            continue;
        }
        if between.contains(bare) {
            announced |= word.ends_with([':', '=']);
            continue;
        }
        let quoted = bare.len() > 2 && bare.starts_with(['"', '\'', '„', '“', '«', '‘']);
        let mixed = bare.chars().any(|c| c.is_ascii_digit())
            || bare.trim_end_matches(['!', '?']).contains(['!', '$', '#', '%', '&', '+', '*', '_']);
        let led = announced || word.starts_with([':', '=']);
        let long = bare.chars().count() >= 4;
        return (led && long) || quoted || (mixed && long && !bare.contains("://") && !bare.contains('@'));
    }
    false
}

/// The language of `text` as ISO 639-1 where there is one, else 639-3; `None` where it does not tell.
pub(super) fn language(text: &str) -> Option<&'static str> {
    let sample = cut(text.trim_start(), SAMPLE);
    if sample.chars().filter(|c| c.is_alphabetic()).take(TELLING).count() < TELLING {
        return None;
    }
    // Comparing with the trigrams of every language takes a seventh of an inspection, and most mail is English here.
    if is_english(sample) {
        return Some("en");
    }
    let info = whatlang::detect(sample).filter(whatlang::Info::is_reliable)?;
    use whatlang::Lang;
    Some(match info.lang() {
        Lang::Eng => "en",
        Lang::Deu => "de",
        Lang::Fra => "fr",
        Lang::Spa => "es",
        Lang::Ita => "it",
        Lang::Pol => "pl",
        Lang::Nld => "nl",
        Lang::Por => "pt",
        Lang::Rus => "ru",
        Lang::Ukr => "uk",
        Lang::Cmn => "zh",
        Lang::Jpn => "ja",
        Lang::Kor => "ko",
        Lang::Ces => "cs",
        Lang::Lit => "lt",
        Lang::Lav => "lv",
        Lang::Est => "et",
        Lang::Fin => "fi",
        Lang::Swe => "sv",
        Lang::Dan => "da",
        Lang::Ron => "ro",
        Lang::Hun => "hu",
        Lang::Tur => "tr",
        Lang::Ell => "el",
        Lang::Ara => "ar",
        Lang::Pes => "fa",
        Lang::Heb => "he",
        other => other.code(),
    })
}

/// Whether a seventh of the words of `sample` are such as only English has so many of. On 4,523 messages this differs
/// from the trigrams in five, all of them English and too short for these.
fn is_english(sample: &str) -> bool {
    let (mut words, mut ours, mut articles) = (0u32, 0u32, 0u32);
    for word in sample.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()) {
        words += 1;
        let place = ENGLISH.iter().position(|known| word.eq_ignore_ascii_case(known));
        ours += u32::from(place.is_some());
        articles += u32::from(place == Some(0));
    }
    articles >= 1 && ours >= 4 && ours * 7 >= words
}

/// The first `most` bytes of `text`, cut between characters.
fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole_and_counts_whole_words() {
        assert!(WORDS.is_some());
        let text = "URGENT: verify your account. Insurgents and passwordless sign-in are other words. \
            Bitte umgehend handeln. Hasło wygasło.";
        let said = said(text);
        assert_eq!((said.urgency, said.credentials), (2, 2), "{said:?}");
        assert!(!said.password);
    }

    #[test]
    fn a_password_is_named_or_only_spoken_of() {
        for text in [
            "The password is: Tulip-2024",
            "Password for the archive: march",
            "pwd=7788",
            "Das Passwort lautet Sommer2024!",
            "Le mot de passe est « lavande7 »",
            "Hasło do pliku: 4821",
            "PIN: 4711",
        ] {
            assert!(said(text).password, "{text}");
        }
        for text in [
            "Change your password in the settings.",
            "Forgot your password? Click here.",
            "Never tell anybody your password.",
            "password",
            "pinned 1234",
        ] {
            assert!(!said(text).password, "{text}");
        }
    }

    #[test]
    fn a_language_is_told_only_where_it_is_plain() {
        let text = "The committee will hear witnesses next week about the situation of the press, and \
            my editors asked me to collect the views of the members before the vote takes place.";
        assert_eq!(language(text), Some("en"));
        assert_eq!(language("OK, 14:00"), None);
    }

    #[test]
    fn english_is_known_by_its_words_and_others_are_not_taken_for_it() {
        for text in [
            "Please find attached the minutes of the meeting and the list of those who are to speak for you.",
            "To unsubscribe from this list, follow the link that is at the end of the message and you are done.",
        ] {
            assert!(is_english(text), "{text}");
        }
        for text in [
            "De commissie is van plan om de getuigen te horen of een brief te sturen, en dat is goed voor iedereen.",
            "Udvalget er klar til at tale med dem for at finde ud af, hvad der er sket med den sag for to uger siden.",
            "To jest list do pani, a to jest to, co mamy zrobić, bo to nie jest to samo co inne, a to nie to samo.",
            "Der Ausschuss wird die Zeugen in der kommenden Woche zur Lage der Presse anhören und dann abstimmen.",
        ] {
            assert!(!is_english(text), "{text}");
        }
    }
}
