//! Small documents and pictures.

use std::io::{Cursor, Write as _};

use super::mime::escape;

/// A document of a word processor, with a template that is loaded from `template` where there is one.
pub(super) fn docx(text: &str, template: Option<&str>) -> Vec<u8> {
    let xml = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let package = "http://schemas.openxmlformats.org/package/2006";
    let word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";
    let mut files = vec![
        (
            "[Content_Types].xml",
            format!(
                "{xml}<Types xmlns=\"{package}/content-types\"><Default Extension=\"rels\" ContentType=\"application/\
                 vnd.openxmlformats-package.relationships+xml\"/><Default Extension=\"xml\" ContentType=\"application/xml\"/>\
                 <Override PartName=\"/word/document.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.\
                 wordprocessingml.document.main+xml\"/></Types>"
            ),
        ),
        (
            "_rels/.rels",
            format!(
                "{xml}<Relationships xmlns=\"{package}/relationships\"><Relationship Id=\"rId1\" Type=\"{office}/\
                 officeDocument\" Target=\"word/document.xml\"/></Relationships>"
            ),
        ),
        (
            "word/document.xml",
            format!(
                "{xml}<w:document xmlns:w=\"{word}\"><w:body><w:p><w:r><w:t>{}</w:t></w:r></w:p></w:body></w:document>",
                escape(text)
            ),
        ),
    ];
    if let Some(template) = template {
        files.push((
            "word/settings.xml",
            format!(
                "{xml}<w:settings xmlns:w=\"{word}\" xmlns:r=\"{office}\"><w:attachedTemplate r:id=\"rId1\"/></w:settings>"
            ),
        ));
        files.push((
            "word/_rels/settings.xml.rels",
            format!(
                "{xml}<Relationships xmlns=\"{package}/relationships\"><Relationship Id=\"rId1\" Type=\"{office}/\
                 attachedTemplate\" Target=\"{}\" TargetMode=\"External\"/></Relationships>",
                escape(template)
            ),
        ));
    }
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated)
        .last_modified_time(zip::DateTime::default());
    for (name, content) in files {
        // Writing into memory does not fail.
        if zip.start_file(name, options).is_ok() {
            let _ = zip.write_all(content.as_bytes());
        }
    }
    zip.finish().map(Cursor::into_inner).unwrap_or_default()
}

/// A page of one line with a link on it.
pub(super) fn pdf(text: &str, link: &str) -> Vec<u8> {
    let clean = |text: &str| -> String {
        text.chars().filter(|symbol| symbol.is_ascii() && !matches!(symbol, '(' | ')' | '\\')).collect()
    };
    let page = format!("BT /F1 12 Tf 72 720 Td ({}) Tj ET", clean(text));
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Annots [6 0 R] \
         /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{page}\nendstream", page.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
        format!(
            "<< /Type /Annot /Subtype /Link /Rect [72 700 500 735] /Border [0 0 0] /A << /S /URI /URI ({}) >> >>",
            clean(link)
        ),
    ];
    let mut out = b"%PDF-1.5\n".to_vec();
    let mut places = Vec::new();
    for (number, object) in objects.iter().enumerate() {
        places.push(out.len());
        out.extend_from_slice(format!("{} 0 obj\n{object}\nendobj\n", number + 1).as_bytes());
    }
    let table = out.len();
    let mut end = format!("xref\n0 {}\n0000000000 65535 f \n", places.len() + 1);
    for place in &places {
        end += &format!("{place:010} 00000 n \n");
    }
    end += &format!("trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n", places.len() + 1);
    out.extend_from_slice(end.as_bytes());
    out
}

/// A picture of one point.
pub(super) fn png() -> Vec<u8> {
    const POINT: [u8; 67] = [
        0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0,
        0, 0, 1, 8, 6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89, 0, 0, 0, 0x0a, b'I', b'D', b'A', b'T', 0x78, 0x9c,
        0x63, 0, 1, 0, 0, 5, 0, 1, 0x0d, 0x0a, 0x2d, 0xb4, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42,
        0x60, 0x82,
    ];
    POINT.to_vec()
}
