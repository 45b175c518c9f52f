#!/usr/bin/env bash
# Inspection of mail against rspamd on the same messages in one run, and memory with a long history.
# Prints the table of the README. DATA: a folder of raw messages; RUNS: how often, the least counts; SENDERS=1000000.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
data=${DATA:-$root/../shared/data/mail}
runs=${RUNS:-3}
work=$(mktemp -d)
trap 'pkill -P $$ 2>/dev/null || true; rm -rf "$work"' EXIT

[ -d "$data" ] || { echo "left out: there are no messages at $data (DATA)"; exit 0; }
cargo build --release --quiet
cargo build --release --quiet -p gate --example inspect_rate
portcullis=${CARGO_TARGET_DIR:-target}/release/portcullis
rate=${CARGO_TARGET_DIR:-target}/release/examples/inspect_rate
count=$(find "$data" -type f -name '*.txt' | wc -l)

# CPU seconds of a command.
cpu() { ( TIMEFORMAT='%U %S'; time "$@" >/dev/null 2>"$work/err" ) 2>&1 | awk '{print $1+$2}'; }
least() { sort -g | head -1; }

echo "| what | figure |"
echo "| --- | --- |"
"$rate" "$data" --runs "$runs"
"$rate" "$data" --senders "${SENDERS:-1000000}"

hunt=$(for _ in $(seq "$runs"); do cpu "$portcullis" hunt "$data" --threads 1 --format jsonl || true; done | least)
echo "| hunt, one thread: $count messages | $(awk "BEGIN{printf \"%.0f\", $count/$hunt}") messages a CPU second |"

if command -v rspamd >/dev/null && command -v rspamc >/dev/null; then
    mkdir -p "$work"/{conf,db,run,log}
    cat > "$work/rspamd.conf" <<EOF
.include "\$CONFDIR/common.conf"
options {
    pidfile = "$work/run/rspamd.pid";
    .include "\$CONFDIR/options.inc"
    dns { nameserver = ["127.0.0.1:1"]; timeout = 0.01s; retransmits = 0; }
}
logging { type = "file"; filename = "$work/log/rspamd.log"; level = "error"; }
worker "normal" { bind_socket = "127.0.0.1:21333"; count = 1; }
EOF
    rspamd -c "$work/rspamd.conf" -f -i --var=DBDIR="$work/db" --var=RUNDIR="$work/run" \
        --var=LOGDIR="$work/log" >/dev/null 2>&1 &
    for _ in $(seq 60); do
        rspamc -h 127.0.0.1:21333 stat >/dev/null 2>&1 && break
        sleep 1
    done
    worker=$(pgrep -f 'rspamd: normal process \(127.0.0.1:21333\)' | head -1)
    ticks() { awk '{print $14+$15}' "/proc/$worker/stat"; }
    find "$data" -type f -name '*.txt' | head -200 | xargs rspamc -h 127.0.0.1:21333 >/dev/null 2>&1 || true
    per=$(getconf CLK_TCK)
    peer=$(for _ in $(seq "$runs"); do
        before=$(ticks)
        find "$data" -type f -name '*.txt' -print0 | xargs -0 -n 500 rspamc -h 127.0.0.1:21333 -n 2 >/dev/null 2>&1 || true
        echo $(( $(ticks) - before ))
    done | least)
    echo "| rspamd $(rspamd --version 2>&1 | grep -oE '[0-9.]+' | head -1), rules without a network, the same messages | $(awk "BEGIN{printf \"%.0f\", $count*$per/$peer}") messages a CPU second |"
    kill %1 2>/dev/null || true
else
    echo "left out: rspamd is not installed; nothing to compare with"
fi
