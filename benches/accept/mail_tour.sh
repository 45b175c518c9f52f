#!/usr/bin/env bash
# The tour of the gate: every command and option of mail, gate and quarantine; every treatment through a real Postfix;
# and the Debian package.
#
# The commands are steps of the one tour (crates/portcullis/tests/it/tour); here it runs on the release build. PACKAGE=no
# leaves the package out, whose build takes some minutes.
source "$(dirname "$0")/lib.sh"
here=benches/accept
cargo test --quiet -p portcullis --test it tour::tour -- --nocapture >"$work/tour" 2>&1 || { cat "$work/tour"; exit 1; }
steps=$(grep -cE '^holds .*(mail |gate|quarantine)' "$work/tour")
[ "$steps" -ge 15 ] || { cat "$work/tour"; exit 1; }
grep -E '^holds .*(mail |gate|quarantine)' "$work/tour"
told="$steps steps of the commands hold"

if command -v postfix >/dev/null && [ "$(id -u)" = 0 ]; then
    bash "$here/postfix/policies.sh" | tee "$work/policies"
    told+="; $(grep -c ' ok$' "$work/policies") treatments through Postfix"
    python3 "$here/postfix/tour.py" | tee "$work/real"
    told+="; $(grep -c ' ok$' "$work/real") ways of running it"
else
    echo "left out: Postfix, which needs Debian's package and root"
fi
if [ "${PACKAGE:-yes}" = no ]; then
    echo "left out: the Debian package (PACKAGE=no)"
else
    bash "$here/package.sh" | tee "$work/package"
    told+="; $(tail -n 1 "$work/package")"
fi
echo "$told"
