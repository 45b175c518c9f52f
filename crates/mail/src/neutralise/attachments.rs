//! Attachments that load something when they are opened.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use super::judge;
use crate::content::{self, Kind, Part};
use crate::documents;

/// Bytes of an attached page that are read; a longer one is withheld unread.
const LONGEST: usize = 8 << 20;

/// Why the attachment must not be opened as it is; `None` where nothing speaks against it.
pub(super) fn reason(bytes: &[u8], declared: &str, name: &str) -> Option<String> {
    if page(bytes, declared, name) {
        let text = super::charset::read(bytes, None, true).text;
        return match judge::loads(text.get(..LONGEST).map_or(&*text, |_| "")).first() {
            _ if text.len() > LONGEST => Some("it is a page too large to be checked".to_owned()),
            Some(_) => Some("it is a page that loads or runs something when it is opened".to_owned()),
            None => None,
        };
    }
    if matches!(declared, "message/external-body") {
        return Some("its content lies elsewhere and would be fetched".to_owned());
    }
    if matches!(declared, "message/partial") {
        return Some("it is a fragment that can only be checked as a whole".to_owned());
    }
    let part = Part {
        declared: declared.to_owned(),
        detected: content::detected(bytes, Some(name)),
        name: (!name.is_empty()).then(|| name.to_owned()),
        attached: true,
        kind: Kind::Document,
        bytes: Cow::Borrowed(bytes),
        ..Part::default()
    };
    let document = documents::read(&part)?;
    if !document.loads.is_empty() {
        return Some("it loads something from elsewhere when it is opened".to_owned());
    }
    if document.traits.iter().any(|one| matches!(*one, "dde" | "launch" | "smuggling")) {
        return Some("it starts something when it is opened".to_owned());
    }
    None
}

/// Whether a reader's machine would open the attachment in a browser.
fn page(bytes: &[u8], declared: &str, name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let ends =
        [".html", ".htm", ".xhtml", ".xht", ".shtml", ".svg", ".svgz", ".mht", ".mhtml", ".xml", ".hta"];
    let types = [
        "text/html",
        "application/xhtml+xml",
        "image/svg+xml",
        "text/x-amp-html",
        "text/xml",
        "application/xml",
        "multipart/related",
        "application/hta",
    ];
    if types.contains(&declared) || ends.iter().any(|end| name.ends_with(end)) {
        return true;
    }
    let start = bytes[..bytes.len().min(512)].to_ascii_lowercase();
    let start = String::from_utf8_lossy(&start);
    let start = start.trim_start_matches('\u{feff}').trim_start();
    ["<!doctype html", "<html", "<svg", "<script", "<head", "<body"].iter().any(|tag| start.starts_with(tag))
}

/// The text that stands in place of an attachment.
pub(super) fn withheld(name: &str, declared: &str, bytes: &[u8], reason: &str) -> String {
    let hash = model::hex(&Sha256::digest(bytes));
    let name: String = name.chars().filter(|c| !c.is_control()).take(200).collect();
    let name = if name.is_empty() { "(without a name)".to_owned() } else { name.replace("://", "[:]//") };
    format!(
        "An attachment was withheld for your safety.\n\n  File: {name}\n  Type: {declared}\n  Size: {} bytes\n  \
         SHA-256: {hash}\n  Why: {reason}.\n\nThe original message is kept in quarantine. If you need the file, \
         ask your security team.\n",
        bytes.len()
    )
}
