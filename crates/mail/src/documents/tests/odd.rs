//! Documents that are not what they are called, and addresses that are opened without a click.

use super::{Document, loads, packed, part, read};
use crate::content;

/// A document as it is found in a message: its bytes are looked at as well.
fn look(name: &str, bytes: impl Into<Vec<u8>>) -> Document {
    let mut part = part(name, bytes.into());
    part.detected = content::detected(&part.bytes, Some(name));
    read(&part).unwrap_or_default()
}

#[test]
fn a_pdf_that_opens_an_address_by_itself_is_told() {
    for open in [
        "1 0 obj << /OpenAction << /S /URI /URI (http://open.example/) >> >> endobj",
        "1 0 obj << /AA << /O 2 0 R >> >> endobj 2 0 obj << /S /URI /URI (http://open.example/) >> endobj",
        "1 0 obj << /S /URI /URI 3 0 R >> endobj 2 0 obj << /S /Named /Next [1 0 R 2 0 R] >> endobj \
         3 0 obj (http://open.example/) endobj 4 0 obj << /OpenAction 2 0 R >> endobj",
    ] {
        assert_eq!(
            loads(&look("a.pdf", format!("%PDF-1.7\n{open}"))),
            [("pdf-open", "open.example")],
            "{open}"
        );
    }
    let clicked = "%PDF-1.7\n1 0 obj << /OpenAction [2 0 R /Fit] >> endobj 2 0 obj << /Annots [3 0 R] >> endobj \
                   3 0 obj << /A << /S /URI /URI (http://click.example/) >> >> endobj";
    assert_eq!(loads(&look("a.pdf", clicked)), []);
}

#[test]
fn a_document_is_read_as_each_of_what_it_is_called() {
    let relations = r#"<Relationships><Relationship Type="x/image" TargetMode="External" Target="http://image.example/"/></Relationships>"#;
    let field = r#"<w:document><w:p><w:fldSimple w:instr="INCLUDEPICTURE http://field.example/"/></w:p></w:document>"#;
    // Neither where its text stands nor what comes first in it tells what it is.
    let docx = packed(&[
        ("a/b.xml", field),
        ("a/_rels/b.xml.rels", relations),
        ("_rels/.rels", "<Relationships/>"),
        ("[Content_Types].xml", "<Types/>"),
    ]);
    let wanted = [("docx-field-picture", "field.example"), ("docx-image", "image.example")];
    for name in ["a.docx", "a.odt", "a.pdf", "a.zip", "a.bin"] {
        assert_eq!(loads(&look(name, docx.clone())), wanted, "{name}");
    }
    let odt = packed(&[
        ("content.xml", r#"<draw:image xlink:href="http://image.example/"/>"#),
        ("META-INF/manifest.xml", "<manifest/>"),
    ]);
    for name in ["a.odt", "a.docx", "a.bin"] {
        assert_eq!(loads(&look(name, odt.clone())), [("odf-image", "image.example")], "{name}");
    }
}

#[test]
fn another_book_in_a_formula_of_opendocument_is_told() {
    let cell = |formula: &str| format!("<table:table-cell table:formula=\"{formula}\"/>");
    let book =
        |formula| packed(&[("content.xml", &*cell(formula)), ("META-INF/manifest.xml", "<manifest/>")]);
    let document = look("a.ods", book("of:=['http://book.example/a.ods'#$A.A1]"));
    assert_eq!(loads(&document), [("odf-formula", "book.example")]);
    assert_eq!(loads(&look("a.ods", book("of:=['http://book.example/a' &amp; 'b'.A1]"))), []);
}
