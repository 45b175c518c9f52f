use std::borrow::Cow;

use model::Event;
use rustc_hash::FxHashSet;

use super::{Target, cut, parse};
use crate::html::Anchor;
use crate::who::domain;

/// Hosts, domains and shapes that are listed for all links of a message.
const LISTED: usize = 100;
/// Bytes of a shown text that are a fact, and in which an address is looked for.
const SHOWN: usize = 1024;

/// Adds what is said of all links (`mail.link.count`, `mail.link.host`, `mail.link.mismatch`, `mail.token.count`, …).
pub(crate) fn push_all(anchors: &[Anchor], targets: &[Target], event: &mut Event) {
    event.push_uint("mail.link.count", anchors.len() as u64);
    distinct("mail.link.host", targets.iter().map(|target| target.host.as_str()), event);
    distinct("mail.link.domain", targets.iter().map(|target| target.domain.as_str()), event);
    let through = targets.iter().flat_map(|target| &target.through);
    distinct("mail.link.through", through.map(String::as_str), event);
    let misled = anchors
        .iter()
        .zip(targets)
        .filter(|(anchor, target)| mismatch(shown_host(&anchor.shown, target).as_deref(), target));
    event.push_uint("mail.link.mismatch", misled.count() as u64);
    let tokens = || targets.iter().flat_map(|target| &target.tokens);
    let texts: FxHashSet<&str> = tokens().map(|token| token.text.as_str()).collect();
    event.push_uint("mail.token.count", texts.len() as u64);
    distinct("mail.token.shape", tokens().map(|token| token.shape.as_str()), event);
    event.push_bool("mail.token.names_recipient", tokens().any(|token| token.names.is_some()));
}

fn distinct<'t>(name: &str, values: impl Iterator<Item = &'t str>, event: &mut Event) {
    let mut seen = FxHashSet::default();
    for value in values {
        if seen.len() < LISTED && !value.is_empty() && seen.insert(value) {
            event.push_str(name, value);
        }
    }
}

/// Adds the facts of one link (`link.url`, `link.host`, `link.shown`, `link.mismatch`, …) to `event`.
/// `coded` says that it stands in a code.
pub(crate) fn push(anchor: &Anchor, target: &Target, coded: bool, event: &mut Event) {
    event.push_str("link.url", &target.url);
    let parsed = parse(&target.url);
    if let Some(url) = &parsed {
        event.push_str("link.scheme", url.scheme());
    }
    if !target.host.is_empty() {
        event.push_str("link.host", &target.host);
        event.push_str("link.domain", &target.domain);
        let shown = domain::unicode(&target.host);
        if let Cow::Owned(name) = &shown {
            event.push_str("link.idn", name);
        }
    }
    for through in &target.through {
        event.push_str("link.through", through);
    }
    if target.opaque {
        event.push_bool("link.opaque", true);
    }
    let shown = cut(&anchor.shown, SHOWN);
    if !shown.is_empty() {
        event.push_str("link.shown", shown);
    }
    let shown_host = shown_host(shown, target);
    if let Some(host) = &shown_host {
        event.push_str("link.shown_host", host);
    }
    event.push_bool("link.mismatch", mismatch(shown_host.as_deref(), target));
    event.push_bool("link.coded", coded);
    event.push_bool("link.ip_literal", domain::is_literal(&target.host));
    if let Some(url) = &parsed {
        if let Some(port) = url.port() {
            event.push_uint("link.port", port.into());
        }
        if !url.username().is_empty() || url.password().is_some() {
            event.push_bool("link.userinfo", true);
        }
    }
    for token in &target.tokens {
        event.push_str("link.token", &token.text);
        event.push_str("link.token_shape", &token.shape);
    }
    let mut how: Vec<&str> = target.tokens.iter().filter_map(|token| token.names).collect();
    how.sort_unstable();
    how.dedup();
    event.push_bool("link.names_recipient", !how.is_empty());
    how.iter().for_each(|how| event.push_str("link.names_how", how));
    event.push_str("link.masked", &target.masked);
}

/// Whether the shown text names a host, and the link leads to another domain, on the way too.
fn mismatch(shown: Option<&str>, target: &Target) -> bool {
    shown.filter(|_| !target.host.is_empty()).is_some_and(|host| {
        let shown = domain::registered(host);
        shown != target.domain && target.through.iter().all(|way| domain::registered(way) != shown)
    })
}

/// The host that a shown text names, in ASCII lower case, where the text is an address or begins as one.
fn shown_host(shown: &str, target: &Target) -> Option<String> {
    let text = cut(shown, SHOWN).trim_matches(|c: char| c.is_whitespace() || "<>()[]\"'.,:;".contains(c));
    let text = text.split(char::is_whitespace).next()?;
    let rest = match text.split_once("://") {
        Some((scheme, rest)) if scheme.bytes().all(|byte| byte.is_ascii_alphabetic()) => rest,
        Some(_) => return None,
        // One word that is a domain, with or without a path; of several words, a domain with `www.` alone.
        None if shown.trim().contains(char::is_whitespace) && !text.starts_with("www.") => return None,
        None => text,
    };
    let host = rest.split(['/', '?', '#', ':']).next()?;
    // A mail address that is shown is no place to go.
    if host.contains('@') {
        return None;
    }
    let host = host.trim_end_matches('.').to_lowercase();
    // Most addresses that are shown are the target's own.
    if !host.is_empty() && host == target.host {
        return Some(host);
    }
    (domain::looks_like_one(&host) || (host.contains('.') && domain::is_literal(&host)))
        .then(|| domain::ascii(&host).into_owned())
}
