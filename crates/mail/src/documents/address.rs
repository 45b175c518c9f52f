//! Addresses as documents write them.

use std::borrow::Cow;

use url::Url;

/// A longer address is kept up to here.
const LONGEST: usize = 8192;

/// The address that `target` leads to and its host, where that lies outside of the document and of its
/// reader's machine.
pub(super) fn outward(target: &str) -> Option<(String, String)> {
    let target = clean(target);
    // `mhtml:http://…!x-usc:…` is fetched like what it wraps.
    let target = strip(&target, "mhtml:")
        .or_else(|| strip(&target, "view-source:"))
        .map_or(target.as_ref(), |inner| inner.split("!x-usc:").next().unwrap_or(inner));
    let target = target.trim();
    let written: Cow<'_, str> = if target.starts_with("\\\\") {
        format!("file://{}", target.trim_start_matches('\\').replace('\\', "/")).into()
    } else if target.starts_with("//") {
        format!("https:{target}").into()
    } else {
        target.into()
    };
    let (scheme, rest) = written.split_once(':')?;
    const FETCHED: [&str; 11] =
        ["http", "https", "ftp", "ftps", "file", "smb", "ldap", "ws", "wss", "dav", "davs"];
    let scheme = scheme.to_ascii_lowercase();
    if !FETCHED.contains(&scheme.as_str()) {
        return None;
    }
    // `file:\\host\share` and `file:///\\host\share` are shares.
    if scheme == "file" {
        let slashes = rest.len() - rest.trim_start_matches(['/', '\\']).len();
        let share = slashes == 2 || slashes >= 4 || rest.contains("\\\\");
        let path = rest.trim_start_matches(['/', '\\']);
        let host = path.split(['/', '\\', '@']).next().unwrap_or_default().to_ascii_lowercase();
        let local = host.is_empty() || host == "localhost" || host.ends_with(':') || host.contains('|');
        return (share && !local).then(|| (format!("file://{}", path.replace('\\', "/")), host));
    }
    match Url::parse(&written) {
        Ok(url) => {
            let host = url.host_str().filter(|host| !host.is_empty())?.to_ascii_lowercase();
            Some((url.into(), host))
        }
        // A wish that no parser understands is told as it stands.
        Err(_) => Some((written.into_owned(), String::new())),
    }
}

/// The target of a link: outward, or something that runs.
pub(super) fn link(target: &str) -> Option<String> {
    if let Some((url, _)) = outward(target) {
        return Some(url);
    }
    let target = clean(target);
    let scheme = target.split_once(':')?.0.to_ascii_lowercase();
    const FOLLOWED: [&str; 7] =
        ["javascript", "vbscript", "data", "ms-msdt", "search-ms", "ms-word", "ms-excel"];
    FOLLOWED.contains(&scheme.as_str()).then(|| target.into_owned())
}

/// Without what browsers drop from an address: controls, and spaces around it.
fn clean(target: &str) -> Cow<'_, str> {
    let target = target.trim_matches(|c: char| c.is_whitespace() || c.is_control());
    let target = &target[..target.floor_char_boundary(LONGEST)];
    if target.contains(|c: char| c.is_control()) {
        target.chars().filter(|c| !c.is_control()).collect::<String>().into()
    } else {
        target.into()
    }
}

fn strip<'t>(target: &'t str, scheme: &str) -> Option<&'t str> {
    let head = target.get(..scheme.len())?;
    head.eq_ignore_ascii_case(scheme).then(|| &target[scheme.len()..])
}

/// Addresses that stand in `bytes` as text of one or of two bytes a letter, at most `most` of each. A hit
/// is read to its end, and the next search begins there.
pub(super) fn strings(bytes: &[u8], most: usize) -> Vec<String> {
    let mut found = Vec::new();
    for wide in [false, true] {
        let (mark, step): (&[u8], usize) = if wide { (b":\0/\0/\0", 2) } else { (b"://", 1) };
        let letter = |at: usize| {
            let byte = *bytes.get(at)?;
            (!wide || bytes.get(at + 1) == Some(&0)).then_some(byte)
        };
        let (mut from, mut hits) = (0, 0);
        while let Some(colon) = memchr::memmem::find(&bytes[from..], mark).map(|hit| from + hit) {
            let mut start = colon;
            while start >= from + step
                && colon - start < 8 * step
                && letter(start - step).is_some_and(|byte| byte.is_ascii_alphabetic())
            {
                start -= step;
            }
            let mut text = String::new();
            let mut end = start;
            while let Some(byte) =
                letter(end).filter(|byte| byte.is_ascii_graphic() && !b"\"<>{}".contains(byte))
            {
                if text.len() >= LONGEST {
                    break;
                }
                text.push(char::from(byte));
                end += step;
            }
            from = end.max(colon + mark.len()).min(bytes.len());
            found.push(text);
            hits += 1;
            if hits >= most {
                break;
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_outward_is_known_in_all_spellings() {
        let rows = [
            ("https://a.example/x", Some(("https://a.example/x", "a.example"))),
            (" HTTP://A.Example\\p\n ", Some(("http://a.example/p", "a.example"))),
            ("//a.example/x", Some(("https://a.example/x", "a.example"))),
            ("\\\\192.0.2.7\\share\\t.dotm", Some(("file://192.0.2.7/share/t.dotm", "192.0.2.7"))),
            ("file:///\\\\nas.example\\s", Some(("file://nas.example/s", "nas.example"))),
            ("file://nas.example/s", Some(("file://nas.example/s", "nas.example"))),
            ("file:///C:/Users/x.dotm", None),
            (
                "mhtml:http://a.example/x.html!x-usc:http://a.example/x.html",
                Some(("http://a.example/x.html", "a.example")),
            ),
            ("media/image1.png", None),
            ("mailto:a@b.example", None),
            ("", None),
        ];
        for (target, wanted) in rows {
            let found = outward(target);
            let found = found.as_ref().map(|(url, host)| (url.as_str(), host.as_str()));
            assert_eq!(found, wanted, "{target}");
        }
    }

    #[test]
    fn strings_are_found_in_both_widths() {
        let mut bytes = b"\x01\x02http://one.example/a\0junk://".to_vec();
        bytes.extend("x https://two.example/b".encode_utf16().flat_map(u16::to_le_bytes));
        let found = strings(&bytes, 10);
        assert!(found.contains(&"http://one.example/a".to_owned()), "{found:?}");
        assert!(found.contains(&"https://two.example/b".to_owned()), "{found:?}");
    }
}
