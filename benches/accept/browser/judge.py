"""Judges pages by their structure, with html5lib, which has no part in the program.

judge.py VECTORS.json PAGES OUT

A vector fires by structure when its host stands, escapes of CSS and character references and
percent-encoding taken off, where some program would ask for it: in any attribute but the target of a link or
a text for the reader, in a style, in a script, or in a comment that is an instruction or a condition. In a
calendar it is any line that is no text. OUT is a list of {vector, where}.
"""

import base64
import json
import re
import sys
import warnings
from pathlib import Path
from urllib.parse import unquote

import html5lib

warnings.filterwarnings("ignore")
# Attributes that are shown, or lead on only when clicked (and are judged by the program's own tests).
SHOWN = {"title", "alt", "summary", "label", "placeholder", "aria-label", "content", "value", "cite"}
TEXTS = ("DESCRIPTION", "SUMMARY", "LOCATION", "COMMENT", "CONTACT")
ESCAPE = re.compile(r"\\([0-9a-fA-F]{1,6})\s?|\\(.)", re.S)


def plain(text):
    """`text` in lower case as the laxest of programs may read it."""
    text = ESCAPE.sub(lambda m: chr(min(int(m[1], 16), 0x10FFFF)) if m[1] else m[2], text)
    text = "".join(chr(ord(c) - 0xFEE0) if 0xFF01 <= ord(c) <= 0xFF5E else c for c in unquote(text))
    return re.sub(r"[\t\r\n\0]", "", text).lower()


def read(text, depth=3):
    """Places where something may be asked for: a word, and what stands there."""
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    parser.parse(text)
    # The document, not its root alone: comments stand before that.
    for element in parser.tree.document._element.iter():
        name = element.tag
        if not isinstance(name, str):
            yield from comment(element.text or "", depth)
            continue
        name = name.rsplit("}", 1)[-1].lower()
        for attribute, value in element.attrib.items():
            attribute = attribute.rsplit("}", 1)[-1].lower()
            refresh = name == "meta" and (element.get("http-equiv") or "").strip().lower() == "refresh"
            link = attribute == "href" and name == "a" and not re.match(r"\W*javascript\W*:", plain(value))
            if link or attribute in SHOWN and not refresh and name != "param":
                continue
            yield f"{name} {attribute}", value
            inner = value if attribute == "srcdoc" else data(value)
            if inner and depth:
                yield from read(inner, depth - 1)
        if name in ("style", "script"):
            yield name, "".join(element.itertext())
        # Read otherwise where there are no scripts.
        if name in ("noscript", "noembed", "noframes", "iframe") and element.text and depth:
            yield from read(element.text, depth - 1)


def data(value):
    """What is in a `data:` address."""
    head, comma, body = value.strip().partition(",")
    if not comma or not head.lower().startswith("data:"):
        return None
    if not head.lower().endswith(";base64"):
        return unquote(body)
    try:
        return base64.b64decode(body + "==").decode("utf-8", "replace")
    except ValueError:
        return None


def comment(text, depth):
    if text.lstrip().startswith("?"):
        yield "instruction", text
    elif text.lstrip().startswith("[if") and depth:
        yield from read(text[text.find(">") + 1 :], depth - 1)


def calendar(text):
    for line in re.sub(r"\r?\n[ \t]", "", text).splitlines():
        if line.split(";")[0].split(":")[0].upper() not in TEXTS:
            yield "calendar", line


def main(vectors, pages, out):
    vectors, found = json.loads(Path(vectors).read_text()), []
    for page in json.loads((Path(pages) / "index.json").read_text()):
        name = page["file"].split(".")[0]
        text = (Path(pages) / page["file"]).read_bytes().decode("utf-8", "replace")
        places = calendar(text) if text.startswith("BEGIN:VCALENDAR") else read(text)
        host = vectors[name]["host"]
        found += [{"vector": name, "where": where} for where, value in places if host in plain(value)]
    Path(out).write_text(json.dumps(found, indent=1))


main(*sys.argv[1:])
