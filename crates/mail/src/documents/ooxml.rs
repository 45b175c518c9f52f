//! DOCX, XLSX, PPTX and their relatives (ECMA-376): what their relationships, fields, formulas and
//! connections name outside of the package.

use super::fields::{self, Names};
use super::{Shelf, package, xml};
use crate::content;

/// Bytes of one member that is read.
const LARGEST: u64 = 32 << 20;
/// Fields within fields.
const DEEPEST: usize = 16;

/// What loads is called differently in each kind of document: relationship, then DOCX, XLSX, PPTX.
const RELATIONS: [(&str, [&str; 3]); 14] = [
    ("attachedtemplate", ["docx-template", "xlsx-template", "pptx-template"]),
    ("image", ["docx-image", "xlsx-image", "pptx-image"]),
    ("oleobject", ["docx-object", "xlsx-object", "pptx-object"]),
    ("package", ["docx-object", "xlsx-object", "pptx-object"]),
    ("frame", ["docx-frame", "xlsx-frame", "pptx-frame"]),
    ("subdocument", ["docx-subdocument", "xlsx-subdocument", "pptx-subdocument"]),
    ("externallinkpath", ["docx-external", "xlsx-external", "pptx-external"]),
    ("externallink", ["docx-external", "xlsx-external", "pptx-external"]),
    ("xlpathmissing", ["docx-external", "xlsx-external", "pptx-external"]),
    ("video", ["docx-media", "xlsx-media", "pptx-media"]),
    ("audio", ["docx-media", "xlsx-media", "pptx-media"]),
    ("media", ["docx-media", "xlsx-media", "pptx-media"]),
    ("afchunk", ["docx-chunk", "xlsx-chunk", "pptx-chunk"]),
    ("mailmergesource", ["docx-data", "xlsx-data", "pptx-data"]),
];
const OTHER: [&str; 3] = ["docx-other", "xlsx-other", "pptx-other"];

pub(super) fn read(bytes: &[u8], kind: &str, shelf: &mut Shelf) {
    let family = match kind {
        _ if kind.contains("spreadsheet") => 1,
        _ if kind.contains("presentation") => 2,
        _ => 0,
    };
    let mut inner: Vec<(String, Vec<u8>)> = Vec::new();
    let told = package::each(bytes, &mut |member, reader| {
        shelf.encrypted |= member.encrypted;
        let name = member.name.to_ascii_lowercase().replace('\\', "/");
        marks(&name, shelf);
        let mut text = || package::whole(reader, LARGEST);
        if name.ends_with(".rels") {
            relations(&xml::text(&text()), family, shelf);
        } else if name.ends_with(".xml") && (name.starts_with("xl/") || name.starts_with("customui")) {
            sheet(&xml::text(&text()), &name, shelf);
        } else if name.ends_with(".xml") && (name.starts_with("word/") || family == 0) {
            // Where the text stands is its writer's choice.
            word(&xml::text(&text()), shelf);
        } else if matches!(
            content::declared_as(&name),
            Some("text/html" | "multipart/related" | "application/rtf" | "image/svg+xml")
        ) && inner.len() < super::INNER.0
        {
            inner.push((member.name.clone(), package::whole(reader, super::INNER.1)));
        }
        true
    });
    if let Err(why) = told {
        shelf.tell(why);
    }
    for (name, bytes) in inner {
        super::open(&bytes, None, [content::declared_as(&name), None, None], None, shelf);
    }
}

/// What the name of a member says.
fn marks(name: &str, shelf: &mut Shelf) {
    if name.ends_with("vbaproject.bin") {
        shelf.macros();
    } else if name.starts_with("xl/macrosheets/") {
        shelf.macros();
        shelf.tell("macro-sheet");
    } else if name.contains("/embeddings/") {
        shelf.tell("embedded-object");
    } else if name.contains("/activex/") {
        shelf.tell("activex");
    }
}

fn relations(text: &str, family: usize, shelf: &mut Shelf) {
    xml::read(text, |item| {
        let xml::Item::Open(element) = item else { return };
        let external = element.get("TargetMode").is_some_and(|mode| mode.eq_ignore_ascii_case("external"));
        let Some(target) = element.get("Target").filter(|_| element.name() == "Relationship") else { return };
        let kind = element.get("Type").unwrap_or_default().to_ascii_lowercase();
        let kind = kind.rsplit('/').next().unwrap_or_default();
        if kind == "hyperlink" {
            shelf.anchor(&target, "");
        } else if external || target.contains("://") {
            let row = RELATIONS.iter().find(|(name, _)| *name == kind).map_or(&OTHER, |(_, row)| row);
            shelf.load(&target, row[family]);
        }
    });
}

