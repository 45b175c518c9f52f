//! Text with case, accents and look-alike letters taken out, so that what reads the same is the same.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_security::skeleton;

/// `text` in lower case without accents.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Cow::Owned(text.to_ascii_lowercase());
        }
        return Cow::Borrowed(text);
    }
    let mut folded = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_ascii() {
            folded.push(letter.to_ascii_lowercase());
            continue;
        }
        match letter {
            'ß' => folded.push_str("ss"),
            'ø' | 'Ø' => folded.push('o'),
            'ł' | 'Ł' => folded.push('l'),
            'đ' | 'Đ' => folded.push('d'),
            'æ' | 'Æ' => folded.push_str("ae"),
            'ı' => folded.push('i'),
            // Typographic signs, so that names hold the sign that the tables have.
            '’' | '‘' => folded.push('\''),
            '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{feff}' | '\u{ad}' => {}
            _ => folded.extend(
                std::iter::once(letter)
                    .nfkd()
                    .filter(|c| !is_combining_mark(*c))
                    .flat_map(char::to_lowercase),
            ),
        }
    }
    Cow::Owned(folded)
}

/// What `text` looks like: [`plain`], with each letter replaced by the one that it is confused with (Unicode
/// TR 39), and `vv` by `w`.
pub(super) fn looks(text: &str) -> String {
    let plain = plain(text);
    let mut looks = String::with_capacity(plain.len() + 4);
    if plain.is_ascii() {
        for letter in plain.chars() {
            match letter {
                '0' => looks.push('o'),
                '1' | '|' => looks.push('l'),
                'm' => looks.push_str("rn"),
                _ => looks.push(letter),
            }
        }
    } else {
        looks.extend(skeleton(&plain).filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase));
        if looks.contains('m') {
            looks = looks.replace('m', "rn");
        }
    }
    if looks.contains("vv") { looks.replace("vv", "w") } else { looks }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reads_the_same_is_the_same() {
        for (one, other) in [
            ("Müller", "muller"),
            ("Łukasz Øst", "lukasz ost"),
            ("STRASSE", "straße"),
            ("Ｊａｎｅ", "jane"),
            ("a\u{200b}b", "ab"),
        ] {
            assert_eq!(plain(one), plain(other), "{one}");
        }
        for (one, other) in [
            ("раrliаment", "parliament"),
            ("rnirror", "mirror"),
            ("vvelt", "welt"),
            ("g00gle", "google"),
            ("Jаnе", "jane"),
            ("1ondon", "london"),
        ] {
            assert_eq!(looks(one), looks(other), "{one}");
        }
        assert_ne!(looks("mirror"), looks("minor"));
    }

    /// The short way for ASCII says what the tables say.
    #[test]
    fn ascii_looks_as_in_the_tables() {
        for letter in (b'a'..=b'z').chain(b'0'..=b'9').map(char::from) {
            let table: String = skeleton(&letter.to_string()).flat_map(char::to_lowercase).collect();
            assert_eq!(looks(&letter.to_string()), table, "{letter}");
        }
    }
}
