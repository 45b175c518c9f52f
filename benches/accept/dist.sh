#!/usr/bin/env bash
# A static program with its pages, notices and checksums, packed twice to the same bytes; Windows.
#
# The build takes some minutes. A second call packs what is built already.
source "$(dirname "$0")/lib.sh"
cargo xtask dist >"$work/first" 2>&1 || { cat "$work/first"; exit 1; }
cp target/distribution/SHA256SUMS "$work/sums"
cargo xtask dist >"$work/second" 2>&1 || { cat "$work/second"; exit 1; }
cmp "$work/sums" target/distribution/SHA256SUMS
(cd target/distribution && sha256sum --quiet -c SHA256SUMS)
tar xzf target/distribution/*.tar.gz -C "$work"
cd "$work"/portcullis-*
sha256sum --quiet -c SHA256SUMS
ldd portcullis 2>&1 | grep -qE 'statically linked|not a dynamic executable'
[ -s THIRD-PARTY.txt ] && [ -s man/portcullis-hunt.1 ] && [ -s completions/_portcullis ]
grep -E '^left out|^──' "$work/first"
windows=$(grep -E '^left out: no Windows|── windows: [0-9]' "$work/first" | tail -n 1)
echo "static, $(($(stat -c %s portcullis) >> 20)) MB, packed twice the same; ${windows:-Windows checked}"