const NAMES: Names =
    Names { picture: "docx-field-picture", text: "docx-field-text", link: "docx-field-link" };

/// A field that was begun: its instruction, and what it shows.
#[derive(Default)]
struct Field {
    instruction: String,
    shown: String,
    /// Past `separate`.
    result: bool,
}

/// Fields of a part of a text document: whole ones (`fldSimple`), and those whose instruction is split
/// over runs.
fn word(text: &str, shelf: &mut Shelf) {
    let mut open: Vec<Field> = Vec::new();
    let mut deeper = 0usize;
    let (mut instruction, mut shown) = (false, false);
    let entities = xml::read(text, |item| match item {
        xml::Item::Open(element) => match element.name() {
            "fldSimple" => {
                if let Some(code) = element.get("instr") {
                    fields::instruction(&code, "", NAMES, shelf);
                }
            }
            "fldChar" => match element.get("fldCharType").as_deref() {
                Some("begin") if open.len() < DEEPEST => open.push(Field::default()),
                Some("begin") => deeper += 1,
                Some("separate") if deeper == 0 => {
                    if let Some(field) = open.last_mut() {
                        field.result = true;
                    }
                }
                Some("end") if deeper > 0 => deeper -= 1,
                Some("end") => close(&mut open, shelf),
                _ => {}
            },
            "instrText" | "delInstrText" => instruction = true,
            "t" => shown = true,
            // A picture of the old kind, and a data source, may name their file without a relationship.
            "imagedata" => {
                if let Some(source) = element.get("src") {
                    shelf.load(&source, "docx-image");
                }
            }
            "altChunk" => shelf.tell("alternative-content"),
            "documentProtection" => shelf.tell("protected"),
            _ => {}
        },
        xml::Item::Close(name) => match name {
            "instrText" | "delInstrText" => instruction = false,
            "t" => shown = false,
            _ => {}
        },
        xml::Item::Text(text) => {
            if let Some(field) = open.last_mut() {
                let into = if field.result { &mut field.shown } else { &mut field.instruction };
                let wanted = if field.result { shown } else { instruction || shown };
                if wanted && into.len() < fields::LONGEST {
                    into.push_str(&text);
                }
            }
        }
    });
    // A torn document ends within its fields.
    while !open.is_empty() {
        close(&mut open, shelf);
    }
    if entities {
        shelf.tell("entities");
    }
}

/// Ends the innermost field; what a `QUOTE` in it spells becomes part of the one around it.
fn close(open: &mut Vec<Field>, shelf: &mut Shelf) {
    let Some(field) = open.pop() else { return };
    fields::instruction(&field.instruction, &field.shown, NAMES, shelf);
    if let Some(around) = open.last_mut().filter(|around| !around.result) {
        let text = fields::quoted(&field.instruction).unwrap_or(field.shown);
        if around.instruction.len() < fields::LONGEST {
            around.instruction.push_str(&text);
        }
    }
}

/// Formulas, connections, links to other books, and buttons that run something when the book is opened.
fn sheet(text: &str, name: &str, shelf: &mut Shelf) {
    let connections = name.contains("connections") || name.contains("querytable");
    let mut within = false;
    let mut formula = String::new();
    let entities = xml::read(text, |item| match item {
        xml::Item::Open(element) => {
            match element.name() {
                "f" | "definedName" => within = true,
                "ddeLink" => shelf.tell("dde"),
                "customUI" if element.get("onLoad").is_some() => shelf.tell("custom-ui"),
                _ => {}
            }
            if connections {
                shelf.tell("connection");
                for (_, value) in element.attributes() {
                    shelf.load(&value, "xlsx-connection");
                    for address in super::address::strings(value.as_bytes(), 4) {
                        let address = address.split(';').next().unwrap_or_default();
                        shelf.load(address, "xlsx-connection");
                    }
                }
            }
        }
        xml::Item::Text(text) => {
            if within && formula.len() < fields::LONGEST {
                formula.push_str(&text);
            }
        }
        xml::Item::Close("f" | "definedName") => {
            within = false;
            fields::formula(&formula, "xlsx-formula", shelf);
            formula.clear();
        }
        xml::Item::Close(_) => {}
    });
    if entities {
        shelf.tell("entities");
    }
}
