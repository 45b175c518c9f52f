//! Where links lead: redirectors unwrapped, tokens that name a recipient, codes in pictures.

mod bare;
mod codes;
mod facts;
mod recipients;
mod redirect;
mod shape;
mod split;
#[cfg(test)]
mod tests;

pub use bare::bare;
pub use codes::{PIXELS, codes};
pub(crate) use facts::{push, push_all};
pub use recipients::Recipients;

use std::borrow::Cow;

use url::Url;

use crate::who::domain;
use redirect::Step;

/// Bytes of an address that are looked at; browsers and servers take about as many.
const LONGEST: usize = 8192;
/// Redirectors in redirectors.
const DEEPEST: usize = 8;
/// Tokens of one address.
const TOKENS: usize = 32;

/// Something in an address that looks made for one recipient.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Token {
    /// As it stands in the address, decoded.
    pub text: String,
    /// How it is built (`hex32`, `uuid`, `base64url22`, `host:hex8`, …).
    pub shape: String,
    /// How it names the recipient (`plain`, `base64`, `md5`, …); `None` where it does not.
    pub names: Option<&'static str>,
}

/// An address, looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// Where it leads in the end, known redirectors unwrapped.
    pub url: String,
    /// Its host, in ASCII lower case.
    pub host: String,
    /// The host's registered domain.
    pub domain: String,
    /// Hosts of redirectors on the way, the first one first.
    pub through: Vec<String>,
    /// Whether it ends at a known redirector that does not show where it leads.
    pub opaque: bool,
    /// What looks made for one recipient, on the way or at the end.
    pub tokens: Vec<Token>,
    /// The address with its tokens masked by their shape, such as `https://a.example/o/{hex32}.png`.
    pub masked: String,
}

/// Looks at an address in a message to `recipients`.
///
/// Every step is linear in the length of the address, and steps and length are bounded.
pub fn target(url: &str, recipients: &Recipients) -> Target {
    let mut target = Target::default();
    let mut next = Cow::Borrowed(cut(url.trim(), LONGEST));
    for depth in 0..=DEEPEST {
        let Some(parsed) = parse(&next) else {
            target.masked.clone_from(&target.url);
            if depth == 0 {
                target.url = next.into_owned();
                target.masked.clone_from(&target.url);
            }
            break;
        };
        let host = host(&parsed);
        let step = if depth < DEEPEST { redirect::step(&parsed, &host) } else { Step::End };
        let quiet = matches!(step, Step::To { quiet: true, .. });
        let masked = if quiet {
            parsed.as_str().to_owned()
        } else {
            let inner = if let Step::To { parameter, .. } = &step { Some(*parameter) } else { None };
            split::tokens(&parsed, &host, inner, recipients, &mut target.tokens)
        };
        if let Step::To { url, .. } = step {
            target.through.push(host);
            target.url = parsed.into();
            target.masked = masked;
            next = Cow::Owned(cut(url.trim(), LONGEST).to_owned());
            continue;
        }
        target.opaque = step == Step::Opaque;
        target.domain = domain::registered(&host).to_owned();
        target.host = host;
        target.url = parsed.into();
        target.masked = masked;
        break;
    }
    target
}

/// The address as a browser takes it; `None` for what is none.
fn parse(text: &str) -> Option<Url> {
    if let Some(rest) = text.strip_prefix(r"\\") {
        return Url::parse(&format!("file://{}", rest.replace('\\', "/"))).ok();
    }
    if text.starts_with("//") {
        return Url::parse(&format!("https:{text}")).ok();
    }
    Url::parse(text).ok()
}

fn host(url: &Url) -> String {
    url.host_str().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase()
}

/// At most `most` bytes from the beginning of `text`.
fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}
