#!/usr/bin/env bash
# Mailboxes of every kind, read here and by programs of others: Python's mailbox, extract-msg, readpst, pffexport.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
: "${PYTHON:=target/venv/bin/python3}"
[ -x "$PYTHON" ] || PYTHON=python3
judge=benches/accept/mailboxes/judge.py
data=../shared/data/mail
mkdir -p "$work/read" "$work/write" target/samples

# Samples that Outlook wrote, from packages that carry them; kept below target/ and not in the tree.
if [ ! -e target/samples/enron.pst ]; then
    (cd "$work" && npm pack --silent pst-extractor@1.12.0 >/dev/null 2>&1 && tar xzf pst-extractor-1.12.0.tgz) || true
    cp "$work"/package/example/testdata/*.[op]st target/samples/ 2>/dev/null ||
        echo "left out: samples of PST and OST (the npm package pst-extractor cannot be fetched)"
fi
if [ ! -e target/samples/unicode.msg ]; then
    mkdir -p "$work/fetch/src"
    printf '[package]\nname = "fetch"\nversion = "0.0.0"\nedition = "2024"\n[dependencies]\nmsg_parser = "=0.3.6"\n' \
        >"$work/fetch/Cargo.toml"
    : >"$work/fetch/src/lib.rs"
    cargo fetch --quiet --manifest-path "$work/fetch/Cargo.toml" 2>/dev/null || true
    cp "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/msg_parser-0.3.6/data/*.msg target/samples/ 2>/dev/null ||
        echo "left out: samples of MSG (the crate msg_parser cannot be fetched)"
fi
mkdir "$work/read/outlook"
cp target/samples/*.[op]st target/samples/*.msg "$work/read/outlook/" 2>/dev/null || true
cp fuzz/corpus/msg/seed-sample "$work/read/outlook/own.msg"
cp "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/outlook-pst-*/examples/*.pst "$work/read/outlook/" 2>/dev/null ||
    echo "left out: the sample of the crate outlook-pst (cargo fetch)"

if [ -d "$data" ]; then
    "$PYTHON" "$judge" make "$data" "$work"
else
    echo "left out: $data is not here; mbox, Maildir and exports"
fi
MAILBOXES_READ=$work/read MAILBOXES_WRITE=$work/write \
    cargo test --quiet -p observe --test it mailboxes_for_judges -- --ignored >"$work/said" 2>&1 ||
    { cat "$work/said"; exit 1; }
"$PYTHON" "$judge" check "$work"
