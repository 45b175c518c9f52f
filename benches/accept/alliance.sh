#!/usr/bin/env bash
# The campaign is found and newsletters are not: the staged alliance by SEEDS (1 2 3) at SCALE (0.05) and each
# of LEVELS (easy hard); then the messages of ../shared/data/mail as they are, and delivered to 50 mailboxes.
source "$(dirname "$0")/lib.sh"
met=0 all=0
say() { python3 - "$@"; }
for seed in ${SEEDS:-1 2 3}; do
    for level in ${LEVELS:-easy hard}; do
        all=$((all + 1))
        "$PORTCULLIS" exercise run alliance --seed "$seed" --scale "${SCALE:-0.05}" --difficulty "$level" \
            --out "$work/run" >"$work/answer" 2>/dev/null || true
        say "$seed" "$level" "$work/run/score.json" <<'PY' && met=$((met + 1))
import json, sys
seed, level, path = sys.argv[1:]
mail = json.load(open(path))["mail"]
waves = mail["raised_by"]
third = sum(wave["by_the_third"] for wave in waves)
print(f"seed {seed} {level}: precision {mail['precision']:.4f} recall {mail['recall']:.4f},"
      f" {third} of {len(waves)} waves raised by the third mailbox, {mail['newsletters_called']} newsletters called",
      *sorted(mail["called"])[:5], sep="\n    " if mail["called"] else "")
least = 0.90 if level == "hard" else 0.95
sys.exit(not (mail["precision"] >= 0.99 and mail["recall"] >= least and third == len(waves)))
PY
        rm -rf "$work/run"
    done
done
called="not tried"
if [ -e "$data/mail" ]; then
    hunt "$data/mail" --output "$work/plain" >/dev/null 2>&1
    plain=$(say "$work/plain/findings.jsonl" <<'PY'
import json, sys
tag = "portcullis.verdict.reconnaissance"
found = [json.loads(line) for line in open(sys.argv[1])]
print(len({json.dumps(one["evidence"]) for one in found if tag in json.dumps(one)}))
PY
)
    "$PORTCULLIS" exercise mailboxes "$data/mail" --owners 50 --out "$work/boxes" 2>/dev/null
    hunt "$work/boxes/evidence" --institution "$work/boxes/institution.toml" --output "$work/case" >/dev/null 2>&1
    "$PORTCULLIS" exercise score "$work/boxes" "$work/case/findings.jsonl" >/dev/null 2>&1 || true
    delivered=$(say "$work/case/score.json" <<'PY'
import json, sys
print(json.load(open(sys.argv[1]))["mail"]["newsletters_called"])
PY
)
    called="$plain as they are and $delivered when delivered to 50 mailboxes"
    [ "$plain" -le 1 ] && [ "$delivered" -le 1 ] || met=-1
else
    echo "left out: $data/mail is not here"
fi
echo "$met of $all campaigns found as they should be; newsletters called of ${data##*/}/mail: $called"
[ "$met" = "$all" ]
