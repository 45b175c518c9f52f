#!/usr/bin/env bash
# Events per CPU second of a hunt against parsing alone, in one run on the same files.
#
# DATA is a folder of EVTX files (default: the shared samples, repeated to 1 GB), RULES a folder of
# Sigma rules. evtx_dump and rsigma are compared where they are installed (cargo install evtx).
set -euo pipefail
cd "$(dirname "$0")/.."
[ -x target/release/portcullis ] || cargo build --release -p portcullis
portcullis=$PWD/target/release/portcullis
rules=${RULES:-$PWD/../shared/data/sigma}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
data=${DATA:-}
if [ -z "$data" ]; then
    data=$work/data
    for copy in $(seq 1 27); do mkdir -p "$data/$copy" && cp -r ../shared/data/evtx-attack-samples "$data/$copy"; done
fi
cpu() { # label, command...: user+system seconds and peak memory
    local label=$1
    shift
    /usr/bin/env python3 - "$label" "$@" <<'PY'
import os, resource, subprocess, sys, time
start = time.monotonic()
with open(os.devnull, "w") as null:
    subprocess.run(sys.argv[2:], stdout=null, stderr=null)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(f"{sys.argv[1]:<28} cpu {used.ru_utime + used.ru_stime:7.2f} s  wall {time.monotonic() - start:7.2f} s"
      f"  peak {used.ru_maxrss / 1024:6.0f} MB")
PY
}
du -sh --apparent-size "$data" | cut -f1
"$portcullis" hunt "$data" --no-builtin --rules "$rules" --output "$work/case" >/dev/null 2>&1 || true
python3 - "$work/case/manifest.json" <<'PY'
import json, sys
evidence = json.load(open(sys.argv[1]))["evidence"]
print(sum(e["records"] for e in evidence), "records,", sum(e["size"] for e in evidence), "bytes")
PY
mkdir "$work/empty" && echo nothing >"$work/empty/nothing.txt"
cpu "start-up, rules cached" "$portcullis" hunt "$work/empty" --no-builtin --rules "$rules"
cpu "start-up, rules not cached" env XDG_CACHE_HOME="$work/cold" "$portcullis" hunt "$work/empty" --no-builtin --rules "$rules"
cpu "SHA-256 of the files" sh -c "find '$data' -type f -print0 | xargs -0 sha256sum"
cpu "hunt, 1 thread" "$portcullis" hunt "$data" --no-builtin --rules "$rules" --threads 1
cpu "hunt, 2 threads" "$portcullis" hunt "$data" --no-builtin --rules "$rules" --threads 2
if command -v evtx_dump >/dev/null; then
    cpu "evtx_dump -o jsonl" sh -c "find '$data' -name '*.evtx' -print0 | xargs -0 -n1 evtx_dump -t 1 -o jsonl"
else
    echo "left out: evtx_dump is not installed (cargo install evtx)"
fi
if command -v rsigma >/dev/null && command -v evtx_dump >/dev/null; then
    cpu "evtx_dump | rsigma" sh -c "find '$data' -name '*.evtx' -print0 | xargs -0 -n1 evtx_dump -t 1 -o jsonl | rsigma eval --rules '$rules' -"
else
    echo "left out: rsigma is not installed"
fi
