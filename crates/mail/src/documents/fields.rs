//! Field codes of word processors (`INCLUDEPICTURE "…"`) and formulas of spreadsheets.

use super::Shelf;

/// What the fields of a format are called as something that loads.
#[derive(Clone, Copy)]
pub(super) struct Names {
    pub(super) picture: &'static str,
    pub(super) text: &'static str,
    pub(super) link: &'static str,
}

/// Field codes in a longer text than this hold a picture rather than an address.
pub(super) const LONGEST: usize = 16 << 10;

/// Reads the instruction of one field; `shown` is what stands in its place.
pub(super) fn instruction(text: &str, shown: &str, names: Names, shelf: &mut Shelf) {
    let words = words(text);
    let Some(name) = words.first() else { return };
    let arguments = &words[1..];
    let target = || arguments.iter().find(|word| !word.starts_with('\\') || word.starts_with("\\\\"));
    match name.to_ascii_uppercase().as_str() {
        "INCLUDEPICTURE" | "IMPORT" => every(arguments, names.picture, shelf),
        "INCLUDETEXT" | "INCLUDE" | "RD" => every(arguments, names.text, shelf),
        "LINK" | "DATABASE" => every(arguments, names.link, shelf),
        "HYPERLINK" => {
            if let Some(target) = target() {
                shelf.anchor(target, shown);
            }
        }
        "DDE" | "DDEAUTO" => {
            shelf.tell("dde");
            every(arguments, names.link, shelf);
        }
        "AUTOTEXT" | "GLOSSARY" | "MACROBUTTON" => shelf.tell("field-macro"),
        _ => {}
    }
}

/// The text that a `QUOTE` field builds of character codes, as it is used to hide an address.
pub(super) fn quoted(text: &str) -> Option<String> {
    let words = words(text);
    let (name, codes) = words.split_first()?;
    if !name.eq_ignore_ascii_case("QUOTE") {
        return None;
    }
    let letter = |code: &String| code.parse::<u32>().ok().and_then(char::from_u32);
    let spelled: Option<String> = codes.iter().map(letter).collect();
    Some(spelled.unwrap_or_else(|| codes.concat()))
}

fn every(arguments: &[String], kind: &'static str, shelf: &mut Shelf) {
    for argument in arguments {
        shelf.load(argument, kind);
    }
}

/// Words of an instruction: quotes hold one together, a backslash in them hides the next character.
fn words(text: &str) -> Vec<String> {
    let text = &text[..text.floor_char_boundary(LONGEST)];
    let (mut words, mut word, mut within) = (Vec::new(), String::new(), false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' | '\u{201c}' | '\u{201d}' => {
                within = !within;
                if !within {
                    words.push(std::mem::take(&mut word));
                }
            }
            '\\' if within && letters.peek() == Some(&'\\') => {
                // A share keeps both of its backslashes; elsewhere two stand for one.
                letters.next();
                word.push_str(if word.is_empty() { "\\\\" } else { "\\" });
                if word == "\\\\" {
                    while letters.peek() == Some(&'\\') {
                        letters.next();
                    }
                }
            }
            _ if letter.is_whitespace() && !within => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            _ => word.push(letter),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// Reads the formula of a cell: what it fetches, where it links, and what it starts.
pub(super) fn formula(text: &str, kind: &'static str, shelf: &mut Shelf) {
    let text = &text[..text.floor_char_boundary(LONGEST)];
    let upper = text.to_ascii_uppercase();
    for (name, anchor) in [("WEBSERVICE(", false), ("IMAGE(", false), ("HYPERLINK(", true)] {
        for (at, _) in upper.match_indices(name).take(16) {
            let argument = text[at + name.len()..].trim_start();
            let Some(target) = argument.strip_prefix('"').and_then(|rest| rest.split('"').next()) else {
                // An address put together from cells: what stands in the formula is told.
                for part in super::address::strings(argument.as_bytes(), 4) {
                    shelf.load(&part, kind);
                }
                continue;
            };
            if anchor {
                let shown = argument.split('"').nth(3).unwrap_or_default();
                shelf.anchor(target, shown);
            } else {
                shelf.load(target, kind);
            }
        }
    }
    // `='\\host\share\[book.xlsx]Sheet'!A1`, `='https://host/[book.xlsx]Sheet'!A1`, and in OpenDocument
    // `=['https://host/book.ods'#$Sheet.A1]`.
    let mut pieces = text.split('\'').take(64).peekable();
    let mut quoted = false;
    while let Some(piece) = pieces.next() {
        let sheet = pieces.peek().is_some_and(|next| next.starts_with('#'));
        if quoted && (piece.contains('[') || sheet) {
            shelf.load(&piece.replace(['[', ']'], ""), kind);
        }
        quoted = !quoted;
    }
    if text.contains("|'") || text.contains("DDE(") {
        shelf.tell("dde");
    }
}
