"""Takes out of messages the pages that a mail program would show, with Python's own reader of mail.

pages.py MESSAGES OUT

Of each message: every page in its body, with what its `cid:` addresses lead to put in, the pages in messages
within it, and the attachments that a browser opens. A page that does not travel as UTF-8 is written as a
program decodes it and as its bytes are, since some leave that to the browser. What another client alone
understands (AMP, calendars) is written for the judge of structure; `type` is then null.
"""

import base64
import email
import email.policy
import html
import json
import re
import sys
from pathlib import Path

OPENED = {".html": "text/html", ".htm": "text/html", ".shtml": "text/html", ".svg": "image/svg+xml",
          ".xhtml": "application/xhtml+xml", ".xht": "application/xhtml+xml", ".xml": "text/xml",
          ".mht": "multipart/related"}
PAGES = {"text/html", "application/xhtml+xml", "image/svg+xml"}
OTHERS = {"text/x-amp-html", "text/calendar"}


def text_of(data, charset):
    try:
        return data.decode(charset or "utf-8")
    except (LookupError, UnicodeDecodeError):
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            return data.decode("latin-1")


def bytes_of(part):
    data = part.get_payload(decode=True)
    return data if data is not None else b""


def type_of(part):
    """The type, also where something stands after it that Python takes for a mistake."""
    said = re.match(r"\s*([\w-]+/[\w.+-]+)", part["content-type"] or "")
    return said[1].lower() if said else part.get_content_type()


def based(part, text):
    """The page with the base that its part names (RFC 2557), where it names one."""
    base = part["content-base"] or part["content-location"] or ""
    return f'<base href="{html.escape(base)}">{text}' if ":" in base else text


def inner_of(part):
    """A message that travels as one, or as a file."""
    if part.get_content_type() in ("message/rfc822", "message/global"):
        inner = part.get_payload()
        inner = inner[0] if isinstance(inner, list) and inner else None
        # Encoded, which the standard forbids and programs read: what was parsed is the encoding.
        if inner is not None and (part["content-transfer-encoding"] or "").strip().lower() == "base64":
            try:
                return email.message_from_bytes(base64.b64decode(inner.as_bytes()), policy=email.policy.compat32)
            except ValueError:
                return inner
        return inner
    if (part.get_filename() or "").lower().endswith(".eml"):
        return email.message_from_bytes(bytes_of(part), policy=email.policy.compat32)
    return None


def pages(message):
    """Each page: bytes, type as served (None: no page for a browser)."""
    parts, inner, queue = [], [], [message]
    while queue:
        part = queue.pop(0)
        nested = inner_of(part)
        if nested is not None:
            inner.append(nested)
        elif part.is_multipart():
            queue = list(part.get_payload()) + queue
        else:
            parts.append(part)
    within = {(part["content-id"] or "").strip().strip("<>"): part for part in parts if part["content-id"]}

    def resolved(text):
        def put(found):
            part = within.get(found[1])
            if part is None:
                return found[0]
            return f"data:{part.get_content_type()};base64," + base64.b64encode(bytes_of(part)).decode()
        return re.sub(r"cid:([\w.@$%+-]+)", put, text)

    for part in parts:
        kind, data, charset = type_of(part), bytes_of(part), part.get_content_charset()
        end = Path(part.get_filename() or "").suffix.lower()
        if kind not in PAGES and end in OPENED:
            kind = OPENED[end]
        if kind in OTHERS:
            yield text_of(data, charset).encode(), None
        elif kind in PAGES:
            text = based(part, text_of(data, charset))
            served = "text/html" if kind == "text/html" else kind
            yield resolved(text).encode("utf-8", "replace"), f"{served}; charset=utf-8"
            if kind == "text/html" and (charset or "utf-8") not in ("utf-8", "us-ascii"):
                yield data, f"{kind}; charset={charset}"
            elif kind == "text/html" and not charset:
                yield data, kind
    for one in inner:
        yield from pages(one)


def main(messages, out):
    out, index = Path(out), []
    out.mkdir(parents=True, exist_ok=True)
    for path in sorted(Path(messages).glob("*.eml")):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.compat32)
        for number, (data, kind) in enumerate(pages(message)):
            name = f"{path.stem}.{number}.page"
            (out / name).write_bytes(data)
            index.append({"file": name, "type": kind})
    (out / "index.json").write_text(json.dumps(index))


main(*sys.argv[1:])
