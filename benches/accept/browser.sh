#!/usr/bin/env bash
# A real browser as judge: what loads raw, and that nothing does once neutralised.
#
# Each vector of browser/vectors*.toml becomes a message. Python's reader of mail takes the pages out of it,
# raw and neutralised; Chromium opens them, and a resolver, a sink and the browser's own log write down
# every host that it asks. What is for other clients is judged in the tree, by html5lib. Ordinary
# newsletters, before and after, are drawn into target/accept/browser. Takes about five minutes.
source "$(dirname "$0")/lib.sh"
: "${CHROMIUM:=/usr/bin/chromium}"
export CHROMIUM PYTHONDONTWRITEBYTECODE=1
here=benches/accept/browser
[ -x "$CHROMIUM" ] || { echo "left out: no Chromium at $CHROMIUM (cargo xtask setup)"; exit 0; }
[ -e target/node/node_modules/playwright-core ] || { echo "left out: no playwright-core (cargo xtask setup)"; exit 0; }
"$venv/python3" -c 'import html5lib' 2>/dev/null || { echo "left out: no html5lib (cargo xtask setup)"; exit 0; }
ports=$(python3 - <<'PY'
import socket
both = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(one.getsockname()[1] for one in both))
PY
)
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/key.pem" 2>/dev/null
neutralise() { # messages, where to
    mkdir -p "$2"
    for message in "$1"/*.eml; do
        "$PORTCULLIS" mail neutralise "$message" --output "$2/${message##*/}" \
            --notice https://notice.reader.test/notice --notice-key "$work/key.pem" 2>/dev/null
    done
}
open() { # side: raw or safe
    python3 $here/pages.py "$work/$1" "$work/$1/pages"
    node $here/drive.mjs "$work/$1/pages" "$work/$1/seen.json" $ports
    "$venv/python3" $here/judge.py "$work/raw/vectors.json" "$work/$1/pages" "$work/$1/structure.json"
}
python3 $here/author.py "$work/raw" $ports $here/vectors*.toml
neutralise "$work/raw" "$work/safe"
open raw
open safe

letters=$data/mail/hard-ham-1
if [ -e "$letters" ]; then
    shots=target/accept/browser
    rm -rf $shots && mkdir -p $shots "$work/before"
    while read -r letter; do cp "$letters/$letter" "$work/before/${letter%%.*}.eml"; done <$here/newsletters.txt
    neutralise "$work/before" "$work/after"
    for side in before after; do
        python3 $here/pages.py "$work/$side" "$work/$side/pages"
        mkdir -p $shots/$side
        node $here/drive.mjs "$work/$side/pages" "$work/$side/seen.json" $ports $shots/$side
    done
    echo "$(ls $shots/after | wc -l) newsletters drawn before and after into $shots"
else
    echo "left out: newsletters before and after ($letters is not here)"
fi
# Its last line is the figure, and its exit code the verdict.
python3 $here/verdict.py "$work"
