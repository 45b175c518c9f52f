//! Words for people: log values made safe to show, lists, counts and cuts.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The value with everything that a terminal, a browser or an eye could be misled by made visible:
/// control characters become their pictures (`␛`), and characters that reorder or hide text (the
/// bidirectional controls of Unicode annex 9, zero-width and tag characters) become `⟨U+202E⟩`.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\0'..='\u{1f}' => shown.push(char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}')),
            '\u{7f}' => shown.push('\u{2421}'),
            c if is_hidden(c) => {
                // Writing to a string cannot fail.
                let _ = write!(shown, "⟨U+{:04X}⟩", u32::from(c));
            }
            c => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// Whether a character draws nothing of its own, or changes how its neighbours are drawn.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// The value made visible, and cut in its middle to `max` characters: both ends of a path or a
/// command line tell something.
pub(crate) fn clip(text: &str, max: usize) -> String {
    let shown = visible(text);
    let length = shown.chars().count();
    if length <= max {
        return shown.into_owned();
    }
    let head = max.saturating_sub(1) * 2 / 3;
    let tail = max.saturating_sub(1) - head;
    let start: String = shown.chars().take(head).collect();
    let end: String = shown.chars().skip(length - tail).collect();
    format!("{start}…{end}")
}

/// `1,234,567`.
pub(crate) fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// So many of something, in words: `1 day`, `417 days`, `2 mailboxes`.
pub fn count(n: u64, noun: &str) -> String {
    let ending = match (n, noun.ends_with(['x', 's'])) {
        (1, _) => "",
        (_, true) => "es",
        (_, false) => "s",
    };
    format!("{} {noun}{ending}", number(n))
}

/// `a, b and c`.
pub(crate) fn join(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// The first `max` names and how many more there are.
pub(crate) fn some<'a>(names: impl IntoIterator<Item = &'a str>, max: usize) -> String {
    let all: Vec<&str> = names.into_iter().collect();
    // "and 1 more" would take as much room as the name itself.
    let shown = if all.len() <= max + 1 { all.len() } else { max };
    let mut parts: Vec<String> = all[..shown].iter().map(|name| clip(name, 48)).collect();
    if all.len() > shown {
        parts.push(format!("{} more", number((all.len() - shown) as u64)));
    }
    join(&parts)
}

/// `1.4 GB`, in powers of ten.
pub(crate) fn bytes(n: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if n < 1000 {
        return format!("{n} B");
    }
    let mut value = n as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// The text with its first letter in upper case.
pub(crate) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_is_shown() {
        assert_eq!(visible("plain ünïcode 名前"), "plain ünïcode 名前");
        assert_eq!(visible("\u{1b}[31mred\u{7}"), "␛[31mred␇");
        assert_eq!(visible("gpj\u{202e}exe.\u{200b}"), "gpj⟨U+202E⟩exe.⟨U+200B⟩");
        assert_eq!(visible("\u{9b}31m"), "⟨U+009B⟩31m");
        let once = visible("\u{1b}\u{202e}").into_owned();
        assert_eq!(visible(&once), once, "showing twice changes nothing");
    }

    #[test]
    fn a_cut_keeps_both_ends() {
        assert_eq!(clip("short", 10), "short");
        assert_eq!(clip("C:\\inetpub\\wwwroot\\aspnet_client\\a.aspx", 17), "C:\\inetpub…a.aspx");
        assert_eq!(clip("ééééé", 3).chars().count(), 3);
    }

    #[test]
    fn numbers_and_lists_read_well() {
        assert_eq!(number(0), "0");
        assert_eq!(number(999), "999");
        assert_eq!(number(1_234_567), "1,234,567");
        assert_eq!(count(1, "mailbox"), "1 mailbox");
        assert_eq!(count(2, "mailbox"), "2 mailboxes");
        assert_eq!(count(2, "address"), "2 addresses");
        assert_eq!(some(["a", "b", "c"], 2), "a, b and c");
        assert_eq!(some(["a", "b", "c", "d"], 2), "a, b and 2 more");
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(1_440_000), "1.4 MB");
        assert_eq!(bytes(999_999), "1.0 MB");
        assert_eq!(capital("über"), "Über");
    }
}
