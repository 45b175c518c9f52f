#!/usr/bin/env bash
# Bad input: the tests of the readers and of the command line, and the corpus of the fuzz targets.
source "$(dirname "$0")/lib.sh"
passed=0
tests() { # crate, test target, names...
    local crate=$1 target=$2
    shift 2
    cargo test --quiet -p "$crate" $target -- "$@" >"$work/tests" 2>&1 || { cat "$work/tests"; exit 1; }
    local now
    now=$(sed -n 's/^test result: ok\. \([0-9]*\) passed.*/\1/p' "$work/tests" | paste -sd+ | bc)
    # A name that was changed must not pass as a test that holds.
    [ "$now" -gt 0 ] || { echo "no test of $crate is called $*"; exit 1; }
    echo "$crate: $now tests ($*)"
    passed=$((passed + now))
}
# Cut at every byte, flipped bits, random bytes behind every magic, lines of 10 MB, bombs, encryption.
tests observe "--test it" damage:: containers:: corpus:: files::
# Links, locked and growing files, full disk, hostile values, steep rules: as the command line meets them.
tests portcullis "--test it" bad_input::
tests observe --lib evtx:: text::
tests share --lib text::
echo "$passed tests hold"
