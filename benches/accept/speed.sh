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
rows = {name.strip(): (float(cpu), float(wall), float(peak)) for name, cpu, wall, peak in
        re.findall(r"^(.{28}) cpu +([\d.]+) s  wall +([\d.]+) s  peak +([\d.]+) MB$", text, re.M)}
records = int(re.search(r"^(\d+) records", text, re.M)[1])
one, two = rows["hunt, 1 thread"], rows["hunt, 2 threads"]
apart = rows["start-up, rules cached"][0] + rows["SHA-256 of the files"][0]
faster, peak = one[1] / two[1], max(one[2], two[2])
print(f"{records / (one[0] - apart):,.0f} events per CPU second; two threads {faster:.2f} times as fast; peak {peak:.0f} MB;",
      f"rules {rows['start-up, rules not cached'][0]:.2f} s cold, {rows['start-up, rules cached'][0]:.2f} s cached")
sys.exit(faster < 1.8 or peak > 150)
PY
