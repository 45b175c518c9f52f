//! Appointments (RFC 5545, RFC 7986): what they show, and where they lead.

use super::{Shelf, page};

/// Lines that are read.
const LINES: usize = 20_000;

pub(super) fn read(text: &str, shelf: &mut Shelf) {
    let mut alarm = false;
    for line in unfolded(text).take(LINES) {
        let Some((head, value)) = split(&line) else { continue };
        let mut parameters = head.split(';');
        let name = parameters.next().unwrap_or_default().to_ascii_uppercase();
        let parameters: Vec<&str> = parameters.collect();
        let is = |wanted: &str| parameters.iter().any(|one| one.to_ascii_uppercase().starts_with(wanted));
        for parameter in &parameters {
            if let Some((key, target)) = parameter.split_once('=')
                && key.eq_ignore_ascii_case("ALTREP")
            {
                shelf.anchor(target.trim_matches('"'), "");
            }
        }
        match name.as_str() {
            "BEGIN" => alarm |= value.eq_ignore_ascii_case("VALARM"),
            "END" => alarm &= !value.eq_ignore_ascii_case("VALARM"),
            "IMAGE" => shelf.load(value, "calendar-image"),
            "SOURCE" => shelf.load(value, "calendar-source"),
            "ATTACH" if alarm => shelf.load(value, "calendar-alarm"),
            "ATTACH" | "CONFERENCE" | "URL" | "TZURL" => shelf.anchor(value, ""),
            "X-ALT-DESC" | "STYLED-DESCRIPTION" if is("FMTTYPE=TEXT/HTML") || value.contains('<') => {
                page::read(&unescaped(value), None, shelf);
            }
            _ if name.starts_with("X-") && name.ends_with("URL") => shelf.anchor(value, ""),
            _ => {}
        }
    }
}

/// Lines, with those that go on in the next put together.
fn unfolded(text: &str) -> impl Iterator<Item = String> + '_ {
    let mut lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).peekable();
    std::iter::from_fn(move || {
        let mut line = lines.next()?.to_owned();
        while let Some(more) = lines.next_if(|next| next.starts_with([' ', '\t'])) {
            line.push_str(&more[1..]);
        }
        Some(line)
    })
}

/// A line's name with its parameters, and its value; a colon in quotes is none.
fn split(line: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    let at = line.bytes().position(|byte| {
        quoted ^= byte == b'"';
        byte == b':' && !quoted
    })?;
    Some((&line[..at], line[at + 1..].trim()))
}

fn unescaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some('n' | 'N') => text.push('\n'),
                Some(other) => text.push(other),
                None => {}
            },
            _ => text.push(letter),
        }
    }
    text
}
