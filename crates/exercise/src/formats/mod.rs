//! How each kind of log writes a record.

pub(crate) mod access;
pub(crate) mod audit;
pub(crate) mod cloudtrail;
pub(crate) mod entra;
pub(crate) mod httpproxy;
pub(crate) mod iis;
pub(crate) mod m365;
pub(crate) mod mail;
pub(crate) mod proxy;
pub(crate) mod syslog;
pub(crate) mod tracking;
pub(crate) mod windows;

/// Appends `text` as the inside of a JSON string.
pub(crate) fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for symbol in text.chars() {
        match symbol {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            symbol if symbol < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(symbol))),
            symbol => out.push(symbol),
        }
    }
    out
}

/// A number that depends on `text` alone, for hashes and identifiers that stay the same.
pub(crate) fn fixed(text: &str) -> u64 {
    let mixed = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    // One round of SplitMix64, without which short texts would differ in few bits.
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
