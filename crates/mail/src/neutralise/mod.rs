//! A message made harmless: nothing loads when it is opened, and no link leads out unseen.
//!
//! The message is walked as its bytes stand ([`mime`]); parts that need it are decoded, changed and encoded
//! again, and everything else is copied. A page is changed in its own bytes (`page`), by lists of what is
//! known to be harmless (`harmless`), and then read by a parser that had no part in it ([`judge`]). Where
//! that still finds something, the page is written anew from that parser's tree (`rebuild`), and where even
//! that is not enough, its text is delivered.

mod attachments;
mod calendar;
mod charset;
mod harmless;
pub mod judge;
mod links;
mod mime;
pub mod notice;
mod page;
mod placeholder;
mod plain;
mod rebuild;
mod scan;
mod style;
#[cfg(test)]
mod tests;
mod tree;
mod walk;

use mail_parser::{MessageParser, MimeHeaders, PartType};
pub use notice::Key;
use sha2::{Digest, Sha256};

use links::Wrapper;

/// What our own header fields begin with.
const PREFIX: &str = "x-portcullis-";
/// Header field that says what was done.
const SAID: &str = "X-Portcullis-Neutralised";
/// Messages in messages that the last look goes into.
const NESTED: u32 = 16;

/// How a message is made harmless.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Address of the notice page; without it links are taken off and their target is shown.
    pub notice: Option<String>,
    /// Signs what is handed to the notice page.
    pub key: Option<std::sync::Arc<Key>>,
    /// What becomes of attachments that load something when they are opened.
    pub documents: Documents,
}

/// What becomes of attachments that load something when they are opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Documents {
    /// They stay.
    Keep,
    /// A text that names them stands in their place.
    #[default]
    Withhold,
}

/// A message made harmless.
#[derive(Clone, Debug, Default)]
pub struct Done {
    /// The message.
    pub bytes: Vec<u8>,
    /// Whether anything but trace headers differs from what came in.
    pub changed: bool,
    /// Remote parts that were taken out or replaced.
    pub loads_removed: u32,
    /// Links that lead through the notice page or were taken off.
    pub links_wrapped: u32,
    /// Forms that do nothing any more.
    pub forms_disabled: u32,
    /// Attachments in whose place a text stands.
    pub withheld: u32,
    /// Parts that were not touched, by place, and why (sealed, encrypted).
    pub untouched: Vec<(String, String)>,
    /// Whether a page was replaced by its text, because it could not be made harmless in place.
    pub text_only: bool,
}

/// Makes `raw` harmless; a message in which nothing loads and nothing links comes back byte for byte.
pub fn neutralise(raw: &[u8], settings: &Settings) -> Done {
    let links = Wrapper::new(settings);
    let mut walk = walk::Walk::new(&links, settings.documents, raw);
    let mut body = walk.message(raw);
    let mut done = walk.done;
    let sealed = !done.untouched.is_empty();
    if !harmless(body.as_deref().unwrap_or(raw), &links, settings, sealed) {
        done.text_only = true;
        done.loads_removed += u32::from(done.loads_removed == 0);
        body = Some(text_only(raw, &links));
    }
    match body {
        None => done.bytes = raw.to_vec(),
        Some(bytes) => {
            done.changed = true;
            done.bytes = with_header(&bytes, raw, &done);
        }
    }
    done
}

/// Our own header fields in `raw`, by name as it stands there, and as the how-manieth of that name (from
/// 1). On a message that comes in they are forged.
pub fn own_fields(raw: &[u8]) -> Vec<(String, u32)> {
    let entity = mime::Entity::read(raw);
    let mut seen = std::collections::BTreeMap::<&str, u32>::new();
    let mut own = Vec::new();
    for field in entity.fields.iter().filter(|field| field.name.starts_with(PREFIX)) {
        let number = seen.entry(&field.name).or_default();
        *number += 1;
        let line = &raw[field.range.clone()];
        let name = &line[..memchr::memchr(b':', line).unwrap_or(0)];
        own.push((String::from_utf8_lossy(name).trim().to_owned(), *number));
    }
    own
}

