//! Messages as bytes: header fields, parts, codings.

use crate::batch::put;
use crate::calendar::{MINUTE, MONTHS, Stamp};
use crate::dice::Dice;
use crate::formats::mail::{base64, weekday};

/// How a part is coded on its way (RFC 2045).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// As it is: `7bit` where it is ASCII, else `8bit`.
    Plain,
    Quoted,
    Base64,
}

impl Coding {
    /// One of them, as senders of many kinds have it.
    pub(super) fn draw(dice: &mut Dice) -> Self {
        [Self::Plain, Self::Quoted, Self::Base64][dice.weighted(&[3, 5, 1])]
    }
}

/// The content of a message.
#[derive(Clone, Debug)]
pub(super) enum Body {
    /// Type, coding, further fields with their line ends, content.
    Leaf(String, Coding, String, Vec<u8>),
    /// `alternative`, `mixed` or another subtype, and its parts.
    Many(&'static str, Vec<Body>),
}

impl Body {
    pub(super) fn text(coding: Coding, text: String) -> Self {
        Self::Leaf("text/plain; charset=utf-8".to_owned(), coding, String::new(), text.into_bytes())
    }

    pub(super) fn html(coding: Coding, html: String) -> Self {
        Self::Leaf("text/html; charset=\"UTF-8\"".to_owned(), coding, String::new(), html.into_bytes())
    }

    pub(super) fn file(kind: &str, name: &str, content: Vec<u8>) -> Self {
        let more = format!("Content-Disposition: attachment; filename=\"{name}\"\n");
        Self::Leaf(format!("{kind}; name=\"{name}\""), Coding::Base64, more, content)
    }

    pub(super) fn inline(kind: &str, id: &str, content: Vec<u8>) -> Self {
        let more = format!("Content-ID: <{id}>\nContent-Disposition: inline\n");
        Self::Leaf(kind.to_owned(), Coding::Base64, more, content)
    }

    /// Appends it with its own fields; the header must end just before.
    pub(super) fn write(&self, dice: &mut Dice, out: &mut Vec<u8>) {
        match self {
            Self::Leaf(kind, coding, more, content) => {
                put!(out, "Content-Type: {kind}\n");
                let name = match coding {
                    Coding::Plain if content.is_ascii() => "7bit",
                    Coding::Plain => "8bit",
                    Coding::Quoted => "quoted-printable",
                    Coding::Base64 => "base64",
                };
                put!(out, "Content-Transfer-Encoding: {name}\n{more}\n");
                match coding {
                    Coding::Plain => out.extend_from_slice(content),
                    Coding::Quoted => quoted(content, out),
                    Coding::Base64 => out.extend_from_slice(base64(content).as_bytes()),
                }
                if out.last() != Some(&b'\n') {
                    out.push(b'\n');
                }
            }
            Self::Many(kind, parts) => {
                let boundary = match dice.below(4) {
                    0 => format!("----=_Part_{}_{}", dice.within(1000..99_999_999), dice.within(1..1 << 40)),
                    1 => format!("_----------={:016x}{:06x}", dice.word(), dice.within(0..1 << 24)),
                    2 => format!("{:024x}", dice.word()),
                    _ => format!("b1_{:032x}", dice.word()),
                };
                put!(out, "Content-Type: multipart/{kind};\n boundary=\"{boundary}\"\n\n");
                if dice.once_in(5) {
                    put!(out, "This is a multi-part message in MIME format.\n\n");
                }
                for part in parts {
                    put!(out, "--{boundary}\n");
                    part.write(dice, out);
                    out.push(b'\n');
                }
                put!(out, "--{boundary}--\n");
            }
        }
    }
}

/// Quoted-printable (RFC 2045, section 6.7).
fn quoted(content: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut column = 0;
    for (at, byte) in content.iter().enumerate() {
        if *byte == b'\n' {
            out.push(b'\n');
            column = 0;
            continue;
        }
        let before_end = content.get(at + 1).is_none_or(|next| *next == b'\n');
        let plain = matches!(byte, b'!'..=b'<' | b'>'..=b'~') || (*byte == b' ' && !before_end);
        if column + if plain { 1 } else { 3 } > 75 {
            out.extend_from_slice(b"=\n");
            column = 0;
        }
        if plain {
            out.push(*byte);
            column += 1;
        } else {
            out.extend_from_slice(&[b'=', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
            column += 3;
        }
    }
}

/// Text as it may stand in a header field: as it is, or in encoded words (RFC 2047).
pub(super) fn words(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut piece = String::new();
    let mut flush = |piece: &mut String| {
        if !piece.is_empty() {
            let space = if out.is_empty() { "" } else { "\n " };
            out += &format!("{space}=?utf-8?B?{}?=", base64(piece.as_bytes()));
            piece.clear();
        }
    };
    for symbol in text.chars() {
        if piece.len() + symbol.len_utf8() > 42 {
            flush(&mut piece);
        }
        piece.push(symbol);
    }
    flush(&mut piece);
    out
}

/// `Name <address>`, quoted or coded where it must be.
pub(super) fn mailbox(name: &str, address: &str) -> String {
    if name.is_empty() {
        return address.to_owned();
    }
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'-' | b'\''));
    match (name.is_ascii(), plain) {
        (false, _) => format!("{} <{address}>", words(name)),
        (true, true) => format!("{name} <{address}>"),
        (true, false) => format!("\"{}\" <{address}>", name.replace('"', "'")),
    }
}

/// `Tue, 24 Aug 2021 10:12:07 +0100`
pub(crate) fn date(micros: i64, zone: &str) -> String {
    let minutes: i64 = zone[1..3].parse::<i64>().unwrap_or(0) * 60 + zone[3..].parse::<i64>().unwrap_or(0);
    let local = micros + if zone.starts_with('-') { -minutes } else { minutes } * MINUTE;
    let stamp = Stamp::new(local);
    let month = MONTHS[stamp.month as usize - 1];
    format!("{}, {} {month} {} {} {zone}", weekday(local), stamp.day, stamp.year, stamp.time())
}

/// Text as it stands in HTML.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codings_are_those_of_the_standards() {
        let mut out = Vec::new();
        quoted("a=b é \nx ".as_bytes(), &mut out);
        assert_eq!(out, b"a=3Db =C3=A9=20\nx=20");
        assert_eq!(words("Zoë"), "=?utf-8?B?Wm/Dqw==?=");
        assert_eq!(mailbox("A B | C", "a@b.example"), "\"A B | C\" <a@b.example>");
        assert_eq!(date(1_629_796_327_000_000, "-0430"), "Tue, 24 Aug 2021 04:42:07 -0430");
        let mut long = Vec::new();
        quoted("xé".repeat(400).as_bytes(), &mut long);
        assert!(long.split(|byte| *byte == b'\n').all(|line| line.len() <= 76));
    }
}
