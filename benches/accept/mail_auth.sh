#!/usr/bin/env bash
# The published SPF and ARC suites, and a sealed message before dkimpy.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
SEALED_DIR=$work cargo test --quiet -p mail --test it mail_auth -- --nocapture --test-threads 1 >"$work/said" 2>&1 ||
    { cat "$work/said"; exit 1; }
grep -E '^(SPF|ARC validation|ARC signing) |^  |left out' "$work/said" || true
: "${PYTHON:=target/venv/bin/python3}"
if "$PYTHON" -c 'import dkim' 2>/dev/null; then
    "$PYTHON" - "$work" <<'PY'
import sys, dkim
name, text = open(f"{sys.argv[1]}/record").read().splitlines()
names = lambda asked, timeout=5: text.encode() if asked.decode().rstrip(".") == name else None
message = open(f"{sys.argv[1]}/sealed.eml", "rb").read()
state, sets, reason = dkim.arc_verify(message, dnsfunc=names)
assert state == b"pass" and len(sets) == 3, (state, sets, reason)
state, _, _ = dkim.arc_verify(message.replace(b"The budget", b"The Budget"), dnsfunc=names)
assert state == b"fail", state
print("dkimpy: a message sealed three times holds, a changed one does not")
PY
else
    echo "left out: dkimpy is not installed (pip install dkimpy into target/venv)"
fi
