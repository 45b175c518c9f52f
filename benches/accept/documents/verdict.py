"""Says which documents ask for something, raw and neutralised, and whether each is told by the facts.

verdict.py WORK VERSION
"""

import json
import re
import sys
from pathlib import Path


def hosts(path):
    return {line.split()[1] for line in path.read_text().splitlines() if len(line.split()) > 1}


def main(work, version):
    work = Path(work)
    documents = json.loads((work / "raw/documents.json").read_text())
    raw, safe = hosts(work / "raw/hosts"), hosts(work / "safe/hosts")
    told = {}
    for line in (work / "facts.jsonl").read_text().splitlines():
        facts = json.loads(line)
        told[Path(facts["file"]).stem] = {beacon.get("host") for beacon in facts["beacons"]}
    wrong, firing, listed, kept = [], 0, 0, 0
    loading = {name for name, document in documents.items() if document["loads"]}
    for name, document in documents.items():
        asks, is_told = document["host"] in raw, document["host"] in told.get(name, ())
        firing += asks
        listed += is_told
        if name in loading and not is_told:
            wrong.append(f"{name} is no beacon in the facts" + (", and LibreOffice asks" if asks else ""))
        if name not in loading and (asks or is_told):
            wrong.append(f"{name} loads nothing and is said to")
        if document["host"] in safe:
            wrong.append(f"{name} still asks after neutralising")
        before = sorted((work / "raw/files").glob(f"{name}.*"))
        after = sorted((work / "safe/files").glob(f"{name}.*"))
        assert len(before) == 1, name
        if name in loading and after and after[0].read_bytes() == before[0].read_bytes():
            wrong.append(f"{name} is delivered as it was")
        if name not in loading:
            if not after or after[0].read_bytes() != before[0].read_bytes():
                wrong.append(f"{name} loads nothing and was taken out")
            kept += 1
    strangers = {host for host in raw | safe if host not in {document["host"] for document in documents.values()}}
    print("asked raw: " + " ".join(sorted(name for name in loading if documents[name]["host"] in raw)))
    print("silent in this program: " + " ".join(sorted(name for name in loading if documents[name]["host"] not in raw)))
    if strangers:
        print("asked by LibreOffice itself: " + " ".join(sorted(strangers)))
    if firing < 10:
        wrong.append(f"too few ask raw: {firing}")
    print("\n".join(wrong) or "no document that is delivered asks for anything")
    still = sum(documents[name]["host"] in safe for name in documents)
    number = re.search(r"[\d.]+", version)
    print(f"LibreOffice {number[0] if number else '?'}: {firing} of {len(loading)} documents ask raw, {still} neutralised; "
          f"{listed} are beacons in the facts; {kept} that load nothing come through as they were")
    sys.exit(bool(wrong))


main(*sys.argv[1:])
