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

/// Reads `bytes` as all of `says` (what they are, what their name and their sender say) that are known;
/// whether one is.
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
    // Programs differ on which of the three they believe: what any of them would read is read, each once.
    let mut ways: Vec<Way> = Vec::new();
    for kind in says.into_iter().flatten() {
        let Some(way) = Way::of(kind, bytes) else { continue };
        if ways.iter().any(|known| std::mem::discriminant(known) == std::mem::discriminant(&way)) {
            continue;
        }
        way.read(bytes, text, location, shelf);
        ways.push(way);
    }
    shelf.depth -= 1;
    !ways.is_empty()
}

/// A way of reading a document.
#[derive(Clone, Copy, Debug)]
enum Way<'k> {
    Page,
    Drawing,
    Saved,
    Pdf,
    Rtf,
    Calendar,
    Packed,
    Office(&'k str),
    OpenDocument,
    Compound,
}

impl<'k> Way<'k> {
    /// How `bytes` are read where they are called `kind`.
    fn of(kind: &'k str, bytes: &[u8]) -> Option<Self> {
        Some(match kind {
            "text/html" | "application/xhtml+xml" => Self::Page,
            "image/svg+xml" => Self::Drawing,
            "multipart/related" => Self::Saved,
            "application/pdf" => Self::Pdf,
            "application/rtf" | "text/rtf" | "text/richtext" | "application/x-rtf" => Self::Rtf,
            "text/calendar" => Self::Calendar,
            "application/zip" | "application/x-zip-compressed" => Self::Packed,
            _ if kind.starts_with("application/vnd.openxmlformats-officedocument") => Self::Office(kind),
            _ if kind.starts_with("application/vnd.oasis.opendocument") => Self::OpenDocument,
            "application/x-ole-storage" | "application/msword" => Self::Office(kind),
            _ if kind.starts_with("application/vnd.ms-") && bytes.starts_with(compound::MAGIC) => {
                Self::Compound
            }
            _ => return None,
        })
    }

    fn read(self, bytes: &[u8], text: Option<&str>, location: Option<&str>, shelf: &mut Shelf) {
        let words = || text.map_or_else(|| xml::text(bytes), Into::into);
        match self {
            Self::Page => page::read(&words(), location, shelf),
            Self::Drawing => page::drawing(bytes, &words(), shelf),
            Self::Saved => page::archive(bytes, shelf),
            Self::Pdf => pdf::read(bytes, shelf),
            Self::Rtf => rtf::read(bytes, shelf),
            Self::Calendar => calendar::read(&words(), shelf),
            Self::Packed => packed(bytes, shelf),
            Self::Office(kind) => office(bytes, kind, shelf),
            Self::OpenDocument => odf::read(bytes, shelf),
            Self::Compound => compound::read(bytes, shelf),
        }
    }
}

/// Office files are opened by what they are, whatever their extension says.
fn office(bytes: &[u8], kind: &str, shelf: &mut Shelf) {
    if bytes.starts_with(compound::MAGIC) {
        compound::read(bytes, shelf);
    } else if bytes.starts_with(b"{\\rt") {
        rtf::read(bytes, shelf);
    } else if memchr::memmem::find(bytes, b"PK\x03\x04").is_some() {
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
