#!/usr/bin/env bash
# What a hunt costs, in one run on one machine, as the lines of the table in the README.
#
#   benches/hunt.sh
#
# DATA is a folder of EVTX files (default: the shared samples, repeated to 1 GB), RULES a folder of
# Sigma rules, RUNS how often each is measured (3; the least is shown, since noise only adds). Parsing
# alone by evtx_dump, and rsigma behind it, are compared where they are installed (cargo install evtx).
set -euo pipefail
cd "$(dirname "$0")/.."
[ -n "${PORTCULLIS:-}" ] || cargo build --quiet --release -p portcullis
portcullis=$(realpath "${PORTCULLIS:-target/release/portcullis}")
rules=$(realpath "${RULES:-../shared/data/sigma}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
data=${DATA:-}
if [ -z "$data" ]; then
    data=$work/data
    for copy in $(seq 1 27); do mkdir -p "$data/$copy" && cp -r ../shared/data/evtx-attack-samples "$data/$copy"; done
fi
"$portcullis" exercise stage commission --seed 1 --scale "${SCALE:-0.5}" --out "$work/staged" >/dev/null 2>&1
mkdir "$work/empty" "$work/w3c" "$work/json" "$work/many" && echo nothing >"$work/empty/nothing.txt"
copies() { # pattern, folder: the files of the exercise, so often that there is something to measure
    local number=0 file
    for _ in 1 2; do
        find "$work/staged" -path "$1" -type f | sort | while read -r file; do
            number=$((number + 1)) && cp "$file" "$2/$RANDOM-$number-$(basename "$file")"
        done
    done
}
copies '*/iis/*' "$work/w3c" && copies '*.jsonl' "$work/json"
for number in 1 2 3 4 5; do
    cat >"$work/many/$number.yml" <<YAML
title: Every web request, number $number
id: 7f0d9c5e-5b5e-4a36-9f3b-3f9d6a2b1c1$number
status: test
level: medium
logsource:
    category: webserver
detection:
    selection:
        cs-method|exists: true
    condition: selection
YAML
done
export XDG_CACHE_HOME=$work/cache
python3 - "$portcullis" "$rules" "$data" "$work" "${RUNS:-3}" <<'PY'
import glob, json, os, resource, shutil, struct, subprocess, sys, zlib

portcullis, rules, data, work, runs = sys.argv[1:5] + [int(sys.argv[5])]
MEASURE = """
import os, resource, subprocess, sys, time
begun = time.monotonic()
with open(os.devnull, "w") as null:
    subprocess.run(sys.argv[1:], stdout=null, stderr=null)
wall, used = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024)
"""

def measure(*command, runs=runs, before=None):
    """CPU seconds, seconds, and megabytes: the least of all runs, the most for memory."""
    seen = []
    for _ in range(runs):
        if before:
            before()
        out = subprocess.run([sys.executable, "-c", MEASURE, *command], capture_output=True, text=True)
        seen.append([float(number) for number in out.stdout.split()])
    cpu, wall, memory = zip(*seen)
    return min(cpu), min(wall), max(memory)

def hunt(path, *options, rules=rules, builtin=False):
    return [portcullis, "hunt", path, *([] if builtin else ["--no-builtin"]), "--rules", rules, "--tmp", work, *options]

def size_and_records(path):
    subprocess.run(hunt(path, "--output", f"{work}/case"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    evidence = json.load(open(f"{work}/case/manifest.json"))["evidence"]
    return sum(e["size"] for e in evidence), sum(e["records"] for e in evidence)

def one_file(path):
    """All chunks of the samples in one file: what a busy server's log looks like."""
    files = sorted(glob.glob(f"{data}/**/*.evtx", recursive=True))
    count = 0
    with open(path, "wb") as out:
        out.write(bytes(4096))
        for name in files:
            whole = open(name, "rb").read()
            for at in range(4096, len(whole) - 65535, 65536):
                if whole[at:at + 8] == b"ElfChnk\0":
                    out.write(whole[at:at + 65536])
                    count += 1
        header = bytearray(open(files[0], "rb").read(4096))
        struct.pack_into("<QQ", header, 8, 0, count - 1)
        struct.pack_into("<H", header, 42, min(count, 65535))
        struct.pack_into("<I", header, 124, zlib.crc32(bytes(header[:120])))
        out.seek(0)
        out.write(header)

def row(what, cpu, wall, memory, rest=""):
    print(f"| {what} | {cpu:.2f} | {wall:.2f} | {memory:.0f} | {rest} |", flush=True)

print("| what | CPU s | s | peak MB | |\n| --- | ---: | ---: | ---: | --- |", flush=True)
cold = measure(*hunt(f"{work}/empty"), before=lambda: shutil.rmtree(f"{work}/cache", ignore_errors=True))
start = measure(*hunt(f"{work}/empty"))
row("start-up, rules read and compiled", *cold)
row("start-up, rules from the cache", *start)
one = f"{work}/one.evtx"
one_file(one)
for name, path in (("the samples, many small files", data), ("the samples, one file", one)):
    size, records = size_and_records(path)
    sha = measure("sh", "-c", f"find '{path}' -type f -print0 | xargs -0 openssl dgst -sha256")
    row(f"SHA-256 of {name} ({size / 1e6:.0f} MB)", *sha)
    single = measure(*hunt(path, "--threads", "1"))
    rate = records / (single[0] - start[0] - sha[0])
    row(f"hunt, {name}, 1 thread", *single, f"{records} events, {rate:,.0f} a CPU second without start-up and SHA-256")
    double = measure(*hunt(path, "--threads", "2"))
    row(f"hunt, {name}, 2 threads", *double, f"{single[1] / double[1]:.2f} times as fast as 1")
dump = shutil.which("evtx_dump")
if dump and b"EVTX Parser" in subprocess.run([dump, "--version"], capture_output=True).stdout:
    row("evtx_dump -o jsonl, one file (parsing alone)", *measure(dump, "-t", "1", "-o", "jsonl", one))
    if shutil.which("rsigma"):
        pipe = f"evtx_dump -t 1 -o jsonl '{one}' | rsigma eval --rules '{rules}' -"
        row("evtx_dump, piped into rsigma", *measure("sh", "-c", pipe, runs=1))
for name in ("w3c", "json"):
    size, records = size_and_records(f"{work}/{name}")
    single = measure(*hunt(f"{work}/{name}", "--threads", "1", builtin=True))
    sha = measure("sh", "-c", f"find '{work}/{name}' -type f -print0 | xargs -0 openssl dgst -sha256")
    rate = size / 1e6 / (single[0] - start[0] - sha[0])
    row(f"hunt, {name}, built-in rules too, 1 thread", *single, f"{size / 1e6:.0f} MB, {rate:.0f} MB a CPU second")
copies = int(os.environ.get("MANY", "5"))
for number in range(1, copies):
    shutil.copytree(f"{work}/w3c", f"{work}/w3c{number}")
paths = [f"{work}/w3c"] + [f"{work}/w3c{number}" for number in range(1, copies)]
many = measure(*hunt(paths[0], *paths[1:], rules=f"{work}/many"), runs=1)
out = subprocess.run(hunt(paths[0], rules=f"{work}/many"), capture_output=True, text=True).stdout
found = next((line for line in out.splitlines() if line.startswith("Findings:")), "")
row("hunt, five rules that hold on every request", *many, f"{copies} times: {found}")
PY
