//! Text logs: any of the usual encodings and line ends, in lines of bounded length.

mod lines;
#[cfg(test)]
mod tests;
mod transcoded;

pub(crate) use lines::{Line, Lines};
pub(crate) use transcoded::Transcoded;

/// How the bytes of a text stand for characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// UTF-8, or a code page that agrees with it in ASCII.
    Utf8,
    /// UTF-16, the low byte first.
    Utf16Le,
    /// UTF-16, the high byte first.
    Utf16Be,
}

impl Encoding {
    /// The encoding of a text that begins with `head`, and the length of its byte order mark.
    ///
    /// Without a mark, UTF-16 shows by the NUL bytes that stand at every other place, since the
    /// syntax of any log is ASCII.
    pub(crate) fn of(head: &[u8]) -> (Self, usize) {
        match head {
            [0xEF, 0xBB, 0xBF, ..] => return (Self::Utf8, 3),
            [0xFF, 0xFE, ..] => return (Self::Utf16Le, 2),
            [0xFE, 0xFF, ..] => return (Self::Utf16Be, 2),
            _ => {}
        }
        let pairs = head.get(..head.len().min(4096) & !1).unwrap_or_default().as_chunks::<2>().0;
        let high = pairs.iter().filter(|pair| pair[0] == 0 && pair[1] != 0).count();
        let low = pairs.iter().filter(|pair| pair[1] == 0 && pair[0] != 0).count();
        let filled = pairs.iter().filter(|pair| **pair != [0, 0]).count();
        match () {
            () if low > high && low * 10 >= filled * 4 && high * 20 <= low => (Self::Utf16Le, 0),
            () if high > low && high * 10 >= filled * 4 && low * 20 <= high => (Self::Utf16Be, 0),
            () => (Self::Utf8, 0),
        }
    }

    /// `head` as text, for recognition: without a byte order mark, faulty bytes replaced.
    pub(crate) fn head_text(head: &[u8]) -> String {
        let (encoding, mark) = Self::of(head);
        let mut text = String::with_capacity(head.len());
        let bytes = head.get(mark..).unwrap_or_default();
        match encoding {
            Self::Utf8 => {
                // The head may end in the midst of a character.
                let whole = match std::str::from_utf8(bytes) {
                    Err(fault) if fault.error_len().is_none() => &bytes[..fault.valid_up_to()],
                    _ => bytes,
                };
                decode_bytes(whole, &mut text);
            }
            Self::Utf16Le | Self::Utf16Be => encoding.decode_utf16(bytes, &mut text),
        }
        text
    }

    /// Whether a text in this encoding is read unit by unit of two bytes.
    pub(crate) const fn is_utf16(self) -> bool {
        matches!(self, Self::Utf16Le | Self::Utf16Be)
    }

    /// How many of `bytes` are whole characters: not half a unit or half a pair at the end.
    fn whole_characters(self, bytes: &[u8]) -> usize {
        let whole = bytes.len() & !1;
        let high = match self {
            Self::Utf16Be => whole.checked_sub(2),
            _ => whole.checked_sub(1),
        };
        let is_first_of_pair = high.is_some_and(|at| (0xD8..0xDC).contains(&bytes[at]));
        if is_first_of_pair { whole - 2 } else { whole }
    }

    fn decode_utf16(self, bytes: &[u8], text: &mut String) {
        let units = bytes.as_chunks::<2>().0.iter().map(|pair| match self {
            Self::Utf16Be => u16::from_be_bytes(*pair),
            _ => u16::from_le_bytes(*pair),
        });
        text.extend(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)));
    }
}

/// What had to be done to bytes that are not UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mended {
    Nothing,
    Replaced,
    Windows1252,
}

/// Appends `bytes` to `text`. What is not UTF-8 and holds no character of several bytes that is, was
/// written in a code page, most likely the western one.
fn decode_bytes(bytes: &[u8], text: &mut String) -> Mended {
    if let Ok(valid) = std::str::from_utf8(bytes) {
        text.push_str(valid);
        return Mended::Nothing;
    }
    if bytes.utf8_chunks().any(|chunk| !chunk.valid().is_ascii()) {
        text.push_str(&String::from_utf8_lossy(bytes));
        return Mended::Replaced;
    }
    text.push_str(&encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0);
    Mended::Windows1252
}

/// `bytes` as text, in whichever encoding they seem to be.
pub(crate) fn decode_name(bytes: &[u8]) -> String {
    let mut text = String::new();
    decode_bytes(bytes, &mut text);
    text
}
