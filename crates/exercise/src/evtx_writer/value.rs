//! Substitution values of Binary XML, in little-endian bytes.

use std::fmt;
use std::str::FromStr;

/// The types of substitution values that event providers declare (MS-EVEN6, section 2.2.12,
/// `BinXml` value types).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueType {
    /// UTF-16 text.
    Str,
    /// One byte.
    U8,
    /// Two bytes.
    U16,
    /// Four bytes with a sign.
    I32,
    /// Four bytes.
    U32,
    /// Eight bytes.
    U64,
    /// Four bytes, nought or one.
    Bool,
    /// Sixteen bytes.
    Guid,
    /// 100 ns ticks since 1601.
    FileTime,
    /// Security identifier.
    Sid,
    /// Four bytes shown in hexadecimal.
    Hex32,
    /// Eight bytes shown in hexadecimal.
    Hex64,
    /// Several texts, each ended by a NUL.
    Strings,
    /// A fragment of Binary XML.
    Fragment,
    /// No value.
    Null,
}

impl ValueType {
    /// The byte that stands for the type in a file.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Null => 0x00,
            Self::Str => 0x01,
            Self::U8 => 0x04,
            Self::U16 => 0x06,
            Self::I32 => 0x07,
            Self::U32 => 0x08,
            Self::U64 => 0x0a,
            Self::Bool => 0x0d,
            Self::Guid => 0x0f,
            Self::FileTime => 0x11,
            Self::Sid => 0x13,
            Self::Hex32 => 0x14,
            Self::Hex64 => 0x15,
            Self::Fragment => 0x21,
            Self::Strings => 0x81,
        }
    }

    /// How many bytes a number of this type takes; `None` for what is no number.
    pub(crate) const fn width(self) -> Option<usize> {
        match self {
            Self::U8 => Some(1),
            Self::U16 => Some(2),
            Self::I32 | Self::U32 | Self::Bool | Self::Hex32 => Some(4),
            Self::U64 | Self::Hex64 | Self::FileTime => Some(8),
            _ => None,
        }
    }
}

impl FromStr for ValueType {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Ok(match text {
            "str" => Self::Str,
            "u8" => Self::U8,
            "u16" => Self::U16,
            "i32" => Self::I32,
            "u32" => Self::U32,
            "u64" => Self::U64,
            "bool" => Self::Bool,
            "guid" => Self::Guid,
            "time" => Self::FileTime,
            "sid" => Self::Sid,
            "hex32" => Self::Hex32,
            "hex64" => Self::Hex64,
            "strings" => Self::Strings,
            "null" => Self::Null,
            _ => return Err(()),
        })
    }
}

/// A security identifier with up to eight sub-authorities (MS-DTYP, section 2.4.2).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Sid {
    bytes: [u8; 40],
    len: u8,
}

impl Sid {
    /// `S-1-authority-parts…`; parts beyond the eighth are left out.
    pub fn new(authority: u8, parts: &[u32]) -> Self {
        let parts = &parts[..parts.len().min(8)];
        let mut bytes = [0; 40];
        bytes[0] = 1;
        bytes[1] = parts.len() as u8;
        bytes[7] = authority;
        for (place, part) in bytes[8..].chunks_exact_mut(4).zip(parts) {
            place.copy_from_slice(&part.to_le_bytes());
        }
        Self { bytes, len: 8 + 4 * parts.len() as u8 }
    }

    /// Its bytes as a file holds them.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

impl FromStr for Sid {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut numbers = text.strip_prefix("S-1-").ok_or(())?.split('-').map(|part| part.parse::<u32>());
        let authority = numbers.next().ok_or(())?.map_err(|_| ())?;
        let parts = numbers.collect::<Result<Vec<u32>, _>>().map_err(|_| ())?;
        if parts.len() > 8 {
            return Err(());
        }
        Ok(Self::new(u8::try_from(authority).map_err(|_| ())?, &parts))
    }
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "S-1-{}", self.bytes[7])?;
        for part in self.as_bytes()[8..].chunks_exact(4) {
            write!(f, "-{}", u32::from_le_bytes([part[0], part[1], part[2], part[3]]))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Ticks of 100 ns since 1601 for microseconds since 1970.
pub fn file_time(micros: i64) -> u64 {
    const GAP: i64 = 11_644_473_600_000_000;
    u64::try_from(micros.saturating_add(GAP)).unwrap_or(0).saturating_mul(10)
}

/// Appends `text` in UTF-16.
pub(crate) fn put_utf16(out: &mut Vec<u8>, text: &str) {
    if text.is_ascii() {
        out.extend(text.bytes().flat_map(|byte| [byte, 0]));
    } else {
        out.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    }
}

/// The bytes of `{xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx}` as Windows keeps them: the first three
/// parts little-endian.
pub(crate) fn guid_bytes(text: &str) -> Option<[u8; 16]> {
    let uuid = uuid::Uuid::try_parse(text.trim_matches(['{', '}'])).ok()?;
    Some(uuid.to_bytes_le())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sid_reads_as_it_is_written() {
        for text in ["S-1-5-18", "S-1-0-0", "S-1-5-21-308926384-506822093-3341789130-1105", "S-1-16-16384"] {
            assert_eq!(text.parse::<Sid>().unwrap().to_string(), text);
        }
        assert!("S-1-5-x".parse::<Sid>().is_err());
        assert!("S-1-5-1-2-3-4-5-6-7-8-9".parse::<Sid>().is_err());
    }

    #[test]
    fn ticks_begin_in_1601() {
        assert_eq!(file_time(1_629_795_120_000_000), 132_742_687_200_000_000);
    }
}
