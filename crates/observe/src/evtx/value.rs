//! Texts of typed values (MS-EVEN6, 2.2.12, “Value types”), as Windows shows them in XML.

use model::Kind;

use super::moment::{push_filetime, push_systemtime};
use super::text::{
    push_ansi, push_display, push_guid, push_hex, push_hex_bytes, push_int, push_sid, push_uint, push_utf16,
};

/// A value type byte.
pub(super) mod kind {
    pub(crate) const NULL: u8 = 0x00;
    pub(crate) const STRING: u8 = 0x01;
    pub(crate) const ANSI_STRING: u8 = 0x02;
    pub(crate) const INT8: u8 = 0x03;
    pub(crate) const UINT8: u8 = 0x04;
    pub(crate) const INT16: u8 = 0x05;
    pub(crate) const UINT16: u8 = 0x06;
    pub(crate) const INT32: u8 = 0x07;
    pub(crate) const UINT32: u8 = 0x08;
    pub(crate) const INT64: u8 = 0x09;
    pub(crate) const UINT64: u8 = 0x0a;
    pub(crate) const REAL32: u8 = 0x0b;
    pub(crate) const REAL64: u8 = 0x0c;
    pub(crate) const BOOL: u8 = 0x0d;
    pub(crate) const BINARY: u8 = 0x0e;
    pub(crate) const GUID: u8 = 0x0f;
    pub(crate) const SIZE_T: u8 = 0x10;
    pub(crate) const FILETIME: u8 = 0x11;
    pub(crate) const SYSTEMTIME: u8 = 0x12;
    pub(crate) const SID: u8 = 0x13;
    pub(crate) const HEX32: u8 = 0x14;
    pub(crate) const HEX64: u8 = 0x15;
    pub(crate) const BIN_XML: u8 = 0x21;
    /// Set on the type of an array's items.
    pub(crate) const ARRAY: u8 = 0x80;
}

/// A value that is not of the shape its type asks for, or of a type that is not known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Odd;

/// A typed value, as it lies in the chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Typed<'a> {
    /// The type byte.
    pub(super) kind: u8,
    /// Its bytes.
    pub(super) bytes: &'a [u8],
}

impl<'a> Typed<'a> {
    /// The value of a substitution that the record does not have.
    pub(super) const NULL: Self = Self { kind: kind::NULL, bytes: &[] };

    /// Whether it has no text.
    pub(super) fn is_empty(self) -> bool {
        match self.kind {
            kind::NULL => true,
            kind::STRING => matches!(self.bytes, [] | [_] | [0, 0, ..]),
            kind::ANSI_STRING => self.bytes.iter().all(|&byte| byte == 0),
            _ => self.bytes.is_empty(),
        }
    }

    /// What it is as a fact: whole numbers and truth values keep their kind.
    pub(super) fn as_kind(self) -> Kind {
        match self.kind {
            kind::INT8..=kind::UINT64 => Kind::Int,
            kind::BOOL if matches!(self.bytes, [0 | 1, 0, 0, 0]) => Kind::Bool,
            kind::BOOL => Kind::Int,
            _ => Kind::Str,
        }
    }

    /// The moment that it states, in 100 ns ticks since 1601.
    pub(super) fn filetime(self) -> Option<u64> {
        (self.kind == kind::FILETIME).then(|| self.number::<8>().map(u64::from_le_bytes).ok()).flatten()
    }

    fn number<const N: usize>(self) -> Result<[u8; N], Odd> {
        self.bytes.try_into().map_err(|_| Odd)
    }

