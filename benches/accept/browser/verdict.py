"""Says which vectors fire, raw and made harmless, and whether that is as it has to be.

verdict.py WORK, which holds {raw,safe}/{seen,structure}.json and raw/vectors.json.
"""

import collections
import json
import sys
from pathlib import Path

AUTHORED, FIRING = 120, 90


def main(work):
    read = lambda name: json.loads((Path(work) / name).read_text())
    vectors, raw, safe = read("raw/vectors.json"), read("raw/seen.json"), read("safe/seen.json")
    by_host = {vector["host"]: name for name, vector in vectors.items()}

    def fired(seen):
        """Vectors of which a host was asked, and how that was seen."""
        said = {}
        for host, how in seen["hosts"].items():
            name = next((by_host[known] for known in by_host if ("." + host).endswith("." + known)), host)
            said.setdefault(name, set()).update(how)
        return said

    first, after = fired(raw), fired(safe)
    browser = [name for name, vector in vectors.items() if vector["client"] == "browser"]
    others = [name for name, vector in vectors.items() if vector["client"] == "structure"]
    found, left = ({entry["vector"] for entry in read(f"{side}/structure.json")} for side in ("raw", "safe"))
    kinds = collections.Counter(vectors[name]["kind"] for name in browser if name in first)
    ways = collections.Counter(way for ways in first.values() for way in ways)
    print(f"Chromium {raw['version']}: {raw['pages']} pages raw, {safe['pages']} neutralised, each with scripts and without")
    print("fire by kind: " + ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items())))
    print("seen as: " + ", ".join(f"{way} {count}" for way, count in sorted(ways.items())))
    print("silent in Chromium also raw: " + " ".join(name for name in browser if name not in first))
    wrong = [f"raw, {name} is not in the tree" for name in others if name not in found]
    wrong += [f"raw, {name} asks and should not" for name, vector in vectors.items()
              if vector["client"] == "none" and (name in first or name in found)]
    wrong += [f"neutralised, {name} still asks ({', '.join(sorted(how))})" for name, how in sorted(after.items())]
    for entry in read("safe/structure.json"):
        wrong.append(f"neutralised, {entry['vector']} still stands in {entry['where']}")
    firing = sum(name in first for name in browser)
    if len(vectors) < AUTHORED or firing < FIRING:
        wrong.append(f"too few: {len(vectors)} vectors, {firing} firing")
    print("\n".join(wrong) or "nothing that is neutralised asks for anything")
    print(f"{len(vectors)} vectors: {firing} of {len(browser)} fire in Chromium raw, {len(after)} neutralised; "
          f"{len(found & set(others))} of {len(others)} for other clients by structure raw, {len(left)} of all neutralised")
    sys.exit(bool(wrong))


main(*sys.argv[1:])
