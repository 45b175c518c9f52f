//! Domains as people register them.

use std::borrow::Cow;
use std::net::Ipv4Addr;

/// The domain that somebody registered, of which `host` (in lower case) is a part: what stands one label
/// before the public suffix, be the suffix a registry's or that of a service that gives names away. A host
/// that is a public suffix or an address of the network stands for itself.
pub(crate) fn registered(host: &str) -> &str {
    let host = host.trim_end_matches('.');
    if host.len() > 253 || is_literal(host) {
        return host;
    }
    psl::domain_str(host).unwrap_or(host)
}

/// Whether `host` is an address of the network rather than a name.
pub(crate) fn is_literal(host: &str) -> bool {
    host.starts_with('[')
        || host.contains(':')
        || (host.ends_with(|last: char| last.is_ascii_digit()) && host.parse::<Ipv4Addr>().is_ok())
}

/// What stands behind the last `@`, in lower case; empty where there is none.
pub(crate) fn of_address(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((_, domain)) => domain.trim().trim_end_matches(['.', '>']).to_lowercase(),
        None => String::new(),
    }
}

/// The domain as it travels; as written where it is none.
pub(crate) fn ascii(domain: &str) -> Cow<'_, str> {
    if domain.is_ascii() || domain.len() > 253 {
        return Cow::Borrowed(domain);
    }
    match idna::domain_to_ascii(domain) {
        Ok(name) => Cow::Owned(name),
        Err(_) => Cow::Borrowed(domain),
    }
}

/// The domain as a reader sees it.
pub(crate) fn unicode(domain: &str) -> Cow<'_, str> {
    if domain.len() > 253 || !domain.contains("xn--") {
        return Cow::Borrowed(domain);
    }
    Cow::Owned(idna::domain_to_unicode(domain).0)
}

/// Whether `text` may be the name of a host: labels with a known suffix behind them.
pub(crate) fn looks_like_one(text: &str) -> bool {
    let Some((front, last)) = text.rsplit_once('.') else { return false };
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    text.len() <= 253
        && last.len() >= 2
        && last.chars().all(|c| c.is_alphabetic() || c == '-')
        && front.split('.').all(label)
        && (psl::suffix(ascii(&text.to_lowercase()).as_bytes()).is_some_and(|suffix| suffix.is_known())
            // Reserved (RFC 2606): exercises and documentation live there.
            || last.eq_ignore_ascii_case("example"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_registered() {
        for (host, expected) in [
            ("mail.council.example", "council.example"),
            ("www.bbc.co.uk", "bbc.co.uk"),
            ("news.bbc.co.uk.", "bbc.co.uk"),
            ("page.someone.github.io", "someone.github.io"),
            ("github.io", "github.io"),
            ("co.uk", "co.uk"),
            ("192.0.2.7", "192.0.2.7"),
            ("[2001:db8::1]", "[2001:db8::1]"),
            ("localhost", "localhost"),
            ("", ""),
        ] {
            assert_eq!(registered(host), expected, "{host}");
        }
        assert_eq!(registered(&"a.".repeat(1000)).len(), 1999);
    }

    #[test]
    fn domains_in_names() {
        for (text, expected) in [
            ("bbc.co.uk", true),
            ("News.Press.com", true),
            ("münchen.de", true),
            ("U.S", false),
            ("J.R.Smith", false),
            ("Nr.5", false),
            ("com", false),
            (".com", false),
            ("a..com", false),
            ("under_score.com", false),
        ] {
            assert_eq!(looks_like_one(text), expected, "{text}");
        }
    }
}
