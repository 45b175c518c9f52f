#!/usr/bin/env bash
# The figures of speed and memory; benches/hunt.sh prints the whole table.
#
# Fails when two threads are less than 1.8 times as fast as one or memory goes beyond 150 MB; the
# number of events per CPU second depends on the machine and is only printed.
source "$(dirname "$0")/lib.sh"
need evtx-attack-samples
need sigma
benches/hunt.sh | tee "$work/table"
python3 - "$work/table" <<'PY'
import re, sys
text = open(sys.argv[1]).read()
rows = {}
for name, cpu, wall, peak, rest in re.findall(r"^\| (.+?) \| ([\d.]+) \| ([\d.]+) \| (\d+) \| (.*?) ?\|$", text, re.M):
    rows[name] = (float(wall), float(peak), rest)
faster = [float(row[2].split()[0]) for name, row in rows.items() if name.endswith("2 threads")]
peak = max(row[1] for name, row in rows.items() if name.startswith("hunt"))
print(f"two threads {min(faster):.2f} times as fast; peak {peak:.0f} MB")
sys.exit(min(faster) < 1.8 or peak > 150)
PY
