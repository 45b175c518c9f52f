//! Macros in names and explanations (RFC 7208, section 7).

/// Longest name that can be asked for.
const LONGEST: usize = 253;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Macro { letter: u8, escaped: bool, keep: usize, reversed: bool, delimiters: Vec<char> },
}

/// A text with macros in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template {
    pieces: Vec<Piece>,
}

impl Template {
    /// Reads a text; `explains` allows the letters that make sense to people only. `None` where a
    /// percent sign begins no macro.
    pub(super) fn parse(text: &str, explains: bool) -> Option<Self> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find('%') {
            push(&mut pieces, &rest[..at]);
            rest = &rest[at + 1..];
            let literal = match rest.as_bytes().first()? {
                b'%' => "%",
                b'_' => " ",
                b'-' => "%20",
                b'{' => {
                    let end = rest.find('}')?;
                    pieces.push(expansion(&rest[1..end], explains)?);
                    rest = &rest[end + 1..];
                    continue;
                }
                _ => return None,
            };
            push(&mut pieces, literal);
            rest = &rest[1..];
        }
        push(&mut pieces, rest);
        Some(Self { pieces })
    }

    /// Reads what is to become a name: it ends in a macro or in a label that a top domain can have.
    pub(super) fn domain(text: &str) -> Option<Self> {
        let template = Self::parse(text, false)?;
        let ends_in_macro = text.ends_with('}') && matches!(template.pieces.last()?, Piece::Macro { .. })
            || ["%%", "%_", "%-"].iter().any(|end| text.ends_with(end));
        if !ends_in_macro {
            let (_, top) = text.strip_suffix('.').unwrap_or(text).rsplit_once('.')?;
            let inside = top.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            let numeric = top.bytes().all(|byte| byte.is_ascii_digit());
            if top.is_empty() || !inside || numeric || top.starts_with('-') || top.ends_with('-') {
                return None;
            }
        }
        Some(template)
    }

    /// The letters that it uses.
    pub(super) fn uses(&self, wanted: u8) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Macro { letter, .. } if *letter == wanted))
    }

    /// The text with each macro replaced by what `value` says of its letter.
    pub(super) fn expand(&self, value: impl Fn(u8) -> String) -> String {
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Macro { letter, escaped, keep, reversed, delimiters } => {
                    let value = value(*letter);
                    let mut parts: Vec<&str> = value.split(&delimiters[..]).collect();
                    if *reversed {
                        parts.reverse();
                    }
                    let first = parts.len().saturating_sub(*keep);
                    let joined = parts[first..].join(".");
                    if *escaped {
                        escape(&joined, &mut out);
                    } else {
                        out.push_str(&joined);
                    }
                }
            }
        }
        out
    }
}

/// The expanded text as a name that can be asked for: labels on the left go where it is too long.
pub(super) fn name(expanded: &str) -> String {
    let mut name = expanded.strip_suffix('.').unwrap_or(expanded);
    while name.len() > LONGEST {
        match name.split_once('.') {
            Some((_, rest)) => name = rest,
            None => break,
        }
    }
    name.to_owned()
}

fn push(pieces: &mut Vec<Piece>, text: &str) {
    match pieces.last_mut() {
        Some(Piece::Text(before)) => before.push_str(text),
        _ if text.is_empty() => {}
        _ => pieces.push(Piece::Text(text.to_owned())),
    }
}

fn expansion(inside: &str, explains: bool) -> Option<Piece> {
    let first = *inside.as_bytes().first()?;
    let letter = first.to_ascii_lowercase();
    let allowed: &[u8] = if explains { b"slodiphcrtv" } else { b"slodiphv" };
    if !allowed.contains(&letter) {
        return None;
    }
    let rest = &inside[1..];
    let digits = rest.len() - rest.trim_start_matches(|found: char| found.is_ascii_digit()).len();
    let keep = if digits == 0 {
        usize::MAX
    } else {
        // A number that is too long keeps everything, as any large one does.
        rest[..digits].parse().unwrap_or(usize::MAX)
    };
    if keep == 0 {
        return None;
    }
    let rest = &rest[digits..];
    let (reversed, rest) = match rest.strip_prefix(['r', 'R']) {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    if !rest.bytes().all(|byte| b".-+,/_=".contains(&byte)) {
        return None;
    }
    let delimiters = if rest.is_empty() { vec!['.'] } else { rest.chars().collect() };
    Some(Piece::Macro { letter, escaped: first.is_ascii_uppercase(), keep, reversed, delimiters })
}

fn escape(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
}
