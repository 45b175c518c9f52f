use std::borrow::Cow;

use memchr::memmem;

use super::cut;
use crate::html::Anchor;

/// Addresses of one text; what is beyond is left out.
const MOST: usize = 2000;
/// Bytes of one address.
const LONGEST: usize = 4096;
/// Bytes of text that are read.
const READ: usize = 8 << 20;

/// Addresses that stand in plain text: `http`, `https`, `ftp`, and what begins with `www.`.
///
/// Each byte is looked at a fixed number of times: the search goes on behind what was found.
pub fn bare(text: &str, part: u32) -> Vec<Anchor> {
    let text = cut(text, READ);
    let mut found = Vec::new();
    let mut at = 0;
    while found.len() < MOST {
        let Some((start, www)) = next(text, at) else { break };
        let end = end(text, start);
        let address = trimmed(&text[start..end], text[..start].ends_with('<'));
        let host = address.get(if www { 4 } else { address.find("://").map_or(0, |at| at + 3) }..);
        if host.is_some_and(|host| host.starts_with(|c: char| c.is_alphanumeric() || c == '[')) {
            let target = if www { Cow::Owned(format!("http://{address}")) } else { Cow::Borrowed(address) };
            found.push(Anchor {
                target: target.split_ascii_whitespace().collect(),
                shown: address.split_ascii_whitespace().collect(),
                part,
            });
        }
        at = start + address.len().max(1);
        while !text.is_char_boundary(at) {
            at += 1;
        }
    }
    found
}

/// Where the next address begins, and whether without a scheme.
fn next(text: &str, from: usize) -> Option<(usize, bool)> {
    let bytes = text.as_bytes();
    let mut at = from;
    // Both kinds hold a sign that is rare in text: `:` before two slashes, `.` behind three letters.
    while let Some(found) = memchr::memchr2(b':', b'.', bytes.get(at..)?) {
        let sign = at + found;
        at = sign + 1;
        let front = &bytes[from..sign];
        if bytes[sign] == b':' {
            if !bytes[sign..].starts_with(b"://") {
                continue;
            }
            let scheme = [&b"https"[..], b"http", b"ftp"].into_iter().find(|scheme| ends(front, scheme));
            if let Some(scheme) = scheme {
                return Some((sign - scheme.len(), false));
            }
        } else if ends(front, b"www") {
            let start = sign - 3;
            let before = text[from..start].chars().next_back();
            if before.is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '@' | '.' | '-' | '/' | '_')) {
                return Some((start, true));
            }
        }
    }
    None
}

fn ends(front: &[u8], with: &[u8]) -> bool {
    front.len() >= with.len() && front[front.len() - with.len()..].eq_ignore_ascii_case(with)
}

/// Where an address ends: at a space or a sign that none holds. In angle brackets it may go over a line's
/// end (RFC 3986, appendix C).
fn end(text: &str, start: usize) -> usize {
    let rest = cut(&text[start..], LONGEST);
    if text[..start].ends_with('<')
        && let Some(close) = memmem::find(rest.as_bytes(), b">")
        && rest[..close].lines().count() <= 4
        && !rest[..close].contains([' ', '<', '"'])
    {
        return start + close;
    }
    let stops = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || matches!(c, '<' | '>' | '"' | '`' | '“' | '”' | '«' | '»' | '|')
    };
    start + rest.find(stops).unwrap_or(rest.len())
}

/// Without the punctuation of the sentence around: closing brackets stay where they were opened within.
fn trimmed(found: &str, bracketed: bool) -> &str {
    if bracketed && found.contains(char::is_whitespace) {
        return found;
    }
    let mut rest = found;
    let open = |sign: u8| found.bytes().filter(|byte| *byte == sign).count();
    let mut unopened = [(b'(', b')'), (b'[', b']'), (b'{', b'}')]
        .map(|(left, right)| (char::from(right), open(right).saturating_sub(open(left))));
    while let Some(last) = rest.chars().next_back() {
        let bracket = unopened.iter_mut().find(|(right, _)| *right == last);
        match bracket {
            Some((_, 0)) => break,
            Some((_, left)) => *left -= 1,
            None if matches!(
                last,
                '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '’' | '…' | '。' | '，'
            ) => {}
            None => break,
        }
        rest = &rest[..rest.len() - last.len_utf8()];
    }
    rest
}
