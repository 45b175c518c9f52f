#!/usr/bin/env bash
# STIX by its validator, the timeline by its columns, EVTX by an independent reader, JSON by its schema.
source "$(dirname "$0")/lib.sh"
"$PORTCULLIS" exercise run commission --seed 2 --scale 0.02 --out "$work/run" >/dev/null 2>&1 || [ $? = 1 ]
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
if [ -x "$venv/python3" ] && "$venv/python3" -c 'import Evtx' 2>/dev/null; then
    file=$(find "$work/run/evidence" -name '*.evtx' -size -3M -printf '%s %p\n' | sort -n | head -n 1 | cut -d' ' -f2-)
    "$venv/python3" - "$file" <<'PY'
import sys
from Evtx.Evtx import Evtx
with Evtx(sys.argv[1]) as log:
    count = sum(1 for record in log.records() if record.xml())
print(f"{count} EVTX records read by python-evtx")
PY
    said="$said; EVTX read by python-evtx"
fi
echo "$said"
