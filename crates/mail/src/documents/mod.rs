//! What a document loads or links to when it is opened: DOCX, XLSX, ODT, PDF, RTF, SVG, HTML.
//!
//! Nothing is rendered. Each reader looks for the places in which its format names something outside, and
//! passes over what it does not know; a torn document gives what can be read of it. All of them write into
//! a [`Shelf`], which bounds what is kept of a document.

mod address;
mod calendar;
mod compound;
mod fields;
mod odf;
mod ooxml;
pub(crate) mod package;
mod page;
mod pdf;
mod rtf;
mod sealed;
#[cfg(test)]
mod tests;
mod xml;

use crate::content::{self, Kind, Part};
use crate::html::{Anchor, Fires, Load};

/// What a document holds.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// What loads when it is opened.
    pub loads: Vec<Load>,
    /// How many things load, also those that were taken out of `loads`.
    pub load_count: u32,
    /// Its links.
    pub anchors: Vec<Anchor>,
    /// Whether it holds macros.
    pub macros: bool,
    /// Whether it holds scripts (PDF, HTML, SVG).
    pub scripts: bool,
    /// Whether it can only be opened with a password.
    pub encrypted: bool,
    /// What else it holds that tells (`smuggling`, `embedded-file`, `dde`, …).
    pub traits: Vec<&'static str>,
}

/// Things that load, and links, that are kept of one document.
const KEPT: usize = 1000;
/// Bytes of a document that is looked into.
const LARGEST: usize = 64 << 20;
/// Documents within documents that are looked into (a page in an archive, an RTF in a DOCX).
const DEEPEST: u32 = 3;
/// Documents in one archive that are looked into, and bytes of each.
const INNER: (usize, u64) = (50, 8 << 20);

/// Looks into `part`, an attachment; `None` where it is no document that is known.
pub fn read(part: &Part<'_>) -> Option<Document> {
    if part.bytes.len() > LARGEST {
        return Some(Document { traits: vec!["oversize"], ..Document::default() });
    }
    let mut shelf = Shelf::new(part.number);
    if part.kind == Kind::Sealed {
        shelf.fires = Fires::OpenedInSome;
        sealed::read(&part.bytes, &part.declared, &mut shelf);
        return Some(shelf.done());
    }
    let says = [
        part.detected,
        part.name.as_deref().and_then(content::declared_as),
        Some(part.declared.as_str()).filter(|declared| !declared.is_empty()),
    ];
    let text = part.text.as_deref();
    let known = open(&part.bytes, text, says, part.location.as_deref(), &mut shelf);
    known.then(|| shelf.done())
}

/// Reads `bytes` as the first of `says` (what they are, what their name and their sender say) that is
/// known; whether one is.
fn open(
    bytes: &[u8],
    text: Option<&str>,
    says: [Option<&str>; 3],
    location: Option<&str>,
    shelf: &mut Shelf,
) -> bool {
    if shelf.depth >= DEEPEST {
        shelf.tell("nested-deep");
        return false;
    }
    shelf.depth += 1;
    let known = says.into_iter().flatten().any(|kind| {
        let decoded;
        let words = match text {
            Some(text) => text,
            None => {
                decoded = xml::text(bytes);
                &decoded
            }
        };
        match kind {
            "text/html" | "application/xhtml+xml" => page::read(words, location, shelf),
            "image/svg+xml" => page::drawing(bytes, words, shelf),
            "multipart/related" => page::archive(bytes, shelf),
            "application/pdf" => pdf::read(bytes, shelf),
            "application/rtf" | "text/rtf" | "text/richtext" | "application/x-rtf" => rtf::read(bytes, shelf),
            "text/calendar" => calendar::read(words, shelf),
            "application/zip" | "application/x-zip-compressed" => packed(bytes, shelf),
            _ if kind.starts_with("application/vnd.openxmlformats-officedocument") => {
                office(bytes, kind, shelf);
            }
            _ if kind.starts_with("application/vnd.oasis.opendocument") => odf::read(bytes, shelf),
            "application/x-ole-storage" | "application/msword" => office(bytes, kind, shelf),
            _ if kind.starts_with("application/vnd.ms-") && bytes.starts_with(compound::MAGIC) => {
                compound::read(bytes, shelf);
            }
            _ => return false,
        }
        true
    });
    shelf.depth -= 1;
    known
}

/// Office files are opened by what they are, whatever their extension says.
fn office(bytes: &[u8], kind: &str, shelf: &mut Shelf) {
    if bytes.starts_with(compound::MAGIC) {
        compound::read(bytes, shelf);
    } else if bytes.starts_with(b"{\\rt") {
        rtf::read(bytes, shelf);
    } else {
        ooxml::read(bytes, kind, shelf);
    }
}

/// Documents in an archive, one level deep.
fn packed(bytes: &[u8], shelf: &mut Shelf) {
    if shelf.depth > 1 {
        return;
    }
    let mut inner: Vec<(String, Vec<u8>)> = Vec::new();
    let told = package::each(bytes, &mut |member, reader| {
        let wanted = content::declared_as(&member.name).is_some_and(|kind| {
            !matches!(kind, "text/plain" | "text/x-script") && !kind.starts_with("image/p")
        });
        if member.encrypted {
            shelf.encrypted = true;
        } else if wanted {
            inner.push((member.name.clone(), package::whole(reader, INNER.1)));
        }
        inner.len() < INNER.0
    });
    if let Err(why) = told {
        shelf.tell(why);
    }
    for (name, bytes) in inner {
        open(&bytes, None, [content::declared_as(&name), None, None], None, shelf);
    }
}

/// What is found of one document, bounded.
#[derive(Debug, Default)]
struct Shelf {
    document: Document,
    part: u32,
    fires: Fires,
    depth: u32,
    encrypted: bool,
}

impl Shelf {
    fn new(part: u32) -> Self {
        Self { part, fires: Fires::AttachmentOpened, ..Self::default() }
    }

    /// Something that `target` names is loaded; nothing where that leads nowhere outside.
    fn load(&mut self, target: &str, kind: &'static str) {
        let Some((url, host)) = address::outward(target) else { return };
        let known = |load: &&Load| load.url == url && load.kind == kind;
        // Looking back at a few keeps this linear; copies beyond are told twice.
        if self.document.loads.iter().rev().take(32).any(|load| known(&load)) {
            return;
        }
        if self.document.loads.len() >= KEPT {
            return self.tell("bounded");
        }
        let (part, fires) = (self.part, self.fires);
        self.document.loads.push(Load { url, host, kind, hidden: None, fires, part });
    }

    /// A link to `target`.
    fn anchor(&mut self, target: &str, shown: &str) {
        let Some(target) = address::link(target) else { return };
        if self.document.anchors.len() >= KEPT {
            return self.tell("bounded");
        }
        let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        self.document.anchors.push(Anchor { target, shown, part: self.part });
    }

    fn tell(&mut self, what: &'static str) {
        if !self.document.traits.contains(&what) {
            self.document.traits.push(what);
        }
    }

    fn macros(&mut self) {
        self.document.macros = true;
    }

    fn scripts(&mut self) {
        self.document.scripts = true;
    }

    fn done(mut self) -> Document {
        self.document.encrypted |= self.encrypted;
        self.document.load_count = self.document.loads.len() as u32;
        self.document
    }
}
