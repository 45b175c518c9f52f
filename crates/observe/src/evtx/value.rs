//! Texts of typed values (MS-EVEN6, 2.2.12, “Value types”), as Windows shows them in XML.

use std::fmt::Write as _;

use model::Kind;

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

/// Appends UTF-16 text up to its first NUL; lone surrogates become U+FFFD.
pub(super) fn push_utf16(out: &mut String, bytes: &[u8]) {
    const BLOCK: usize = 32;
    let mut units = bytes.as_chunks::<2>().0;
    let mut ascii = [0u8; BLOCK];
    out.reserve(units.len());
    while !units.is_empty() {
        let block = &units[..units.len().min(BLOCK)];
        let mut clean = true;
        for (byte, [low, high]) in ascii.iter_mut().zip(block) {
            *byte = *low;
            clean &= (*high == 0) & (low.wrapping_sub(1) < 0x7f);
        }
        match std::str::from_utf8(&ascii[..block.len()]) {
            Ok(text) if clean => out.push_str(text),
            _ => return push_utf16_slow(out, units),
        }
        units = &units[block.len()..];
    }
}

fn push_utf16_slow(out: &mut String, units: &[[u8; 2]]) {
    let units = units.iter().map(|unit| u16::from_le_bytes(*unit)).take_while(|unit| *unit != 0);
    out.extend(char::decode_utf16(units).map(|char| char.unwrap_or(char::REPLACEMENT_CHARACTER)));
}

/// Appends text in the code page of Western European Windows, without its NULs.
fn push_ansi(out: &mut String, bytes: &[u8]) {
    for part in bytes.split(|&byte| byte == 0) {
        out.push_str(&encoding_rs::WINDOWS_1252.decode_without_bom_handling(part).0);
    }
}

// Writing to a String cannot fail.
fn push_display(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
}

fn push_ascii(out: &mut String, bytes: &[u8]) {
    out.push_str(std::str::from_utf8(bytes).unwrap_or_default());
}

fn push_int(out: &mut String, value: i64) {
    if value < 0 {
        out.push('-');
    }
    push_uint(out, value.unsigned_abs());
}

fn push_uint(out: &mut String, mut value: u64) {
    let mut digits = [0u8; 20];
    let mut from = digits.len();
    loop {
        from -= 1;
        digits[from] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    push_ascii(out, &digits[from..]);
}

fn digit(nibble: u8, letters: u8) -> u8 {
    let nibble = nibble & 0xf;
    if nibble < 10 { b'0' + nibble } else { letters + nibble - 10 }
}

fn push_hex(out: &mut String, mut value: u64) {
    let mut digits = [0u8; 18];
    let mut from = digits.len();
    loop {
        from -= 1;
        digits[from] = digit(value as u8, b'a');
        value >>= 4;
        if value == 0 {
            break;
        }
    }
    digits[from - 2..from].copy_from_slice(b"0x");
    push_ascii(out, &digits[from - 2..]);
}

fn push_hex_bytes(out: &mut String, bytes: &[u8]) {
    let mut digits = [0u8; 64];
    for part in bytes.chunks(digits.len() / 2) {
        for (pair, byte) in digits.as_chunks_mut::<2>().0.iter_mut().zip(part) {
            *pair = [digit(byte >> 4, b'A'), digit(*byte, b'A')];
        }
        push_ascii(out, &digits[..part.len() * 2]);
    }
}

fn push_guid(out: &mut String, guid: &[u8; 16]) {
    const ORDER: [usize; 16] = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
    let mut text = *b"{00000000-0000-0000-0000-000000000000}";
    let mut at = 1;
    for (place, from) in ORDER.into_iter().enumerate() {
        at += usize::from(matches!(place, 4 | 6 | 8 | 10));
        text[at] = digit(guid[from] >> 4, b'a');
        text[at + 1] = digit(guid[from], b'a');
        at += 2;
    }
    push_ascii(out, &text);
}

fn push_sid(out: &mut String, sid: &[u8]) -> Result<(), Odd> {
    let [revision, count, a, b, c, d, e, f, subs @ ..] = sid else { return Err(Odd) };
    if subs.len() != usize::from(*count) * 4 {
        return Err(Odd);
    }
    out.push_str("S-");
    push_uint(out, (*revision).into());
    out.push('-');
    push_uint(out, u64::from_be_bytes([0, 0, *a, *b, *c, *d, *e, *f]));
    for sub in subs.as_chunks::<4>().0 {
        out.push('-');
        push_uint(out, u32::from_le_bytes(*sub).into());
    }
    Ok(())
}

/// Calendar parts of a moment.
struct Civil {
    year: u64,
    month: u64,
    day: u64,
    hour: u64,
    minute: u64,
    second: u64,
    ticks: u64,
}

impl Civil {
    /// `2021-08-24T09:12:00.1234567Z`: seven decimals are what a FILETIME counts.
    fn push(&self, out: &mut String) {
        let mut text = *b"0000-00-00T00:00:00.0000000Z";
        for (range, value) in [
            (0..4, self.year % 10_000),
            (5..7, self.month),
            (8..10, self.day),
            (11..13, self.hour),
            (14..16, self.minute),
            (17..19, self.second),
            (20..27, self.ticks),
        ] {
            let mut value = value;
            for byte in text[range].iter_mut().rev() {
                *byte = b'0' + (value % 10) as u8;
                value /= 10;
            }
        }
        push_ascii(out, &text);
    }
}

fn push_filetime(out: &mut String, filetime: u64) {
    const TICKS_PER_SECOND: u64 = 10_000_000;
    const TICKS_PER_DAY: u64 = 86_400 * TICKS_PER_SECOND;
    if i64::try_from(filetime).is_err() {
        // Windows shows zeros for what its own conversion refuses.
        return push_ascii(out, b"0000-00-00T00:00:00.0000000Z");
    }
    let (year, month, day) = civil_from_days(filetime / TICKS_PER_DAY);
    let seconds = filetime % TICKS_PER_DAY / TICKS_PER_SECOND;
    Civil {
        year,
        month,
        day,
        hour: seconds / 3600,
        minute: seconds / 60 % 60,
        second: seconds % 60,
        ticks: filetime % TICKS_PER_SECOND,
    }
    .push(out);
}

/// The Gregorian date `days` after 1601-01-01, counted in cycles of 400 years that begin in March.
const fn civil_from_days(days: u64) -> (u64, u64, u64) {
    let days = days + 584_694;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = era * 400 + year_of_era + (month <= 2) as u64;
    (year, month, day)
}

/// Appends a `SYSTEMTIME`; one that states no time is left to a reader that knows what Windows
/// makes of it.
fn push_systemtime(out: &mut String, bytes: &[u8; 16]) -> Result<(), Odd> {
    let field = |index: usize| u64::from(u16::from_le_bytes([bytes[2 * index], bytes[2 * index + 1]]));
    let civil = Civil {
        year: field(0),
        month: field(1),
        day: field(3),
        hour: field(4),
        minute: field(5),
        second: field(6),
        ticks: field(7) * 10_000,
    };
    let sane = (1601..=9999).contains(&civil.year)
        && (1..=12).contains(&civil.month)
        && civil.day >= 1
        && civil.day <= days_in_month(civil.year, civil.month)
        && civil.hour < 24
        && civil.minute < 60
        && civil.second < 60
        && field(7) < 1_000;
    if !sane {
        return Err(Odd);
    }
    civil.push(out);
    Ok(())
}

const fn days_in_month(year: u64, month: u64) -> u64 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
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