/// The message with a header field on top that says what was done; a forged one goes.
fn with_header(bytes: &[u8], raw: &[u8], done: &Done) -> Vec<u8> {
    let hash = model::hex(&Sha256::digest(raw));
    let eol = if memchr::memmem::find(bytes, b"\r\n").is_some() { "\r\n" } else { "\n" };
    let mut out = format!(
        "{SAID}: loads={}; links={}; forms={}; withheld={}; text-only={};{eol}\toriginal=sha256:{hash}{eol}",
        done.loads_removed,
        done.links_wrapped,
        done.forms_disabled,
        done.withheld,
        if done.text_only { "yes" } else { "no" }
    )
    .into_bytes();
    let entity = mime::Entity::read(bytes);
    let mut at = 0;
    for field in entity.fields.iter().filter(|field| field.name.eq_ignore_ascii_case(SAID)) {
        out.extend_from_slice(&bytes[at..field.range.start]);
        at = field.range.end;
    }
    out.extend_from_slice(&bytes[at..]);
    out
}

/// Whether another reader of messages finds nothing in `bytes`, a message made harmless by `settings`, that
/// loads or leads out; for acceptance and fuzzing.
pub fn passes(bytes: &[u8], settings: &Settings) -> bool {
    harmless(bytes, &Wrapper::new(settings), settings, true)
}

/// Whether another reader of messages finds no page in `bytes` that loads or leads out.
fn harmless(bytes: &[u8], links: &Wrapper<'_>, settings: &Settings, sealed: bool) -> bool {
    let Some(message) = MessageParser::default().parse(bytes) else { return true };
    pages(&message, links, settings, sealed, NESTED)
}

fn pages(
    message: &mail_parser::Message<'_>,
    links: &Wrapper<'_>,
    settings: &Settings,
    sealed: bool,
    depth: u32,
) -> bool {
    let mut skipped = Vec::new();
    for (number, part) in message.parts.iter().enumerate() {
        let kind = part.content_type();
        let sub = kind.and_then(|kind| kind.subtype()).unwrap_or_default().to_ascii_lowercase();
        if sealed
            && let PartType::Multipart(parts) = &part.body
            && (matches!(&*sub, "signed" | "encrypted") || skipped.contains(&(number as u32)))
        {
            skipped.extend(parts.iter().copied());
            continue;
        }
        if skipped.contains(&(number as u32)) {
            continue;
        }
        match &part.body {
            PartType::Html(html) => {
                let attached = part.content_disposition().is_some_and(|value| value.is_attachment());
                let Some(seen) = judge::look(html) else { return false };
                let kept = attached && settings.documents == Documents::Keep;
                let leads =
                    !attached && (seen.forms > 0 || seen.links.iter().any(|href| !links.may_stay(href)));
                if !kept && (!seen.loads.is_empty() || leads) {
                    return false;
                }
            }
            PartType::Message(inner) if depth == 0 || !pages(inner, links, settings, sealed, depth - 1) => {
                return false;
            }
            _ => {}
        }
    }
    true
}

/// A message with the header of `raw` and nothing but the text that another reader finds in it.
fn text_only(raw: &[u8], links: &Wrapper<'_>) -> Vec<u8> {
    let eol = if memchr::memmem::find(raw, b"\r\n").is_some() { "\r\n" } else { "\n" };
    let message = MessageParser::default().parse(raw);
    let mut text = String::from("This message could not be made safe as it was; this is its text.\n\n");
    if let Some(message) = &message {
        for number in 0..message.text_body_count().min(50) {
            if let Some(body) = message.body_text(number) {
                text.push_str(&body);
                text.push('\n');
            }
        }
    }
    let text = plain::neutralise(&text, links).map_or(text, |(text, _)| text);
    let (encoding, body) = mime::encode(&text, eol);
    let entity = mime::Entity::read(raw);
    let more = format!(
        "MIME-Version: 1.0{eol}Content-Type: text/plain; charset=utf-8{eol}Content-Transfer-Encoding: {encoding}{eol}"
    );
    let mut out = entity.header_with(walk::OF_CONTENT, &more);
    out.extend_from_slice(body.as_bytes());
    out
}

/// Text as it stands in a page.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\0' => {}
            _ => out.push(c),
        }
    }
    out
}
