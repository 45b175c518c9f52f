#!/usr/bin/env bash
# The same bytes with one and two threads, twice in a row, and after a hunt that was killed and resumed.
source "$(dirname "$0")/lib.sh"
"$PORTCULLIS" exercise stage commission --seed 3 --scale 0.02 --out "$work/staged" 2>/dev/null
run() { # folder, options...
    local out=$1
    shift
    hunt "$work/staged/evidence" --detected 2022-10-15 --output "$work/$out" "$@" >"$work/$out.txt" 2>/dev/null
    grep -v '^report: ' "$work/$out.txt" >"$work/$out/answer.txt"
}
run one --threads 1
run two --threads 2
run again --threads 2
for try in 1 2 3 4 5 6; do
    timeout -s KILL "0.$((RANDOM % 9 + 1))" "$PORTCULLIS" hunt "$work/staged/evidence" \
        --resume "$work/parts" >/dev/null 2>&1 || true
done
run resumed --threads 2 --resume "$work/parts"
run kept --threads 2 --resume "$work/parts"
for other in two again resumed kept; do
    diff -r "$work/one" "$work/$other" >/dev/null || { echo "$other differs from one"; exit 1; }
done
echo "$(ls "$work/one" | wc -l) files the same over 5 runs, two of them resumed"
