//! Where a link leads, and its way through the notice page.

use std::cell::RefCell;

use rustc_hash::FxHashMap;
use url::Url;

use super::{Settings, notice};

/// Links that are signed for one message; a signature takes a fifth of a millisecond. What is beyond is
/// taken off.
const SIGNED: usize = 2000;
/// Bytes of a target that the notice page still shows.
const LONGEST: usize = 8192;

/// What a link is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// Nowhere, or within the page.
    Here,
    /// A letter or a call, harmless as it is given here.
    Person(String),
    /// A page elsewhere: its address and its host, as a browser understands it.
    Web(String, String),
    /// Anything else, such as `javascript:` or `ms-word:`.
    Other,
}

/// What `href` leads to.
pub(super) fn target(href: &str) -> Target {
    let bare: String =
        href.trim_matches(|c: char| c <= ' ').chars().filter(|c| !matches!(c, '\t' | '\n' | '\r')).collect();
    if bare.is_empty() || bare.starts_with('#') {
        return Target::Here;
    }
    // An address without a scheme has no page to start from in a message.
    let slashes = bare.starts_with("//") || bare.starts_with("/\\");
    let full = if slashes { format!("https:{bare}") } else { bare };
    let Ok(url) = Url::parse(&full) else { return Target::Other };
    match url.scheme() {
        "http" | "https" | "ftp" => {
            let host = url.host_str().unwrap_or_default().to_owned();
            if host.is_empty() || url.as_str().len() > LONGEST {
                return Target::Other;
            }
            Target::Web(url.into(), host)
        }
        "mailto" => Target::Person(letter(&url)),
        "tel" | "sms" => {
            let number: String = url
                .path()
                .split(';')
                .next()
                .unwrap_or_default()
                .chars()
                .filter(|c| c.is_ascii_digit() || matches!(c, '+' | '-' | '.'))
                .collect();
            Target::Person(format!("{}:{number}", url.scheme()))
        }
        _ => Target::Other,
    }
}

/// A `mailto:` with address and subject alone: no hidden recipients, no text, no files.
fn letter(url: &Url) -> String {
    let mut out = format!("mailto:{}", url.path());
    if let Some((_, subject)) = url.query_pairs().find(|(name, _)| name.eq_ignore_ascii_case("subject")) {
        out += "?subject=";
        out.extend(percent_encoding::utf8_percent_encode(&subject, percent_encoding::NON_ALPHANUMERIC));
    }
    out
}

/// Whether the text of a link is an address on another host than the one it leads to.
pub(super) fn differs(text: &str, host: &str) -> bool {
    let shown = text.trim();
    if shown.is_empty() || shown.len() > LONGEST || shown.contains(char::is_whitespace) {
        return false;
    }
    let full = if shown.contains("://") { shown.to_owned() } else { format!("http://{shown}") };
    let Ok(url) = Url::parse(&full) else { return false };
    let Some(named) = url.host_str() else { return false };
    let looks = shown.contains("://") || psl::domain_str(named).is_some_and(|_| known_suffix(named));
    let without = |host: &str| host.strip_prefix("www.").unwrap_or(host).to_ascii_lowercase();
    looks && !shown.contains('@') && without(named) != without(host)
}

/// Whether the end of `host` is a public suffix that stands in the list.
fn known_suffix(host: &str) -> bool {
    psl::suffix(host.as_bytes()).is_some_and(|suffix| suffix.is_known())
}

/// Leads links through the notice page.
pub(super) struct Wrapper<'a> {
    settings: &'a Settings,
    made: RefCell<FxHashMap<String, String>>,
}

impl<'a> Wrapper<'a> {
    pub(super) fn new(settings: &'a Settings) -> Self {
        Self { settings, made: RefCell::default() }
    }

    /// The address of the notice page for `target`; `None` where there is none.
    pub(super) fn wrap(&self, target: &str) -> Option<String> {
        let page = self.settings.notice.as_deref()?;
        let mut made = self.made.borrow_mut();
        if let Some(known) = made.get(target) {
            return Some(known.clone());
        }
        if made.len() >= SIGNED {
            return None;
        }
        let fragment = match &self.settings.key {
            Some(key) => key.sign(target),
            None => notice::unsigned(target),
        };
        let address = format!("{page}#{fragment}");
        made.insert(target.to_owned(), address.clone());
        Some(address)
    }

    /// Whether `href` leads through the notice page already, as we made it.
    pub(super) fn ours(&self, href: &str) -> bool {
        let Some(page) = self.settings.notice.as_deref() else { return false };
        let Some(fragment) = href.strip_prefix(page).and_then(|rest| rest.strip_prefix('#')) else {
            return false;
        };
        let mut made = self.made.borrow_mut();
        if made.values().len() <= SIGNED && made.get(href).is_some_and(String::is_empty) {
            return true;
        }
        let target = match &self.settings.key {
            Some(key) => key.verify(fragment),
            None => notice::read_unsigned(fragment),
        };
        let ours = target.is_some_and(|target| target_is_web(&target));
        if ours && made.len() < SIGNED {
            made.insert(href.to_owned(), String::new());
        }
        ours
    }

    /// Whether a link may stay as it is.
    pub(super) fn may_stay(&self, href: &str) -> bool {
        match target(href) {
            Target::Here => true,
            Target::Person(clean) => clean == href,
            Target::Web(..) => self.ours(href),
            Target::Other => false,
        }
    }
}

fn target_is_web(address: &str) -> bool {
    matches!(target(address), Target::Web(..))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_what_a_browser_makes_of_them() {
        let web = |url: &str, host: &str| Target::Web(url.to_owned(), host.to_owned());
        for (href, wanted) in [
            ("", Target::Here),
            (" #top", Target::Here),
            ("http:paper.example", web("http://paper.example/", "paper.example")),
            ("\u{1}ht\ntps:\\\\Paper.Example\\a", web("https://paper.example/a", "paper.example")),
            ("//paper.example/x", web("https://paper.example/x", "paper.example")),
            ("java\tscript:alert(1)", Target::Other),
            ("data:text/html,x", Target::Other),
            ("file:///etc/passwd", Target::Other),
            ("\\\\files.example\\share", Target::Other),
            ("ms-word:ofe|u|http://x.example", Target::Other),
            ("page.html", Target::Other),
            ("tel:+44 20 7946 0000;ext=1", Target::Person("tel:+442079460000".to_owned())),
            ("mailto:a@b.example", Target::Person("mailto:a@b.example".to_owned())),
            (
                "mailto:a@b.example?bcc=spy@c.example&subject=Hi%20you&attach=/etc/passwd",
                Target::Person("mailto:a@b.example?subject=Hi%20you".to_owned()),
            ),
        ] {
            assert_eq!(target(href), wanted, "{href:?}");
        }
    }

    #[test]
    fn text_that_names_another_host_is_told() {
        assert!(differs("https://bank.example.com/login", "evil.example.net"));
        assert!(differs(" www.paper.co.uk ", "track.example.net"));
        assert!(!differs("www.paper.co.uk", "paper.co.uk"));
        assert!(!differs("Read more", "paper.co.uk"));
        assert!(!differs("index.html", "paper.co.uk"));
        assert!(!differs("someone@paper.co.uk", "paper.co.uk"));
    }
}
