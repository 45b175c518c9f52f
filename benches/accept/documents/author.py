"""Writes documents that load something when they are opened, and a message with each.

author.py OUT

OUT/NAME.eml for each, and documents.json: name → {host, loads}. The host of a document is its name below
beacon.test. One with `loads` false names nothing outside but a link that has to be clicked: it must come
through unchanged.
"""

import json
import sys
from email.message import EmailMessage
from pathlib import Path

from office import (LINK, docx, docx_elsewhere, docx_field, docx_header, docx_picture, docx_settings, flat, frame, odf, xlsx,
                    xlsx_external, xlsx_image)

KINDS = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "dotx": "application/vnd.openxmlformats-officedocument.wordprocessingml.template",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "odt": "application/vnd.oasis.opendocument.text", "fodt": "application/vnd.oasis.opendocument.text-flat-xml",
    "ods": "application/vnd.oasis.opendocument.spreadsheet", "odp": "application/vnd.oasis.opendocument.presentation",
    "odg": "application/vnd.oasis.opendocument.graphics", "pdf": "application/pdf", "rtf": "application/rtf",
    "doc": "application/msword", "svg": "image/svg+xml", "html": "text/html", "xls": "application/vnd.ms-excel",
    "zip": "application/zip",
}
SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="99" height="99">'


def pdf(catalog="", page="", more=()):
    """A document of one page; `more` are objects from number 5 on."""
    objects = [f"<</Type/Catalog/Pages 2 0 R{catalog}>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>",
               f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Contents 4 0 R{page}>>",
               "<</Length 0>>stream\n\nendstream", *more]
    out, places = b"%PDF-1.7\n", []
    for number, text in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj{text}endobj\n".encode()
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(objects) + 1
    return out + f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer<</Size {size}/Root 1 0 R>>\nstartxref\n{len(out)}\n%%EOF\n".encode()


def pdf_image(url):
    picture = f"<</Type/XObject/Subtype/Image/Width 1/Height 1/BitsPerComponent 8/ColorSpace/DeviceGray/F<</FS/URL/F({url})>>/Length 0>>stream\n\nendstream"
    return pdf(page="/Resources<</XObject<</A 5 0 R>>>>", more=[picture])


def rtf(text):
    return ("{\\rtf1\\ansi The budget in brief.\\par " + text + "}").encode()


def rtf_field(code):
    return rtf("{\\field{\\*\\fldinst " + code + "}{\\fldrslt x}}")


def odt(inner, **more):
    return odf(f"<text:p>The budget in brief.{inner}</text:p>", **more)


def ods(inner, **more):
    return odf(f'<table:table table:name="A">{inner}</table:table>', "spreadsheet", **more)


def drawn(inner, kind):
    return odf(f'<draw:page draw:name="a" draw:master-page-name="x">{inner}</draw:page>', kind)


def page(inner):
    return f"<html><body><p>The budget in brief.</p>{inner}</body></html>".encode()


VML = '<w:p><w:r><w:pict><v:shape id="a" style="width:90pt;height:90pt"><v:imagedata r:id="rId9"/></v:shape></w:pict></w:r></w:p>'
OLE = ('<w:p><w:r><w:object><v:shape id="a" style="width:90pt;height:90pt"/><o:OLEObject Type="Link" ProgID="Word.Document.12" '
       'ShapeID="a" DrawAspect="Content" r:id="rId9" UpdateMode="Always"/></w:object></w:r></w:p>')
EVENT = ('<office:scripts><office:event-listeners><script:event-listener script:language="ooo:script" '
         'script:event-name="dom:load" xlink:href="{}" xlink:type="simple"/></office:event-listeners></office:scripts>')
BACKGROUND = '<style:style style:name="P1" style:family="paragraph"><style:paragraph-properties><style:background-image xlink:href="{}" {}/></style:paragraph-properties></style:style>'
CELL = '<table:table-row><table:table-cell table:formula="of:={}" office:value-type="float" office:value="1"/></table:table-row>'

