//! Texts of plain values, appended without a detour.

use std::fmt::Write as _;

use super::value::Odd;

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
pub(super) fn push_ansi(out: &mut String, bytes: &[u8]) {
    for part in bytes.split(|&byte| byte == 0) {
        out.push_str(&encoding_rs::WINDOWS_1252.decode_without_bom_handling(part).0);
    }
}

// Writing to a String cannot fail.
pub(super) fn push_display(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
}

pub(super) fn push_ascii(out: &mut String, bytes: &[u8]) {
    out.push_str(std::str::from_utf8(bytes).unwrap_or_default());
}

pub(super) fn push_int(out: &mut String, value: i64) {
    if value < 0 {
        out.push('-');
    }
    push_uint(out, value.unsigned_abs());
}

pub(super) fn push_uint(out: &mut String, mut value: u64) {
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

pub(super) fn push_hex(out: &mut String, mut value: u64) {
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

pub(super) fn push_hex_bytes(out: &mut String, bytes: &[u8]) {
    let mut digits = [0u8; 64];
    for part in bytes.chunks(digits.len() / 2) {
        for (pair, byte) in digits.as_chunks_mut::<2>().0.iter_mut().zip(part) {
            *pair = [digit(byte >> 4, b'A'), digit(*byte, b'A')];
        }
        push_ascii(out, &digits[..part.len() * 2]);
    }
}

pub(super) fn push_guid(out: &mut String, guid: &[u8; 16]) {
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

pub(super) fn push_sid(out: &mut String, sid: &[u8]) -> Result<(), Odd> {
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
