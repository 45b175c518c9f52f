//! RTF as Outlook compresses it ([MS-OXRTFCP]).

/// Bytes that a text may unpack to.
const MAX: usize = 32 << 20;
/// What the dictionary holds before the first byte.
const DICTIONARY: &[u8; 207] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";
const WINDOW: usize = 4096;
const HEADER: usize = 16;

/// The text, or as much of it as there is; `None` if `bytes` are not such a text.
///
/// Its checksum is not asked: what is damaged is evidence as well. A step of two bytes in gives at most
/// 17 out, and no more than the stated length is given.
pub(super) fn unpack(bytes: &[u8]) -> Option<Vec<u8>> {
    let word = |at: usize| {
        bytes.get(at..at + 4).and_then(|word| word.first_chunk()).map(|word| u32::from_le_bytes(*word))
    };
    let length = (word(4)? as usize).min(MAX);
    let kind = word(8)?;
    let input = bytes.get(HEADER..)?;
    match &kind.to_le_bytes() {
        b"MELA" => Some(input[..length.min(input.len())].to_vec()),
        b"LZFu" => Some(inflate(input, length)),
        _ => None,
    }
}

fn inflate(input: &[u8], length: usize) -> Vec<u8> {
    let mut window = [0; WINDOW];
    window[..DICTIONARY.len()].copy_from_slice(DICTIONARY);
    let mut at = DICTIONARY.len();
    let mut out = Vec::with_capacity(length.min(input.len().saturating_mul(9)));
    let mut input = input.iter().copied();
    while let Some(control) = input.next() {
        for bit in 0..8 {
            if out.len() >= length {
                return out;
            }
            let Some(first) = input.next() else { return out };
            if control >> bit & 1 == 0 {
                window[at] = first;
                out.push(first);
                at = (at + 1) % WINDOW;
                continue;
            }
            let Some(second) = input.next() else { return out };
            let reference = u16::from_be_bytes([first, second]);
            let from = usize::from(reference >> 4);
            if from == at {
                return out;
            }
            for step in 0..usize::from(reference & 15) + 2 {
                let byte = window[(from + step) % WINDOW];
                window[at] = byte;
                out.push(byte);
                at = (at + 1) % WINDOW;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The examples of [MS-OXRTFCP], 4.1.
    const SIMPLE: &[u8] = b"\x2d\0\0\0\x2b\0\0\0LZFu\xf1\xc5\xc7\xa7\x03\0\x0a\0rcpg125B2\x0a\xf3 hel\x09\0\x20bw\x05\xb0ld}\x0a\x80\x0f\xa0";
    const CROSSING: &[u8] = b"\x1a\0\0\0\x1c\0\0\0LZFu\xe2\xd4KQA\0\x04\x20WXYZ\x0d\x6e}\x01\x0e\xb0";

    #[test]
    fn the_published_examples() {
        assert_eq!(unpack(SIMPLE).unwrap(), b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n");
        assert_eq!(unpack(CROSSING).unwrap(), b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}");
    }

    #[test]
    fn what_is_not_compressed_is_taken_as_it_is() {
        assert_eq!(unpack(b"\x10\0\0\0\x05\0\0\0MELA\0\0\0\0{\\rtf}").unwrap(), b"{\\rtf");
        assert_eq!(unpack(b"\x10\0\0\0\x05\0\0\0JUNK\0\0\0\0{\\rtf}"), None);
    }

    #[test]
    fn a_cut_text_gives_what_there_is() {
        let whole = unpack(SIMPLE).unwrap();
        for end in 0..SIMPLE.len() {
            let cut = unpack(&SIMPLE[..end]);
            assert_eq!(cut.is_some(), end >= HEADER, "{end}");
            assert!(whole.starts_with(&cut.unwrap_or_default()), "{end}");
        }
    }

    proptest! {
        #[test]
        fn hostile_bytes_stay_within_the_bounds(length in any::<u32>(), bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let mut text = [&[0; 4][..], &length.to_le_bytes(), b"LZFu\0\0\0\0"].concat();
            text.extend(&bytes);
            let out = unpack(&text).unwrap();
            prop_assert!(out.len() <= (length as usize).saturating_add(17) && out.len() <= bytes.len() * 9 + 17);
        }
    }
}
