#!/usr/bin/env bash
# Every rule of expected.csv holds on its file, at least as often as stated.
source "$(dirname "$0")/lib.sh"
need sigma-regression
hunt "$data/sigma-regression" --no-builtin --rules "$data/sigma" --min-level informational \
    --format jsonl >"$work/findings.jsonl" 2>"$work/talk"
python3 - "$data/sigma-regression/expected.csv" "$work/findings.jsonl" <<'PY'
import collections, csv, json, sys
held = collections.Counter()
for line in open(sys.argv[2]):
    finding = json.loads(line)
    held[finding["rule"]["id"], finding["evidence"]["path"].rsplit("/", 1)[-1]] += 1
rows = list(csv.DictReader(open(sys.argv[1])))
short = [row for row in rows if held[row["rule_id"], row["evtx"]] < int(row["match_count"] or 1)]
for row in short:
    print("too few:", row, held[row["rule_id"], row["evtx"]])
print(f"{len(rows) - len(short)} of {len(rows)} rules hold")
sys.exit(bool(short))
PY
