//! What a document loads or links to when it is opened: DOCX, XLSX, ODT, PDF, RTF, SVG, HTML.

use crate::content::Part;
use crate::html::{Anchor, Load};

/// What a document holds.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// What loads when it is opened.
    pub loads: Vec<Load>,
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

/// Looks into `part`, an attachment; `None` where it is no document that is known.
pub fn read(part: &Part<'_>) -> Option<Document> {
    let _ = part;
    None
}
