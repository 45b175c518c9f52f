//! Redirectors that show in their own address where they lead (`data/redirectors.toml`).

use std::borrow::Cow;
use std::sync::LazyLock;

use percent_encoding::percent_decode_str;
use rustc_hash::FxHashMap;
use serde::Deserialize;
use url::{Position, Url};

use super::recipients::{base64_text, hex};
use crate::who::domain;

/// What comes behind an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing that is known of.
    End,
    /// A redirector that does not show where it leads.
    Opaque,
    /// Another address. `parameter` holds it, the path where that is empty; `quiet` says that whatever else
    /// the redirector carries is its own and nothing of the sender's.
    To { url: String, parameter: &'static str, quiet: bool },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    redirector: Vec<Redirector>,
}

/// A redirector.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Redirector {
    /// Ends of its host names, whole labels; `name.*` for one that has a domain in many countries.
    hosts: Vec<String>,
    /// What its path begins with.
    #[serde(default)]
    path: String,
    /// Parameters of which the first that is there holds the address.
    #[serde(default)]
    params: Vec<String>,
    /// How the address is written.
    #[serde(default)]
    how: How,
    /// Whether other parameters are the redirector's own.
    #[serde(default)]
    quiet: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum How {
    /// A parameter as any other.
    #[default]
    Percent,
    /// Base64 in either alphabet.
    Base64,
    /// Hexadecimal digits.
    Hex,
    /// Behind the path's beginning, as it is or percent-encoded.
    Path,
    /// The whole query.
    Query,
    /// The host alone is shown.
    Host,
    /// `-` for `%` and `_` for `/`.
    ProofpointV2,
    /// Between `__` and `__;`, with `*` for what stands behind in base64.
    ProofpointV3,
    /// Not shown.
    Opaque,
}

static TABLE: LazyLock<Vec<Redirector>> = LazyLock::new(|| {
    // A test reads the table, so that it cannot be faulty here.
    toml::from_str::<Table>(include_str!("../../data/redirectors.toml"))
        .map_or_else(|_| Vec::new(), |table| table.redirector)
});

/// End of a host name → numbers in the table.
static HOSTS: LazyLock<FxHashMap<&'static str, Vec<usize>>> = LazyLock::new(|| {
    let mut hosts: FxHashMap<&'static str, Vec<usize>> = FxHashMap::default();
    for (number, redirector) in TABLE.iter().enumerate() {
        for host in &redirector.hosts {
            hosts.entry(host).or_default().push(number);
        }
    }
    hosts
});

/// Where `url`, whose host is `host`, leads on.
pub(super) fn step(url: &Url, host: &str) -> Step {
    let mut opaque = false;
    for redirector in found(host) {
        if !url.path().starts_with(&redirector.path) {
            continue;
        }
        if redirector.how == How::Opaque {
            opaque = true;
        } else if let Some((url, parameter)) = target(url, redirector) {
            return Step::To { url, parameter, quiet: redirector.quiet };
        }
    }
    if opaque { Step::Opaque } else { Step::End }
}

/// The entries for a host, the longest end first. A host has at most 127 labels.
fn found(host: &str) -> impl Iterator<Item = &'static Redirector> {
    let ends = std::iter::successors(Some(host), |end| end.split_once('.').map(|(_, rest)| rest));
    let wide = domain::registered(host).split('.').next().map(|label| format!("{label}.*"));
    let named = ends.filter_map(|end| HOSTS.get(end)).chain(wide.and_then(|wide| HOSTS.get(wide.as_str())));
    named.flatten().filter_map(|number| TABLE.get(*number)).collect::<Vec<_>>().into_iter()
}

fn target(url: &Url, redirector: &'static Redirector) -> Option<(String, &'static str)> {
    match redirector.how {
        How::Path => {
            let rest = url[Position::BeforePath..].get(redirector.path.len()..)?;
            Some((in_path(rest)?, ""))
        }
        How::ProofpointV3 => Some((proofpoint_v3(&url[Position::BeforePath..])?, "")),
        How::Query => Some((address(&percent(url.query()?))?, "")),
        _ => redirector.params.iter().find_map(|name| {
            let value = parameter(url.query()?, name)?;
            Some((decoded(&value, redirector.how)?, name.as_str()))
        }),
    }
}

