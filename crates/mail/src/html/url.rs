//! Addresses as a browser asks for them, and character references.

use std::borrow::Cow;

use html5ever::data::NAMED_ENTITIES;
use url::Url;

/// Longer addresses are cut: what stands behind tells nobody anything.
const LONGEST: usize = 8192;
/// A longer base is none: each address without a host would take it in.
const LONGEST_BASE: usize = 2048;

/// Where an address leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum To {
    /// Another machine: address and host.
    Out(String, String),
    /// Elsewhere: a mailbox, a telephone.
    Other(String),
    /// What it stands for is in the address itself.
    Data(String),
    /// A script.
    Script,
    /// Nowhere outside of the message.
    Nowhere,
}

/// The base that `raw` gives, itself resolved against `outer`.
pub(super) fn base(raw: &str, outer: Option<&Url>) -> Option<Url> {
    let raw = raw.trim_matches(|c: char| c <= ' ');
    let url = parse(raw, outer)?;
    (url.as_str().len() <= LONGEST_BASE && !url.cannot_be_a_base() && url.has_host()).then_some(url)
}

fn parse(raw: &str, base: Option<&Url>) -> Option<Url> {
    let slashes = raw.bytes().filter(|byte| !matches!(byte, b'\t' | b'\n' | b'\r')).take(2);
    let slashes: Vec<u8> = slashes.collect();
    match (slashes.as_slice(), base) {
        // Programs that know no web take this for a share of that machine, and log on to it.
        (b"\\\\", None) => Url::parse(&format!("file:{raw}")).ok(),
        ([b'/' | b'\\', b'/' | b'\\'], None) => Url::parse(&format!("https:{raw}")).ok(),
        (_, Some(base)) => base.join(raw).ok(),
        (_, None) => Url::parse(raw).ok(),
    }
}

/// Where `raw`, its character references decoded, leads to.
pub(super) fn to(raw: &str, base: Option<&Url>) -> To {
    let raw = raw.trim_matches(|c: char| c <= ' ' || c == '\u{a0}');
    // Internet Explorer takes these for quotes.
    let raw = raw.trim_matches('`');
    if raw.is_empty() || raw.starts_with('#') {
        return To::Nowhere;
    }
    if raw.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:")) {
        return To::Data(raw.to_owned());
    }
    let Some(mut url) = parse(raw, base) else { return To::Nowhere };
    match url.scheme() {
        "javascript" | "vbscript" | "livescript" => return To::Script,
        "data" => return To::Data(url.into()),
        "cid" | "mid" | "about" | "res" => return To::Nowhere,
        // Around another address.
        "mhtml" | "feed" | "view-source" | "jar" | "blob" | "its" | "ms-its" | "url" => {
            let inner = url.path();
            return Url::parse(inner).ok().filter(Url::has_host).map_or(To::Nowhere, out);
        }
        "file" if !url.has_host() && url.path().starts_with("//") => {
            let share = format!("file:{}", url.path());
            return Url::parse(&share).ok().filter(Url::has_host).map_or(To::Nowhere, out);
        }
        _ => {}
    }
    if url.has_host() && url.host_str().is_some_and(|host| !host.is_empty()) {
        url.set_fragment(None);
        return out(url);
    }
    if matches!(url.scheme(), "file" | "http" | "https") { To::Nowhere } else { To::Other(cut(url.into())) }
}

fn out(url: Url) -> To {
    let host = url.host_str().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase();
    To::Out(cut(url.into()), host)
}

fn cut(mut url: String) -> String {
    if url.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|&end| url.is_char_boundary(end)).unwrap_or(0);
        url.truncate(end);
    }
    url
}

/// `text` with its character references decoded.
pub(super) fn decode(text: &str) -> Cow<'_, str> {
    let Some(first) = memchr::memchr(b'&', text.as_bytes()) else { return Cow::Borrowed(text) };
    let mut decoded = String::with_capacity(text.len());
    let (plain, mut rest) = text.split_at(first);
    decoded.push_str(plain);
    while let Some(reference) = rest.strip_prefix('&') {
        let length = named(reference, &mut decoded).or_else(|| numbered(reference, &mut decoded));
        if length.is_none() {
            decoded.push('&');
        }
        let behind = reference.get(length.unwrap_or(0)..).unwrap_or_default();
        let next = memchr::memchr(b'&', behind.as_bytes()).unwrap_or(behind.len());
        let (plain, more) = behind.split_at(next);
        decoded.push_str(plain);
        rest = more;
    }
    Cow::Owned(decoded)
}

/// The longest name that is known; gives its length. A name without `;` before `=` or a letter stands for
/// itself, as in addresses: browsers say so of attributes.
fn named(text: &str, decoded: &mut String) -> Option<usize> {
    const LONGEST_NAME: usize = 32;
    let bytes = text.as_bytes();
    let letters = bytes.iter().take(LONGEST_NAME).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let whole = letters + usize::from(bytes.get(letters) == Some(&b';'));
    let mut ends = (whole > letters).then_some(whole).into_iter().chain((2..=letters.min(6)).rev());
    let (end, chars) = ends.find_map(|end| {
        let chars = NAMED_ENTITIES.get(text.get(..end)?).filter(|(first, _)| *first != 0)?;
        Some((end, *chars))
    })?;
    let closed = bytes.get(end - 1) == Some(&b';');
    if !closed && bytes.get(end).is_some_and(|byte| *byte == b'=' || byte.is_ascii_alphanumeric()) {
        return None;
    }
    decoded.extend(char::from_u32(chars.0));
    decoded.extend(char::from_u32(chars.1).filter(|c| *c != '\0'));
    Some(end)
}

/// `#38;` or `#x26;`, with or without `;`.
fn numbered(text: &str, decoded: &mut String) -> Option<usize> {
    let digits = text.strip_prefix('#')?;
    let (digits, radix, before) = match digits.strip_prefix(['x', 'X']) {
        Some(digits) => (digits, 16, 2),
        None => (digits, 10, 1),
    };
    let length = digits.bytes().take_while(|byte| char::from(*byte).is_digit(radix)).count();
    let significant = digits.get(..length)?.trim_start_matches('0');
    if length == 0 {
        return None;
    }
    let number = match significant.len() {
        0 => 0,
        1..=8 => u32::from_str_radix(significant, radix).unwrap_or(u32::MAX),
        _ => u32::MAX,
    };
    // Numbers of Windows-1252 that Unicode has no use for.
    let char = match number {
        0x80..=0x9f => windows(number as u8),
        number => char::from_u32(number).filter(|c| *c != '\0'),
    };
    decoded.push(char.unwrap_or(char::REPLACEMENT_CHARACTER));
    Some(before + length + usize::from(digits.as_bytes().get(length) == Some(&b';')))
}

fn windows(byte: u8) -> Option<char> {
    let bytes = [byte];
    let (text, _) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(&bytes);
    text.chars().next()
}
