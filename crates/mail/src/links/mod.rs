//! Where links lead: redirectors unwrapped, tokens that name a recipient, codes in pictures.

use model::Event;

use crate::html::Anchor;

/// Something in an address that looks made for one recipient.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Token {
    /// As it stands in the address, decoded.
    pub text: String,
    /// How it is built (`hex32`, `uuid`, `base64url22`, …).
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
    /// What looks made for one recipient, on the way or at the end.
    pub tokens: Vec<Token>,
    /// The address with its tokens masked by their shape, such as `https://a.example/o/{hex32}.png`.
    pub masked: String,
}

/// Looks at an address in a message to `recipients` (addresses in lower case).
pub fn target(url: &str, recipients: &[String]) -> Target {
    let _ = (url, recipients);
    Target::default()
}

/// Addresses that stand in plain text.
pub fn bare(text: &str, part: u32) -> Vec<Anchor> {
    let _ = (text, part);
    Vec::new()
}

/// Addresses in codes (QR) of a picture.
pub fn codes(picture: &[u8], part: u32) -> Vec<Anchor> {
    let _ = (picture, part);
    Vec::new()
}

/// Adds what is said of all links (`mail.link.count`, `mail.link.host`, `mail.link.mismatch`, `mail.token.count`, …).
pub(crate) fn push_all(anchors: &[Anchor], targets: &[Target], event: &mut Event) {
    let _ = (anchors, targets, event);
}

/// Adds the facts of one link (`link.url`, `link.host`, `link.shown`, `link.mismatch`, …) to `event`.
/// `coded` says that it stands in a code.
pub(crate) fn push(anchor: &Anchor, target: &Target, coded: bool, event: &mut Event) {
    let _ = (anchor, target, coded, event);
}
