//! ODT, ODS, ODP (OASIS OpenDocument), packed or as one flat file.

use super::{Shelf, fields, package, xml};

/// Bytes of one member that is read.
const LARGEST: u64 = 32 << 20;

pub(super) fn read(bytes: &[u8], shelf: &mut Shelf) {
    if !bytes.starts_with(b"PK") {
        return part(&xml::text(bytes), shelf);
    }
    let told = package::each(bytes, &mut |member, reader| {
        shelf.encrypted |= member.encrypted;
        let name = member.name.replace('\\', "/");
        if name.starts_with("Basic/") || name.starts_with("Scripts/") {
            // Every document that was written by LibreOffice may name its libraries; a module is a macro.
            if !name.ends_with("-lc.xml") && !name.ends_with("-lb.xml") && !name.ends_with('/') {
                shelf.macros();
            }
        } else if name == "META-INF/manifest.xml" {
            let manifest = package::whole(reader, LARGEST);
            shelf.encrypted |= memchr::memmem::find(&manifest, b"encryption-data").is_some();
        } else if name.ends_with(".xml") || name.ends_with(".rdf") {
            part(&xml::text(&package::whole(reader, LARGEST)), shelf);
        } else if name.starts_with("Object") || name.starts_with("ObjectReplacements/") {
            shelf.tell("embedded-object");
        }
        true
    });
    if let Err(why) = told {
        shelf.tell(why);
    }
}

/// What one stream names outside.
fn part(text: &str, shelf: &mut Shelf) {
    let mut link: Option<(String, String)> = None;
    let entities = xml::read(text, |item| match item {
        xml::Item::Open(element) => {
            let name = element.name();
            if let Some(target) = element.get("href") {
                match name {
                    "a" => link = Some((target.into_owned(), String::new())),
                    "event-listener" => {
                        shelf.macros();
                        shelf.load(&target, "odf-script");
                    }
                    "image" | "fill-image" | "background-image" | "list-level-style-image" => {
                        shelf.load(&target, "odf-image");
                    }
                    "template" => shelf.load(&target, "odf-template"),
                    "auto-reload" => shelf.load(&target, "odf-reload"),
                    "object" | "object-ole" => shelf.load(&target, "odf-object"),
                    "section-source" => shelf.load(&target, "odf-section"),
                    "floating-frame" => shelf.load(&target, "odf-frame"),
                    "plugin" | "sound" | "applet" => shelf.load(&target, "odf-media"),
                    "table-source" | "cell-range-source" | "database-source" => {
                        shelf.load(&target, "odf-table");
                    }
                    "font-face-uri" => shelf.load(&target, "odf-font"),
                    _ => shelf.load(&target, "odf-other"),
                }
            }
            match name {
                "dde-source" | "dde-connection-decl" => shelf.tell("dde"),
                "script" | "script-data" => shelf.macros(),
                "linked-style" => {}
                _ => {}
            }
            if let Some(formula) = element.get("formula") {
                fields::formula(&formula, "odf-formula", shelf);
            }
        }
        xml::Item::Text(text) => {
            if let Some((_, shown)) = &mut link
                && shown.len() < 1000
            {
                shown.push_str(&text);
            }
        }
        xml::Item::Close("a") => {
            if let Some((target, shown)) = link.take() {
                shelf.anchor(&target, &shown);
            }
        }
        xml::Item::Close(_) => {}
    });
    if let Some((target, shown)) = link {
        shelf.anchor(&target, &shown);
    }
    if entities {
        shelf.tell("entities");
    }
}
