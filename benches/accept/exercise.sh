#!/usr/bin/env bash
# The staged incident is found: SEEDS (1 to 3) at SCALE (0.05).
source "$(dirname "$0")/lib.sh"
met=0 all=0
for seed in ${SEEDS:-1 2 3}; do
    all=$((all + 1))
    "$PORTCULLIS" exercise run commission --seed "$seed" --scale "${SCALE:-0.05}" --out "$work/run" \
        >"$work/answer" 2>/dev/null && met=$((met + 1))
    python3 - "$seed" "$work/run/score.json" <<'PY'
import json, sys
score = json.load(open(sys.argv[2]))
records, incidents, seen, exposure = (score[key] for key in ("records", "incidents", "first_seen", "exposure"))
print(f"seed {sys.argv[1]}: recall {records['recall']:.3f} precision {records['precision']:.3f}",
      f"main {incidents['main']:.3f} first {'exact' if seen['truth'] == seen['found'] else 'off'}",
      f"exposure {exposure['recall']:.3f}/{exposure['precision']:.3f}")
PY
done
echo "$met of $all seeds meet every goal"
[ "$met" = "$all" ]
