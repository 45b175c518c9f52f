#!/usr/bin/env bash
# Both commands of the README on a fresh clone (FRESH=1), else in this tree as it is built.
#
# FRESH=1 clones the last commit and builds into the clone, as somebody does who has nothing yet; the
# crates come from cargo's own cache or the network. CHECK=1 runs `cargo xtask check` as well.
source "$(dirname "$0")/lib.sh"
where="this tree, already built"
if [ -n "${FRESH:-}" ]; then
    git clone --quiet . "$work/clone"
    cd "$work/clone"
    unset CARGO_TARGET_DIR
    where="a fresh clone, with its build"
fi
start=$SECONDS
if [ -n "${FRESH:-}" ]; then
    cargo run --quiet --release -- exercise run commission --out "$work/run" >"$work/answer"
else
    "$PORTCULLIS" exercise run commission --out "$work/run" >"$work/answer"
fi
took=$((SECONDS - start))
sed -n '/^How well/,$p' "$work/answer"
[ -s "$work/run/case/report.html" ]
du -sh --apparent-size "$work/run/evidence" | cut -f1
said="exercise run commission: $took s ($where)"
if [ -n "${CHECK:-}" ]; then
    start=$SECONDS
    cargo xtask check >"$work/check" 2>&1 || { tail -n 40 "$work/check"; exit 1; }
    said="$said; cargo xtask check: $((SECONDS - start)) s"
else
    echo "left out: cargo xtask check (CHECK=1)"
fi
echo "$said"
[ "$took" -lt 600 ]
