//! Addresses in plain text: led through the notice page, or written so that no program makes a link of them.

use super::links::{self, Target, Wrapper};

/// The text with each address made harmless, and how many there were. `None` where there is none.
pub(super) fn neutralise(text: &str, links: &Wrapper<'_>) -> Option<(String, u32)> {
    let mut out = String::new();
    let mut done = 0;
    let mut count = 0;
    let mut from = 0;
    // Each byte is looked at a bounded number of times: addresses do not overlap.
    while let Some((start, end)) = next(text, from) {
        from = end;
        let address = &text[start..end];
        if links.ours(address) {
            continue;
        }
        count += 1;
        out.push_str(&text[done..start]);
        out.push_str(&instead(address, links));
        done = end;
    }
    if count == 0 {
        return None;
    }
    out.push_str(&text[done..]);
    Some((out, count))
}

/// A line with each address led through the notice page and nothing said beside it; `None` where one cannot
/// be.
pub(super) fn address_only(line: &str, links: &Wrapper<'_>) -> Option<String> {
    let mut out = String::new();
    let mut done = 0;
    let mut from = 0;
    while let Some((start, end)) = next(line, from) {
        from = end;
        if links.ours(&line[start..end]) {
            continue;
        }
        let Target::Web(target, _) = links::target(&line[start..end]) else { return None };
        out.push_str(&line[done..start]);
        out.push_str(&links.wrap(&target)?);
        done = end;
    }
    out.push_str(&line[done..]);
    Some(out)
}

fn instead(address: &str, links: &Wrapper<'_>) -> String {
    let full = if address.contains("://") { address.to_owned() } else { format!("http://{address}") };
    if !address.starts_with("\\\\")
        && let Target::Web(target, host) = links::target(&full)
        && let Some(through) = links.wrap(&target)
    {
        // Programs make a link of whatever begins with www.
        return format!("[{}] {through}", host.trim_start_matches("www."));
    }
    defanged(address)
}

/// The address as people write it who do not want it followed.
fn defanged(address: &str) -> String {
    if let Some(share) = address.strip_prefix("\\\\") {
        return format!("[\\\\]{share}");
    }
    let (scheme, rest) = address.split_once("://").unwrap_or(("", address));
    let (host, path) = rest.split_at(rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len()));
    let scheme = match &*scheme.to_ascii_lowercase() {
        "" => String::new(),
        "http" => "hxxp://".to_owned(),
        "https" => "hxxps://".to_owned(),
        other => format!("{}[:]//", other),
    };
    let host = host.replace('.', "[.]").replace("[[.]]", "[.]");
    format!("{scheme}{host}{}", path.replace("://", "[:]//").replace("www.", "www[.]"))
}

/// The next address at or after `from`.
fn next(text: &str, from: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let mut at = from;
    loop {
        let found = memchr::memchr3(b':', b'.', b'\\', bytes.get(at..)?)? + at;
        let start = match bytes[found] {
            b':' if bytes[found..].starts_with(b"://") => scheme(bytes, found, from),
            b'.' => www(bytes, found, from),
            b'\\' if bytes[found..].starts_with(b"\\\\") => share(bytes, found),
            _ => None,
        };
        at = found + 1;
        let Some(start) = start else { continue };
        let end = ending(text, start);
        // Written so before: it leads nowhere, nor does what is in it.
        if text[start..end].get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("hxxp")) {
            at = at.max(end);
            continue;
        }
        if end > at + usize::from(bytes[found] == b':') * 2 {
            return Some((start, end));
        }
        at = at.max(end);
    }
}

/// Where the scheme before `://` begins.
fn scheme(bytes: &[u8], colon: usize, from: usize) -> Option<usize> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    let least = from.max(colon.saturating_sub(24));
    let mut start = colon;
    while start > least && allowed(bytes[start - 1]) {
        start -= 1;
    }
    while start < colon && !bytes[start].is_ascii_alphabetic() {
        start += 1;
    }
    (start < colon).then_some(start)
}

/// Where `www` before a dot begins, at the start of a word.
fn www(bytes: &[u8], dot: usize, from: usize) -> Option<usize> {
    let start = dot.checked_sub(3)?;
    let word = bytes.get(start..dot)?.eq_ignore_ascii_case(b"www");
    let fresh = start == from
        || start == 0
        || !(bytes[start - 1].is_ascii_alphanumeric() || b"@.-_/".contains(&bytes[start - 1]));
    let host = bytes.get(dot + 1).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte >= 0x80);
    (start >= from && word && fresh && host).then_some(start)
}

/// A share of Windows, `\\host\name`: Outlook makes links of them.
fn share(bytes: &[u8], at: usize) -> Option<usize> {
    let fresh =
        at == 0 || !bytes[at - 1].is_ascii_alphanumeric() && bytes[at - 1] != b'\\' && bytes[at - 1] != b']';
    let rest = &bytes[at + 2..];
    let host = rest
        .iter()
        .take(255)
        .take_while(|byte| byte.is_ascii_alphanumeric() || b".-@".contains(byte))
        .count();
    (fresh && host > 1 && rest.get(host) == Some(&b'\\')).then_some(at)
}

/// Where the address that begins at `start` ends: what closes a sentence or a bracket is not of it.
fn ending(text: &str, start: usize) -> usize {
    let rest = &text[start..];
    let stop =
        |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | '“' | '”' | '«' | '»');
    let mut url = &rest[..rest.find(stop).unwrap_or(rest.len())];
    // Each turn looks through the address again; more closing characters than these are of no sentence.
    for _ in 0..64 {
        let Some(last) = url.chars().next_back() else { break };
        let closes = match last {
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '…' => true,
            ')' => url.matches('(').count() < url.matches(')').count(),
            ']' => !url.contains('['),
            '}' => !url.contains('{'),
            _ => false,
        };
        if !closes {
            break;
        }
        url = &url[..url.len() - last.len_utf8()];
    }
    start + url.len()
}