    /// Appends its text.
    pub(super) fn write(self, out: &mut String) -> Result<(), Odd> {
        match self.kind {
            kind::NULL => {}
            kind::STRING if self.bytes.len().is_multiple_of(2) => push_utf16(out, self.bytes),
            kind::ANSI_STRING => push_ansi(out, self.bytes),
            kind::INT8 => push_int(out, i8::from_le_bytes(self.number()?).into()),
            kind::UINT8 => push_uint(out, u8::from_le_bytes(self.number()?).into()),
            kind::INT16 => push_int(out, i16::from_le_bytes(self.number()?).into()),
            kind::UINT16 => push_uint(out, u16::from_le_bytes(self.number()?).into()),
            kind::INT32 => push_int(out, i32::from_le_bytes(self.number()?).into()),
            kind::UINT32 => push_uint(out, u32::from_le_bytes(self.number()?).into()),
            kind::INT64 => push_int(out, i64::from_le_bytes(self.number()?)),
            kind::UINT64 => push_uint(out, u64::from_le_bytes(self.number()?)),
            kind::REAL32 => push_display(out, format_args!("{:?}", f32::from_le_bytes(self.number()?))),
            kind::REAL64 => push_display(out, format_args!("{:?}", f64::from_le_bytes(self.number()?))),
            kind::BOOL => match i32::from_le_bytes(self.number()?) {
                0 => out.push_str("false"),
                1 => out.push_str("true"),
                // Some providers keep bit masks in such values.
                other => push_int(out, other.into()),
            },
            kind::BINARY => push_hex_bytes(out, self.bytes),
            kind::GUID => push_guid(out, &self.number()?),
            kind::HEX32 => push_hex(out, u32::from_le_bytes(self.number()?).into()),
            kind::SIZE_T if self.bytes.len() == 4 => push_hex(out, u32::from_le_bytes(self.number()?).into()),
            kind::HEX64 | kind::SIZE_T => push_hex(out, u64::from_le_bytes(self.number()?)),
            kind::FILETIME => push_filetime(out, u64::from_le_bytes(self.number()?)),
            kind::SYSTEMTIME => push_systemtime(out, &self.number()?)?,
            kind::SID => push_sid(out, self.bytes)?,
            _ => return Err(Odd),
        }
        Ok(())
    }

    /// The items of an array; `None` for what is no array of a known kind.
    pub(super) fn items(self) -> Option<Items<'a>> {
        let kind = self.kind ^ kind::ARRAY;
        let width = match kind {
            kind::STRING => 0,
            kind::INT8 | kind::UINT8 => 1,
            kind::INT16 | kind::UINT16 => 2,
            kind::INT32 | kind::UINT32 | kind::REAL32 | kind::BOOL | kind::HEX32 => 4,
            kind::INT64 | kind::UINT64 | kind::REAL64 | kind::FILETIME | kind::HEX64 => 8,
            kind::GUID | kind::SYSTEMTIME => 16,
            _ => return None,
        };
        Some(Items { kind, width, rest: self.bytes })
    }
}

/// The items of an array value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Items<'a> {
    kind: u8,
    /// Bytes an item; 0 for texts that end in NUL.
    width: usize,
    rest: &'a [u8],
}

impl<'a> Iterator for Items<'a> {
    type Item = Typed<'a>;

    fn next(&mut self) -> Option<Typed<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let (item, rest) = if self.width > 0 {
            self.rest.split_at(self.width.min(self.rest.len()))
        } else {
            let units = self.rest.as_chunks::<2>().0;
            match units.iter().position(|unit| *unit == [0, 0]) {
                Some(end) => (&self.rest[..end * 2], &self.rest[end * 2 + 2..]),
                None => (self.rest, &self.rest[self.rest.len()..]),
            }
        };
        self.rest = rest;
        Some(Typed { kind: self.kind, bytes: item })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(kind: u8, bytes: &[u8]) -> Result<String, Odd> {
        let mut out = String::new();
        Typed { kind, bytes }.write(&mut out).map(|()| out)
    }

