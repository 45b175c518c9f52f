#!/bin/bash
# Every policy through a real Postfix: as a milter, before its queue, and over LMTP between it and a store.
. "$(dirname "$0")/../lib.sh"
command -v postfix > /dev/null || { echo "left out: Debian's package postfix is not here"; exit 0; }
[ "$(id -u)" = 0 ] || { echo "left out: Postfix needs root to start"; exit 0; }
python3 benches/accept/postfix/policies.py "$@"