fn decoded(value: &str, how: How) -> Option<String> {
    match how {
        How::Base64 => address(&base64_text(value)?),
        How::Hex => address(&String::from_utf8(hex(value)?).ok()?),
        How::Host => domain::looks_like_one(value).then(|| format!("https://{value}/")),
        How::ProofpointV2 => address(&percent(&value.replace('-', "%").replace('_', "/"))),
        // Some encode twice.
        _ => address(value).or_else(|| address(&percent(value))),
    }
}

/// The first value of a parameter, decoded.
fn parameter(query: &str, name: &str) -> Option<String> {
    let pair = query
        .split('&')
        .map(|pair| pair.strip_prefix("amp;").unwrap_or(pair))
        .filter_map(|pair| pair.split_once('='))
        .find(|(found, _)| found.eq_ignore_ascii_case(name))?;
    Some(percent(pair.1).into_owned())
}

fn percent(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

/// `text` where it is an address that a browser follows.
fn address(text: &str) -> Option<String> {
    let text = text.trim();
    let begins = |with: &str| text.get(..with.len()).is_some_and(|front| front.eq_ignore_ascii_case(with));
    if begins("http://") || begins("https://") || begins("ftp://") {
        Some(text.to_owned())
    } else if begins("//") {
        Some(format!("https:{text}"))
    } else if begins("www.") {
        Some(format!("http://{text}"))
    } else {
        None
    }
}

/// An address in the rest of a path: where `http` begins, else as a host without scheme.
fn in_path(rest: &str) -> Option<String> {
    let begins = ["https:/", "http:/", "https%3", "http%3", "https:%2", "http:%2"]
        .iter()
        .filter_map(|begin| rest.find(begin))
        .min();
    let Some(begin) = begins else {
        let rest = percent(rest);
        let host = rest.split(['/', '?', '#']).next()?;
        return domain::looks_like_one(host).then(|| format!("https://{rest}"));
    };
    let found = rest.get(begin..)?;
    // Some close it by three strokes and put their own token behind.
    let found = found.split("___").next().unwrap_or(found);
    let head = found.get(..8).unwrap_or(found).to_ascii_lowercase();
    let text = if head.contains('%') { percent(found) } else { Cow::Borrowed(found) };
    // Slashes in a path are often made one.
    address(&text).or_else(|| {
        let (scheme, rest) = text.split_once(":/")?;
        address(&format!("{scheme}://{rest}"))
    })
}

/// `/v3/__https://a.example/*x__;4pyT!!…`: each `*` stands for the next character that is encoded behind,
/// `**A` for the next two, `**B` for three, and so on.
fn proofpoint_v3(path: &str) -> Option<String> {
    let (url, rest) = path.split_once("/v3/__")?.1.split_once("__;")?;
    let coded = rest.split('!').next().unwrap_or_default();
    let hidden = if coded.is_empty() { String::new() } else { base64_text(coded).unwrap_or_default() };
    let mut hidden = hidden.chars();
    let mut plain = String::with_capacity(url.len());
    let mut letters = url.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter != '*' {
            plain.push(letter);
        } else if letters.next_if_eq(&'*').is_some() {
            plain.extend(hidden.by_ref().take(run(letters.next()?)));
        } else {
            plain.extend(hidden.next());
        }
    }
    in_path(&plain)
}

/// The length that a letter of the run-length form stands for.
fn run(letter: char) -> usize {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    LETTERS.find(letter).map_or(1, |place| place + 2)
}

#[cfg(test)]
#[test]
fn the_table_can_be_read() {
    let table: Table = toml::from_str(include_str!("../../data/redirectors.toml")).unwrap();
    for redirector in &table.redirector {
        let needs = !matches!(redirector.how, How::Path | How::Query | How::ProofpointV3 | How::Opaque);
        assert_eq!(needs, !redirector.params.is_empty(), "{:?}", redirector.hosts);
        assert!(!redirector.hosts.is_empty());
        assert!(redirector.hosts.iter().all(|host| *host == host.to_lowercase()), "{:?}", redirector.hosts);
    }
    assert!(table.redirector.len() >= 40);
}