    fn utf16(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn values_read_as_windows_shows_them() {
        for (kind, bytes, expected) in [
            (kind::NULL, &[][..], ""),
            (kind::INT8, &[0x80], "-128"),
            (kind::UINT16, &[0x50, 0x12], "4688"),
            (kind::INT64, &i64::MIN.to_le_bytes(), "-9223372036854775808"),
            (kind::UINT64, &u64::MAX.to_le_bytes(), "18446744073709551615"),
            (kind::REAL32, &0.5f32.to_le_bytes(), "0.5"),
            (kind::BOOL, &[1, 0, 0, 0], "true"),
            (kind::BOOL, &[2, 0, 0, 0], "2"),
            (kind::BINARY, &[0xde, 0xad, 0x01], "DEAD01"),
            (kind::HEX32, &[0xe7, 3, 0, 0], "0x3e7"),
            (kind::HEX64, &[0; 8], "0x0"),
            (kind::HEX64, &u64::MAX.to_le_bytes(), "0xffffffffffffffff"),
            (kind::SIZE_T, &[0x10, 0, 0, 0], "0x10"),
            (kind::FILETIME, &132_742_687_200_000_001u64.to_le_bytes(), "2021-08-24T08:52:00.0000001Z"),
            (kind::FILETIME, &0u64.to_le_bytes(), "1601-01-01T00:00:00.0000000Z"),
            (kind::SID, &[1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0], "S-1-5-18"),
            (kind::ANSI_STRING, b"caf\xe9\0", "café"),
        ] {
            assert_eq!(text(kind, bytes).as_deref(), Ok(expected), "{kind:#x} {bytes:02x?}");
        }
        let guid =
            [0x79, 0xd5, 0x70, 0x57, 0x22, 0xc2, 0xe0, 0x43, 0xbf, 0x4c, 6, 0xf5, 0x69, 0x8f, 0xfb, 0xd9];
        assert_eq!(text(kind::GUID, &guid).unwrap(), "{5770d579-c222-43e0-bf4c-06f5698ffbd9}");
        let moment: Vec<u8> =
            [2019u16, 3, 5, 1, 12, 34, 56, 789].into_iter().flat_map(u16::to_le_bytes).collect();
        assert_eq!(text(kind::SYSTEMTIME, &moment).unwrap(), "2019-03-01T12:34:56.7890000Z");
    }

    #[test]
    fn misshapen_values_are_odd() {
        for (kind, bytes) in [
            (kind::UINT32, &[1, 2][..]),
            (kind::SID, &[1, 2, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0]),
            (kind::STRING, &[0x41]),
            (kind::SYSTEMTIME, &[0; 16]),
            (kind::BIN_XML, &[0x0f]),
            (0x7f, &[]),
        ] {
            assert_eq!(text(kind, bytes), Err(Odd), "{kind:#x} {bytes:02x?}");
        }
    }

    #[test]
    fn text_ends_at_its_nul_and_keeps_every_script() {
        let long = "C:\\Windows\\System32\\wächter.exe 🗳 ".repeat(9);
        assert_eq!(text(kind::STRING, &utf16(&long)).unwrap(), long);
        assert_eq!(text(kind::STRING, &utf16("one\0two")).unwrap(), "one");
        assert_eq!(text(kind::STRING, &[0x41, 0, 0x00, 0xd8, 0x42, 0]).unwrap(), "A\u{fffd}B");
        for length in 0..70 {
            let plain = "x".repeat(length);
            assert_eq!(text(kind::STRING, &utf16(&plain)).unwrap(), plain);
            assert_eq!(text(kind::STRING, &utf16(&format!("{plain}\0y"))).unwrap(), plain);
        }
    }

    #[test]
    fn arrays_give_their_items() {
        let names = Typed { kind: kind::STRING | kind::ARRAY, bytes: &utf16("one\0\0three\0") };
        let texts: Vec<String> = names
            .items()
            .unwrap()
            .map(|item| {
                let mut out = String::new();
                item.write(&mut out).unwrap();
                out
            })
            .collect();
        assert_eq!(texts, ["one", "", "three"]);
        let torn = Typed { kind: kind::UINT16 | kind::ARRAY, bytes: &[1, 0, 2] };
        assert_eq!(torn.items().unwrap().last().unwrap().write(&mut String::new()), Err(Odd));
        assert!(Typed { kind: kind::UINT16, bytes: &[1, 0] }.items().is_none());
    }
}
