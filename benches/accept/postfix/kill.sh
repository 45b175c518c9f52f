#!/bin/bash
# Messages through a real Postfix while the gate is killed and reloaded at random: none is lost.
. "$(dirname "$0")/../lib.sh"
command -v postfix > /dev/null || { echo "left out: Debian's package postfix is not here"; exit 0; }
[ "$(id -u)" = 0 ] || { echo "left out: Postfix needs root to start"; exit 0; }
python3 benches/accept/postfix/kill.py "$@"
