//! The parts of a message: what they say they are, what they are, and what lies in them.

mod archive;
mod attachment;
mod sniff;
#[cfg(test)]
mod tests;
mod tree;
mod words;

use std::borrow::Cow;

pub(crate) use archive::{Archive, look as look_into};
pub(crate) use attachment::{attachment, push};
pub(crate) use sniff::{declared_as, detected};
pub use tree::{may_be_parsed, read};

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
    /// Whether it counts as an attachment in the facts: set apart, named, or no text.
    pub listed: bool,
    /// What is done with it.
    pub kind: Kind,
    /// Its bytes, transfer encoding removed, as its sender had them; of a text that is neither named nor
    /// set apart, its text.
    pub bytes: Cow<'m, [u8]>,
    /// Its text, where it is text.
    pub text: Option<Cow<'m, str>>,
    /// Messages around it: 0 for a part of the message itself.
    pub nested: u32,
}

impl Part<'_> {
    /// The same part with bytes of its own.
    fn into_owned(self) -> Part<'static> {
        Part {
            bytes: Cow::Owned(self.bytes.into_owned()),
            text: self.text.map(|text| Cow::Owned(text.into_owned())),
            number: self.number,
            place: self.place,
            declared: self.declared,
            detected: self.detected,
            name: self.name,
            content_id: self.content_id,
            location: self.location,
            attached: self.attached,
            listed: self.listed,
            kind: self.kind,
            nested: self.nested,
        }
    }
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
