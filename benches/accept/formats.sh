#!/usr/bin/env bash
# STIX by its validator, the timeline by its columns, JSON by its schemas, written EVTX by independent readers.
source "$(dirname "$0")/lib.sh"
"$PORTCULLIS" exercise run commission --seed 2 --scale "${SCALE:-0.01}" --out "$work/run" >/dev/null 2>&1 || [ $? = 1 ]
case=$work/run/case
head -n 1 "$case/timeline.csv" | tr ',' '\n' >"$work/columns"
for column in message datetime timestamp_desc; do grep -qx "$column" "$work/columns"; done
said="timeline columns present"
if [ -x "$venv/stix2_validator" ]; then
    "$venv/stix2_validator" --version 2.1 "$case/case.stix.json" >"$work/stix" 2>&1 || { cat "$work/stix"; exit 1; }
    said="$said; STIX valid"
else
    echo "left out: stix2-validator is not installed (cargo xtask setup)"
fi
if "$venv/python3" -c 'import jsonschema' 2>/dev/null; then
    "$venv/python3" - "$case" <<'PY'
import json, sys, jsonschema
judge = lambda name: jsonschema.Draft202012Validator(json.load(open(f"docs/schema/{name}.schema.json")))
judge("case").validate(json.load(open(f"{sys.argv[1]}/case.json")))
finding = judge("finding")
for line in open(f"{sys.argv[1]}/findings.jsonl"):
    finding.validate(json.loads(line))
PY
    said="$said; findings and case hold to their schemas"
else
    echo "left out: jsonschema is not installed (cargo xtask setup)"
fi
# Logs in archives are the same writer's. The exercise tears one, as evidence is torn; others pass over
# a chunk that is not whole.
find "$work/run/evidence" -name '*.evtx' -printf '%s %p\n' | sort |
    awk '$1 % 65536 == 4096 { sub(/^[0-9]+ /, ""); print }' >"$work/logs"
records() { # what another reader counted
    python3 - "$case/manifest.json" "$1" <<'PY'
import json, sys
evidence = json.load(open(sys.argv[1]))["evidence"]
whole = lambda e: e["format"] == "evtx" and "!" not in e["path"] and e["size"] % 65536 == 4096
ours = sum(e["records"] for e in evidence if whole(e))
assert ours == int(sys.argv[2]), f"{ours} records read here, {sys.argv[2]} by the other"
PY
}
if "$venv/python3" -c 'import Evtx' 2>/dev/null; then
    count=$("$venv/python3" - "$work/logs" <<'PY'
import sys
from Evtx.Evtx import Evtx
count = 0
for path in open(sys.argv[1]).read().splitlines():
    with Evtx(path) as log:
        count += sum(1 for record in log.records() if record.xml())
print(count)
PY
    )
    records "$count"
    said="$said; $count EVTX records read by python-evtx"
else
    echo "left out: python-evtx is not installed (cargo xtask setup)"
fi
# Python's package has a program of the same name.
if evtx_dump --version 2>/dev/null | grep -q '^EVTX Parser'; then
    xargs -d '\n' -a "$work/logs" -n1 evtx_dump -t 1 -o jsonl >"$work/dump" 2>"$work/talk"
    [ ! -s "$work/talk" ] || { head "$work/talk"; exit 1; }
    records "$(wc -l <"$work/dump")"
    said="$said; as many by evtx_dump"
else
    echo "left out: evtx_dump is not installed (cargo install evtx)"
fi
echo "$said"
