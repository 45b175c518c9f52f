"""Writes a message for every vector.

author.py OUT HTTP-PORT HTTPS-PORT VECTORS.toml…

OUT gets NAME.eml for each, and vectors.json: name → {kind, client, host}. The name of a vector is its kind
and its own; its host is that name below beacon.test, so that whoever asks for anything is known by it.
"""

import json
import re
import sys
import tomllib
from pathlib import Path
from urllib.parse import quote

from nesting import nest
from wrapping import wrap

ZONE = "beacon.test"
KEYS = {"html", "nest", "mail", "client", "more"}
CLIENTS = {"browser", "structure", "none"}


def spelled(text, name, http, https):
    """`text` with the placeholders filled in."""
    url = f"http://{name}:{http}/t"
    wide = "".join(chr(ord(c) + 0xFEE0) if c.isalnum() else c for c in name)
    values = {
        "url": url, "https": f"https://{name}:{https}/t", "rel": f"//{name}:{http}/t", "host": f"{name}:{http}",
        "name": name, "port": str(http),
        "entities": "".join(f"&#x{ord(c):x};" for c in url),
        "css": "".join(f"\\{ord(c):06x}" for c in url),
        "percent": quote(url, safe=""),
        "percent-host": f"%{ord(name[0]):02x}{name[1:]}:{http}",
        "wide": f"http://{wide}:{http}/t",
    }
    for key, value in values.items():
        text = text.replace("{" + key + "}", value)
    return text


def main(out, http, https, *tables):
    out, known = Path(out), {}
    out.mkdir(parents=True, exist_ok=True)
    for table in tables:
        for kind, vectors in tomllib.loads(Path(table).read_text()).items():
            for own, vector in vectors.items():
                vector = {"html": vector} if isinstance(vector, str) else vector
                name = f"{kind}-{own}"
                client = vector.get("client", "browser")
                assert not vector.keys() - KEYS and client in CLIENTS and name not in known, name
                assert re.fullmatch("[a-z0-9-]{1,63}", name), name
                host = f"{name}.{ZONE}"
                page = nest(spelled(vector["html"], host, http, https), vector.get("nest", []))
                more = spelled(vector.get("more", "{url}"), host, http, https)
                raw = wrap(page, vector.get("mail", "html"), more, f"News of today ({name})")
                (out / f"{name}.eml").write_bytes(raw)
                known[name] = {"kind": kind, "client": client, "host": host}
    (out / "vectors.json").write_text(json.dumps(known, indent=1))


main(*sys.argv[1:])
