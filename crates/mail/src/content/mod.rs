//! The parts of a message: what they say they are, what they are, and what lies in them.

use std::borrow::Cow;

use mail_parser::Message;
use model::{Event, Facts};

use crate::documents::Document;
use crate::html::Page;

/// A part of a message, or of a message in it.
#[derive(Clone, Debug, Default)]
pub struct Part<'m> {
    /// Its number in reading order, from 0.
    pub number: u32,
    /// Its place in the tree, such as `1.2`.
    pub place: String,
    /// Type and subtype that it says it has, in lower case.
    pub declared: String,
    /// What its bytes are, as a media type, where they tell.
    pub detected: Option<&'static str>,
    /// The file name.
    pub name: Option<String>,
    /// `Content-ID` without brackets.
    pub content_id: Option<String>,
    /// `Content-Location`.
    pub location: Option<String>,
    /// Whether it is set apart from the text: an attachment to its reader.
    pub attached: bool,
    /// What is done with it.
    pub kind: Kind,
    /// Its bytes, transfer encoding removed.
    pub bytes: Cow<'m, [u8]>,
    /// Its text, where it is text.
    pub text: Option<Cow<'m, str>>,
    /// Messages around it: 0 for a part of the message itself.
    pub nested: u32,
}

/// What is done with a part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// Shown as plain text.
    Text,
    /// Shown as a page.
    Html,
    /// Shown as a page by some clients (`text/x-amp-html`).
    Amp,
    /// Shown as an appointment.
    Calendar,
    /// A picture.
    Image,
    /// A message in the message.
    Message,
    /// An archive.
    Archive,
    /// A document that may load something: HTML, SVG, office formats, PDF, RTF.
    Document,
    /// Signed or encrypted (S/MIME, PGP).
    Sealed,
    /// Anything else.
    #[default]
    Other,
}

/// The parts of a message.
#[derive(Clone, Debug, Default)]
pub struct Content<'m> {
    /// In reading order.
    pub parts: Vec<Part<'m>>,
    /// Bounds that were reached, in words.
    pub bounded: Vec<&'static str>,
}

/// Takes `message`, whose bytes are `raw`, apart, with the messages in it.
pub fn read<'m>(message: &'m Message<'m>, raw: &'m [u8]) -> Content<'m> {
    let _ = (message, raw);
    Content::default()
}

/// Adds what the parts and the text say of the message as a whole; `page` is what its reader sees.
pub(crate) fn push(content: &Content<'_>, page: &Page, event: &mut Event) {
    let _ = (content, page, event);
}

/// The facts of an attachment (`attachment.name`, `attachment.sha256`, …); `None` for a part that is none.
/// `document` is what was read of it, `text` the text of the message.
pub(crate) fn attachment(part: &Part<'_>, document: Option<&Document>, text: &str) -> Option<Facts> {
    let _ = (part, document, text);
    None
}
