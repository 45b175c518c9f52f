#!/usr/bin/env bash
# Clean mail byte for byte through a real Postfix with the gate as milter and as proxy; DKIM and ARC by dkimpy and
# by mail-auth.
#
# SIGN_EVERY=20: which of the honest messages are signed here as well; STEP=1: which of all are sent.
source "$(dirname "$0")/lib.sh"
need mail
command -v postfix >/dev/null || { echo "left out: Debian's package postfix is not here"; exit 0; }
[ "$(id -u)" = 0 ] || { echo "left out: Postfix needs root to start"; exit 0; }
: "${PYTHON:=$venv/python3}"
"$PYTHON" -c 'import dkim' 2>/dev/null || { echo "left out: dkimpy is not installed (cargo xtask setup)"; exit 0; }
: "${VERIFIER:=${CARGO_TARGET_DIR:-target}/release/examples/verify}"
[ -x "$VERIFIER" ] || cargo build --release --quiet -p gate --example verify
export VERIFIER
mkdir "$work/out"
"$PYTHON" benches/accept/postfix/clean.py "$work/out" "$data/mail"
