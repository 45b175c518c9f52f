#!/bin/bash
# Messages a second of one Postfix without and with the gate, by smtp-source over 50 connections.
. "$(dirname "$0")/../lib.sh"
command -v postfix > /dev/null || { echo "left out: Debian's package postfix is not here"; exit 0; }
[ "$(id -u)" = 0 ] || { echo "left out: Postfix needs root to start"; exit 0; }
python3 benches/accept/postfix/rate.py "$@"
