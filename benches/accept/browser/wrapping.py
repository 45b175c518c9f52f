"""How a page travels in a message: one function a name, from a page (and what else there is) to the bytes
below the header of the message, with the fields that say what they are."""

import base64
import quopri
import re

from nesting import utf7

END = b"\r\n"
B64 = "Content-Transfer-Encoding: base64"
PLAIN = ([b"Content-Type: text/plain"], b"Good morning.")


def lines(data, width=76):
    return END.join(data[at : at + width] for at in range(0, len(data), width))


def b64(data):
    return lines(base64.b64encode(data))


def part(body, kind="text/html; charset=utf-8", *fields):
    """A part: its fields, and its body as it travels."""
    if isinstance(body, str):
        body = body.encode()
    return [f"Content-Type: {kind}".encode(), *(field.encode() for field in fields)], body


def coded(data, kind="text/html; charset=utf-8", *fields):
    return part(b64(data if isinstance(data, bytes) else data.encode()), kind, B64, *fields)


def joined(inner):
    fields, body = inner
    return END.join(fields) + END + END + body


def multi(kind, *parts, boundary="=_b1", field=None, last=True):
    mark = b"--" + boundary.encode()
    body = b"".join(mark + END + joined(one) + END for one in parts) + (mark + b"--" + END if last else b"")
    return [(field or f'Content-Type: multipart/{kind}; boundary="{boundary}"').encode()], body


def message(inner, subject="Inner"):
    """A whole message as bytes."""
    head = [b"From: News <news@sender.example>", b"To: member@parliament.example", b"Subject: " + subject.encode(),
            b"Date: Tue, 2 Mar 2021 10:00:00 +0000", b"MIME-Version: 1.0"]
    return END.join(head) + END + joined(inner)


def junk(page):
    text = base64.b64encode(page.encode())
    return part(lines(b"!*".join(text[at : at + 7] for at in range(0, len(text), 7))), "text/html; charset=utf-8", B64)


def lax(page):
    """Quoted-printable with signs and soft breaks that the standard does not know."""
    text = page.encode().replace(b"=", b"=3d").replace(b"img", b"i=  \r\nmg").replace(b"src", b"s=72c")
    return part(text + b"=zz", "text/html", "Content-Transfer-Encoding: Quoted-Printable")


def attached(data, kind, name):
    return multi("mixed", PLAIN, coded(data, kind, f'Content-Disposition: attachment; filename="{name}"'))


def deep(inner, depth=12):
    for number in range(depth):
        inner = multi("mixed", inner, boundary=f"=_d{number}")
    return inner


def related(page, inner):
    return multi("related", part(page), inner)


def event(line):
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", "METHOD:REQUEST", "BEGIN:VEVENT", "UID:1@x",
                        "DTSTAMP:20210302T100000Z", "DTSTART:20210302T100000Z", "SUMMARY:Meeting", line,
                        "END:VEVENT", "END:VCALENDAR", ""])


def calendar(line):
    return multi("alternative", PLAIN, part(event(line), "text/calendar; charset=utf-8; method=REQUEST"))


def twice(page):
    fields, body = part(page)
    return [*fields, b"Content-Type: text/plain"], body


