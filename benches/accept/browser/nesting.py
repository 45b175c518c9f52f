"""What HTML is put into: one function a name, text to text."""

import base64
import html
import re
from urllib.parse import quote


def data(kind, text):
    return f"data:{kind};base64," + base64.b64encode(text.encode()).decode()


def utf7(text):
    return re.sub("[<>\"'= ]", lambda m: "+" + base64.b64encode(m[0].encode("utf-16be")).decode().rstrip("=") + "-", text)


SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="99" height="99">'

NESTS = {
    "srcdoc": lambda t: f'<iframe srcdoc="{html.escape(t)}"></iframe>',
    "data": lambda t: f'<iframe src="data:text/html,{quote(t)}"></iframe>',
    "data64": lambda t: f'<iframe src="{data("text/html", t)}"></iframe>',
    "data-utf7": lambda t: f'<iframe src="data:text/html;charset=utf-7,{quote(utf7(t))}"></iframe>',
    "object64": lambda t: f'<object data="{data("text/html", t)}"></object>',
    "embed64": lambda t: f'<embed type="text/html" src="{data("text/html", t)}">',
    "svg": lambda t: f"{SVG}{t}</svg>",
    "svg-inline": lambda t: f"<p>x</p><svg>{t}</svg>",
    "object-svg": lambda t: f'<object type="image/svg+xml" data="{data("image/svg+xml", t)}"></object>',
    "img-svg": lambda t: f'<img src="{data("image/svg+xml", t)}">',
    "noscript": lambda t: f"<noscript>{t}</noscript>",
    "foreign": lambda t: f"<svg><foreignObject width=99 height=99>{t}</foreignObject></svg>",
    # Chromium's own bound is 512 elements; below it, everything else is as deep as it says.
    "depth": lambda t: "<div>" * 400 + t + "</div>" * 400,
    "filler": lambda t: f'<p title="{"x" * 200_000}">a</p>{t}',
    "xhtml": lambda t: f'<html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title></head><body>{t}</body></html>',
}


def nest(text, names):
    for name in names:
        text = NESTS[name](text)
    return text