# Name and file type, and what makes the document from an address on a host of its own.
LOADING = {
    "docx-image": ("docx", lambda u: docx(docx_picture(), [("rId9", "image", u, True)])),
    "docx-vml": ("docx", lambda u: docx(VML, [("rId9", "image", u, True)])),
    "docx-header": ("docx", lambda u: docx(**docx_header(u))),
    "docx-template": ("docx", lambda u: docx(**docx_settings(u))),
    "dotx-template": ("dotx", lambda u: docx(main="template.main", **docx_settings(u))),
    "docx-object": ("docx", lambda u: docx(OLE, [("rId9", "oleObject", u, True)])),
    "docx-includepicture": ("docx", lambda u: docx(docx_field(f' INCLUDEPICTURE "{u}" \\d '))),
    "docx-includetext": ("docx", lambda u: docx(docx_field(f' INCLUDETEXT "{u}" '))),
    "docx-simple-field": ("docx", lambda u: docx(f'<w:p><w:fldSimple w:instr=" INCLUDEPICTURE &quot;{u}&quot; "/></w:p>')),
    "docx-subdocument": ("docx", lambda u: docx('<w:p><w:subDoc r:id="rId9"/></w:p>', [("rId9", "subDocument", u, True)])),
    "docx-chunk": ("docx", lambda u: docx('<w:altChunk r:id="rId9"/>', [("rId9", "aFChunk", u, True)])),
    "docx-chunk-page": ("docx", lambda u: docx('<w:altChunk r:id="rId9"/>', [("rId9", "aFChunk", "a.html", False)],
                                               {"word/a.html": page(f'<img src="{u}">')})),
    "docx-as-doc": ("doc", lambda u: docx(docx_picture(), [("rId9", "image", u, True)])),
    "docx-elsewhere": ("docx", docx_elsewhere),
    "docx-in-zip-name": ("zip", docx_elsewhere),
    "docx-as-odt": ("odt", lambda u: docx(docx_picture(), [("rId9", "image", u, True)])),
    "docx-as-pdf": ("pdf", lambda u: docx(docx_picture(), [("rId9", "image", u, True)])),
    "xlsx-external": ("xlsx", xlsx_external),
    "xlsx-image": ("xlsx", xlsx_image),
    "xlsx-background": ("xlsx", lambda u: xlsx(tail='<picture r:id="rId1"/>', sheet=[("rId1", "image", u, True)])),
    "xlsx-webservice": ("xlsx", lambda u: xlsx(f'<c r="A1"><f>_xlfn.WEBSERVICE("{u}")</f></c>')),
    "odt-image": ("odt", lambda u: odt(frame(f'<draw:image xlink:href="{u}" {LINK}/>'))),
    "odt-unmarked": ("odt", lambda u: odt(frame(f'<draw:image xlink:href="{u}" {LINK}/>'), marked=False)),
    "odt-as-docx": ("docx", lambda u: odt(frame(f'<draw:image xlink:href="{u}" {LINK}/>'), marked=False)),
    "odt-background": ("odt", lambda u: odf('<text:p text:style-name="P1">x</text:p>', styles=BACKGROUND.format(u, LINK))),
    "odt-section": ("odt", lambda u: odf(f'<text:section text:name="a"><text:section-source xlink:href="{u}" xlink:type="simple"/></text:section>')),
    "odt-frame": ("odt", lambda u: odt(frame(f'<draw:floating-frame xlink:href="{u}" {LINK}/>'))),
    "odt-object": ("odt", lambda u: odt(frame(f'<draw:object xlink:href="{u}" {LINK}/>'))),
    "odt-plugin": ("odt", lambda u: odt(frame(f'<draw:plugin xlink:href="{u}" {LINK} draw:mime-type="application/vnd.sun.star.media"/>'))),
    "odt-reload": ("odt", lambda u: odt("", meta=f'<meta:auto-reload xlink:href="{u}" xlink:type="simple" meta:delay="PT1S"/>')),
    "odt-template": ("odt", lambda u: odt("", meta=f'<meta:template xlink:href="{u}" xlink:type="simple" meta:date="2021-03-02T10:00:00"/>')),
    "odt-event": ("odt", lambda u: odt("", scripts=EVENT.format(u))),
    "fodt-image": ("fodt", lambda u: flat(f'<text:p>{frame(f"<draw:image xlink:href={chr(34)}{u}{chr(34)} {LINK}/>")}</text:p>')),
    "ods-table-source": ("ods", lambda u: ods(f'<table:table-source xlink:href="{u}" xlink:type="simple" table:table-name="A" table:refresh-delay="PT1S"/><table:table-row><table:table-cell/></table:table-row>')),
    "ods-reference": ("ods", lambda u: ods(CELL.format(f"['{u}'#$A.A1]"))),
    "ods-webservice": ("ods", lambda u: ods(CELL.format(f'WEBSERVICE(&quot;{u}&quot;)'))),
    "odp-image": ("odp", lambda u: drawn(frame(f'<draw:image xlink:href="{u}" {LINK}/>', ""), "presentation")),
    "odg-image": ("odg", lambda u: drawn(frame(f'<draw:image xlink:href="{u}" {LINK}/>', ""), "drawing")),
    "pdf-open-uri": ("pdf", lambda u: pdf(f"/OpenAction<</S/URI/URI({u})>>")),
    "pdf-page-uri": ("pdf", lambda u: pdf(page=f"/AA<</O<</S/URI/URI({u})>>>>")),
    "pdf-open-object": ("pdf", lambda u: pdf("/OpenAction 5 0 R", more=["<</S/Named/N/NextPage/Next 6 0 R>>", f"<</S/URI/URI({u})>>"])),
    "pdf-launch": ("pdf", lambda u: pdf(f"/OpenAction<</S/Launch/F({u})>>")),
    "pdf-goto": ("pdf", lambda u: pdf(f"/OpenAction<</S/GoToR/D[0/Fit]/F<</FS/URL/F({u})>>>>")),
    "pdf-submit": ("pdf", lambda u: pdf(f"/OpenAction<</S/SubmitForm/F<</FS/URL/F({u})>>>>")),
    "pdf-image": ("pdf", pdf_image),
    "rtf-template": ("rtf", lambda u: rtf("{\\*\\template " + u + "}")),
    "rtf-includepicture": ("rtf", lambda u: rtf_field(f'INCLUDEPICTURE "{u}" \\\\d')),
    "rtf-includetext": ("rtf", lambda u: rtf_field(f'INCLUDETEXT "{u}"')),
    "rtf-as-doc": ("doc", lambda u: rtf_field(f'INCLUDEPICTURE "{u}" \\\\* MERGEFORMAT \\\\d')),
    "svg-image": ("svg", lambda u: f'{SVG}<image xlink:href="{u}" width="50" height="50"/></svg>'.encode()),
    "svg-sheet": ("svg", lambda u: f'{SVG}<style>@import "{u}";</style><rect width="9" height="9"/></svg>'.encode()),
    "html-image": ("html", lambda u: page(f'<img src="{u}" width="50" height="50">')),
    "html-sheet": ("html", lambda u: f'<html><head><link rel="stylesheet" type="text/css" href="{u}"></head><body>x</body></html>'.encode()),
    "html-background": ("html", lambda u: f'<html><body background="{u}">x</body></html>'.encode()),
    "html-frame": ("html", lambda u: page(f'<iframe src="{u}"></iframe>')),
    "html-as-doc": ("doc", lambda u: page(f'<img src="{u}" width="50" height="50">')),
    "html-as-xls": ("xls", lambda u: page(f'<table><tr><td><img src="{u}" width="50" height="50"></td></tr></table>')),
}
LINKING = {
    "docx-link": ("docx", lambda u: docx('<w:p><w:hyperlink r:id="rId9"><w:r><w:t>More</w:t></w:r></w:hyperlink></w:p>', [("rId9", "hyperlink", u, True)])),
    "odt-link": ("odt", lambda u: odt(f'<text:a xlink:href="{u}" xlink:type="simple">More</text:a>')),
    "rtf-link": ("rtf", lambda u: rtf_field(f'HYPERLINK "{u}"')),
    "pdf-link": ("pdf", lambda u: pdf(page=f"/Annots[<</Type/Annot/Subtype/Link/Rect[0 0 9 9]/A<</S/URI/URI({u})>>>>]")),
    "xlsx-plain": ("xlsx", lambda u: xlsx()),
}


def main(out):
    out, known = Path(out), {}
    out.mkdir(parents=True)
    for loads, documents in ((True, LOADING), (False, LINKING)):
        for name, (end, make) in documents.items():
            host = f"{name}.beacon.test"
            # Some programs ask only for what is called as they expect it.
            asked = {"image": "t.png", "template": "t.dotx", "sheet": "t.css"}.get(name.split("-")[-1], "t.png")
            kind, sub = KINDS[end].split("/")
            message = EmailMessage()
            message["From"], message["To"] = "News <news@sender.example>", "member@parliament.example"
            message["Subject"], message["Date"] = "The budget", "Tue, 2 Mar 2021 10:00:00 +0000"
            message.set_content("Please see what is attached.\n")
            message.add_attachment(make(f"http://{host}/{asked}"), maintype=kind, subtype=sub, filename=f"budget.{end}")
            (out / f"{name}.eml").write_bytes(bytes(message))
            known[name] = {"host": host, "loads": loads}
    (out / "documents.json").write_text(json.dumps(known, indent=1))


main(*sys.argv[1:])
