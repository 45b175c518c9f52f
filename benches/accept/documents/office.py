"""Documents of office programs, as small as they can be: what each names outside is `url`."""

import io
import zipfile

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
DRAWING = ('xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
           'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
           'xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"')
VML = 'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TYPES = "application/vnd.openxmlformats-officedocument"
XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def packed(members, first=None):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        if first:
            archive.writestr("mimetype", first, zipfile.ZIP_STORED)
        for name, text in members.items():
            # The date is fixed, so that the same document has the same bytes.
            archive.writestr(zipfile.ZipInfo(name, (2021, 3, 2, 10, 0, 0)), text)
    return out.getvalue()


def relations(*rows):
    """Each row: id, kind, target, and whether it lies outside."""
    mode = lambda outside: ' TargetMode="External"' if outside else ""
    rows = "".join(f'<Relationship Id="{id}" Type="{RELATIONS}/{kind}" Target="{target}"{mode(outside)}/>'
                   for id, kind, target, outside in rows)
    return f'{XML}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{rows}</Relationships>'


def content_types(overrides):
    rows = "".join(f'<Override PartName="/{name}" ContentType="{kind}"/>' for name, kind in overrides.items())
    defaults = "".join(f'<Default Extension="{end}" ContentType="{kind}"/>' for end, kind in (
        ("rels", "application/vnd.openxmlformats-package.relationships+xml"), ("xml", "application/xml"),
        ("html", "text/html")))
    return f'{XML}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">{defaults}{rows}</Types>'


def docx(body="", own=(), more=None, types=None, main="document.main"):
    """`own` are the relationships of the text; `more` other members."""
    members = {
        "[Content_Types].xml": content_types({"word/document.xml": f"{TYPES}.wordprocessingml.{main}+xml", **(types or {})}),
        "_rels/.rels": relations(("rId1", "officeDocument", "word/document.xml", False)),
        "word/document.xml": f"{XML}<w:document {W} {R} {DRAWING} {VML}><w:body><w:p><w:r><w:t>The budget in brief."
                             f"</w:t></w:r></w:p>{body}</w:body></w:document>",
        "word/_rels/document.xml.rels": relations(*own),
        **(more or {}),
    }
    return packed(members)


def docx_elsewhere(url):
    """One whose text stands where no program puts it, and whose list of types comes last."""
    kind = f"{TYPES}.wordprocessingml.document.main+xml"
    return packed({
        "a/b.xml": f"{XML}<w:document {W} {R} {DRAWING}><w:body>{docx_picture()}</w:body></w:document>",
        "a/_rels/b.xml.rels": relations(("rId9", "image", url, True)),
        "_rels/.rels": relations(("rId1", "officeDocument", "a/b.xml", False)),
        "[Content_Types].xml": content_types({"a/b.xml": kind}),
    })


def docx_picture(id="rId9"):
    return ('<w:p><w:r><w:drawing><wp:inline><wp:extent cx="900000" cy="900000"/><wp:docPr id="1" name="a"/>'
            '<a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:pic>'
            '<pic:nvPicPr><pic:cNvPr id="1" name="a"/><pic:cNvPicPr/></pic:nvPicPr>'
            f'<pic:blipFill><a:blip r:link="{id}"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill>'
            '<pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="900000" cy="900000"/></a:xfrm>'
            '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic>'
            '</wp:inline></w:drawing></w:r></w:p>')


def docx_field(code):
    run = lambda inner: f"<w:r>{inner}</w:r>"
    mark = lambda kind: run(f'<w:fldChar w:fldCharType="{kind}"/>')
    code = run(f'<w:instrText xml:space="preserve">{code}</w:instrText>')
    return f"<w:p>{mark('begin')}{code}{mark('separate')}{run('<w:t>x</w:t>')}{mark('end')}</w:p>"


def docx_settings(url):
    kind = f"{TYPES}.wordprocessingml.settings+xml"
    return {
        "own": [("rId2", "settings", "settings.xml", False)],
        "types": {"word/settings.xml": kind},
        "more": {"word/settings.xml": f'{XML}<w:settings {W} {R}><w:attachedTemplate r:id="rId1"/></w:settings>',
                 "word/_rels/settings.xml.rels": relations(("rId1", "attachedTemplate", url, True))},
    }


def docx_header(url):
    kind = f"{TYPES}.wordprocessingml.header+xml"
    return {
        "own": [("rId3", "header", "header1.xml", False)],
        "body": '<w:sectPr><w:headerReference w:type="default" r:id="rId3"/></w:sectPr>',
        "types": {"word/header1.xml": kind},
        "more": {"word/header1.xml": f"{XML}<w:hdr {W} {R} {DRAWING}>{docx_picture()}</w:hdr>",
                 "word/_rels/header1.xml.rels": relations(("rId9", "image", url, True))},
    }


S = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def xlsx(cells="<c r=\"A1\"><v>1</v></c>", book="", own=(), more=None, types=None, tail="", sheet=()):
    kinds = {"xl/workbook.xml": f"{TYPES}.spreadsheetml.sheet.main+xml",
             "xl/worksheets/sheet1.xml": f"{TYPES}.spreadsheetml.worksheet+xml", **(types or {})}
    return packed({
        "[Content_Types].xml": content_types(kinds),
        "_rels/.rels": relations(("rId1", "officeDocument", "xl/workbook.xml", False)),
        "xl/workbook.xml": f'{XML}<workbook {S} {R}><sheets><sheet name="A" sheetId="1" r:id="rId1"/></sheets>{book}</workbook>',
        "xl/_rels/workbook.xml.rels": relations(("rId1", "worksheet", "worksheets/sheet1.xml", False), *own),
        "xl/worksheets/sheet1.xml": f'{XML}<worksheet {S} {R}><sheetData><row r="1">{cells}</row></sheetData>{tail}</worksheet>',
        "xl/worksheets/_rels/sheet1.xml.rels": relations(*sheet),
        **(more or {}),
    })


def xlsx_external(url):
    return xlsx(
        '<c r="A1"><f>[1]A!$A$1</f><v>1</v></c>', '<externalReferences><externalReference r:id="rId5"/></externalReferences>',
        own=[("rId5", "externalLink", "externalLinks/externalLink1.xml", False)],
        types={"xl/externalLinks/externalLink1.xml": f"{TYPES}.spreadsheetml.externalLink+xml"},
        more={"xl/externalLinks/externalLink1.xml": f'{XML}<externalLink {S} {R}><externalBook r:id="rId1"><sheetNames>'
                                                    '<sheetName val="A"/></sheetNames></externalBook></externalLink>',
              "xl/externalLinks/_rels/externalLink1.xml.rels": relations(("rId1", "externalLinkPath", url, True))})


def xlsx_image(url):
    picture = ('<xdr:twoCellAnchor><xdr:from><xdr:col>1</xdr:col><xdr:colOff>0</xdr:colOff><xdr:row>1</xdr:row><xdr:rowOff>0'
               '</xdr:rowOff></xdr:from><xdr:to><xdr:col>4</xdr:col><xdr:colOff>0</xdr:colOff><xdr:row>8</xdr:row><xdr:rowOff>0'
               '</xdr:rowOff></xdr:to><xdr:pic><xdr:nvPicPr><xdr:cNvPr id="2" name="a"/><xdr:cNvPicPr/></xdr:nvPicPr>'
               '<xdr:blipFill><a:blip r:link="rId1"/><a:stretch><a:fillRect/></a:stretch></xdr:blipFill><xdr:spPr>'
               '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></xdr:spPr></xdr:pic><xdr:clientData/></xdr:twoCellAnchor>')
    space = 'xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing"'
    return xlsx(
        tail='<drawing r:id="rId1"/>', sheet=[("rId1", "drawing", "../drawings/drawing1.xml", False)],
        types={"xl/drawings/drawing1.xml": f"{TYPES}.drawing+xml"},
        more={"xl/drawings/drawing1.xml": f'{XML}<xdr:wsDr {space} {R} {DRAWING}>{picture}</xdr:wsDr>',
              "xl/drawings/_rels/drawing1.xml.rels": relations(("rId1", "image", url, True))})


NAMES = " ".join(f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for short, name in (
    ("office", "office"), ("text", "text"), ("draw", "drawing"), ("style", "style"), ("table", "table"), ("meta", "meta"),
    ("script", "script"), ("presentation", "presentation"), ("svg", "svg-compatible"), ("fo", "xsl-fo-compatible")))
ODF = f'{NAMES} xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:of="urn:oasis:names:tc:opendocument:xmlns:of:1.2" ' \
      'xmlns:dc="http://purl.org/dc/elements/1.1/"'
LINK = 'xlink:type="simple" xlink:show="embed" xlink:actuate="onLoad"'
ODT = "application/vnd.oasis.opendocument.text"


def odf(body, kind="text", styles="", meta="", scripts="", marked=True):
    """A document of OpenDocument; `body` is what is in its text, sheet or page. `marked`: it says at its
    start what it is."""
    mime = f"application/vnd.oasis.opendocument.{ {'drawing': 'graphics'}.get(kind, kind)}"
    manifest = "".join(f'<manifest:file-entry manifest:full-path="{path}" manifest:media-type="{of}"/>' for path, of in (
        ("/", mime), ("content.xml", "text/xml"), ("meta.xml", "text/xml")))
    content = (f'{XML}<office:document-content {ODF} office:version="1.2">{scripts}<office:automatic-styles>{styles}'
               f'</office:automatic-styles><office:body><office:{kind}>{body}</office:{kind}></office:body>'
               '</office:document-content>')
    return packed({
        "content.xml": content,
        "meta.xml": f'{XML}<office:document-meta {ODF} office:version="1.2"><office:meta>{meta}</office:meta></office:document-meta>',
        "META-INF/manifest.xml": f'{XML}<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"'
                                 f' manifest:version="1.2">{manifest}</manifest:manifest>',
    }, mime if marked else None)


def frame(inner, anchor='text:anchor-type="paragraph" '):
    return f'<draw:frame {anchor}svg:width="3cm" svg:height="2cm">{inner}</draw:frame>'


def flat(body):
    return (f'{XML}<office:document {ODF} office:version="1.2" office:mimetype="{ODT}"><office:body><office:text>{body}'
            '</office:text></office:body></office:document>').encode()