WRAPS = {
    "html": lambda p, more: part(p, "text/html; charset=utf-8", "Content-Transfer-Encoding: 8bit"),
    # Encodings of a transfer
    "quoted": lambda p, more: part(quopri.encodestring(p.encode()), "text/html; charset=utf-8",
                                   "Content-Transfer-Encoding: quoted-printable"),
    "quoted-lax": lambda p, more: lax(p),
    "base64": lambda p, more: coded(p),
    "base64-junk": lambda p, more: junk(p),
    "base64-long": lambda p, more: part(base64.b64encode(p.encode()), "text/html", B64),
    "base64-unpadded": lambda p, more: part(base64.b64encode((p + " ").encode()).rstrip(b"="), "text/html", B64),
    "encoding-unknown": lambda p, more: part(p, "text/html", "Content-Transfer-Encoding: x-none"),
    "encoding-upper": lambda p, more: part(b64(p.encode()), "text/html", "CONTENT-TRANSFER-ENCODING:BASE64"),
    "encoding-twice": lambda p, more: part(b64(p.encode()), "text/html", B64, "Content-Transfer-Encoding: 7bit"),
    "bare-lf": lambda p, more: part(p.replace("<", "\n<"), "text/html"),
    # Character sets
    "utf-16": lambda p, more: coded(p.encode("utf-16"), "text/html; charset=utf-16"),
    "utf-16le": lambda p, more: coded(p.encode("utf-16-le"), "text/html; charset=utf-16le"),
    "utf-16-bom": lambda p, more: coded(p.encode("utf-16"), "text/html"),
    "utf-7": lambda p, more: part(utf7(p), "text/html; charset=utf-7"),
    "iso-2022-jp": lambda p, more: part(p.encode("iso-2022-jp") + "日本".encode("iso-2022-jp"),
                                        "text/html; charset=iso-2022-jp"),
    "iso-2022-escape": lambda p, more: part(p, "text/html; charset=iso-2022-jp"),
    "charset-lying": lambda p, more: part(p, "text/html; charset=utf-16"),
    "charset-unknown": lambda p, more: part(p, "text/html; charset=x-nothing-known"),
    "shift-jis": lambda p, more: coded(p.encode("latin-1"), "text/html; charset=shift_jis"),
    "gb18030": lambda p, more: coded(p.encode("gb18030"), "text/html; charset=gb18030"),
    "ebcdic": lambda p, more: coded(p.encode("cp037"), "text/html; charset=cp037"),
    "charset-2231": lambda p, more: part(p, "text/html; charset*=us-ascii'en'utf-8"),
    # Parts
    "alternative": lambda p, more: multi("alternative", PLAIN, part(p)),
    "alternative-first": lambda p, more: multi("alternative", part(p), PLAIN),
    "mixed": lambda p, more: multi("mixed", PLAIN, part(p)),
    "two-pages": lambda p, more: multi("mixed", part("<p>Nothing here"), part(p)),
    "type-upper": lambda p, more: part(p, 'TEXT/HTML; CHARSET="UTF-8"'),
    "type-twice": lambda p, more: twice(p),
    "type-comment": lambda p, more: part(p, "text/html (plain; really); charset=utf-8"),
    "type-folded": lambda p, more: part(p, "text/html;\r\n\tcharset=utf-8;\r\n name=a"),
    "inline-named": lambda p, more: multi("mixed", PLAIN, part(p, "text/html; name=a.txt",
                                                               'Content-Disposition: inline; filename="a.txt"')),
    "boundary-quoted": lambda p, more: multi("mixed", PLAIN, part(p), boundary="a (b) c"),
    "boundary-prefix": lambda p, more: multi("mixed", PLAIN, multi("mixed", part(p), boundary="b=x"), boundary="b=",
                                             field='Content-Type: multipart/mixed; boundary="b="'),
    "boundary-missing-end": lambda p, more: multi("mixed", PLAIN, part(p), last=False),
    "deep": lambda p, more: deep(part(p)),
    "xhtml": lambda p, more: multi("alternative", PLAIN, part(p, "application/xhtml+xml")),
    "content-location": lambda p, more: part(p, "text/html", f"Content-Base: {more}", f"Content-Location: {more}"),
    "related-page": lambda p, more: related(p, coded(more, "text/html", "Content-ID: <inner>")),
    "related-style": lambda p, more: related(p, part(more, "text/css", "Content-ID: <inner>")),
    "related-svg": lambda p, more: related(p, part(more, "image/svg+xml", "Content-ID: <inner>")),
    "amp": lambda p, more: multi("alternative", PLAIN, part(f"<!doctype html><html ⚡4email><body>{p}</body></html>",
                                                            "text/x-amp-html; charset=utf-8")),
    "calendar": lambda p, more: calendar(f"X-ALT-DESC;FMTTYPE=text/html:{p}"),
    "calendar-attach": lambda p, more: calendar(f"ATTACH;FMTTYPE=image/png:{p}\r\nIMAGE;VALUE=URI:{p}"),
    # Messages in messages, and files
    "message": lambda p, more: multi("mixed", PLAIN, part(message(part(p)), "message/rfc822")),
    "message-twice": lambda p, more: multi("mixed", PLAIN, part(message(multi("mixed", part(
        message(coded(p)), "message/rfc822"), boundary="=_i")), "message/rfc822")),
    "message-base64": lambda p, more: multi("mixed", PLAIN, coded(message(coded(p)), "message/rfc822")),
    "message-file": lambda p, more: attached(message(part(p)), "application/octet-stream", "Forwarded.eml"),
    "digest": lambda p, more: multi("digest", ([b"X-Number: 1"], message(part(p)))),
    "attached-html": lambda p, more: attached(p, "text/html", "invitation.html"),
    "octets-html": lambda p, more: attached(p, "application/octet-stream", "invitation.htm"),
    "text-html": lambda p, more: attached("<html>" + p, "text/plain", "invitation.html"),
    "attached-xhtml": lambda p, more: attached(p, "application/xhtml+xml", "invitation.xhtml"),
    "attached-utf16": lambda p, more: attached(p.encode("utf-16"), "text/html; charset=utf-16", "invitation.html"),
    "attached-svg": lambda p, more: attached(p, "image/svg+xml", "chart.svg"),
    "octets-svg": lambda p, more: attached(p, "application/octet-stream", "chart.svg"),
}


def wrap(page, name, more, subject):
    return message(WRAPS[name](page, more), subject)
