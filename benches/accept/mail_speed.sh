#!/usr/bin/env bash
# The figures of speed and memory: benches/mail.sh prints the table, postfix/rate.sh measures the gate end to end.
#
# Fails below 2,000 messages a CPU second, when one of a hundred takes more than 20 ms, beyond 150 MB with a million
# senders, or when Postfix with the gate takes less than half of what it takes alone.
source "$(dirname "$0")/lib.sh"
need mail
benches/mail.sh | tee "$work/table"
end_to_end="end to end left out"
if command -v postfix >/dev/null && command -v smtp-source >/dev/null && [ "$(id -u)" = 0 ]; then
    bash benches/accept/postfix/rate.sh | tee "$work/rate" || failed=1
    end_to_end=$(tail -n 1 "$work/rate")
else
    echo "left out: Postfix, which needs Debian's package and root"
fi
python3 - "$work/table" "$end_to_end" "${failed:-}" <<'PY'
import re, sys
text = open(sys.argv[1]).read()
rate, slowest = re.search(r"rules: .*\| (\d+) messages a CPU second, p99 ([\d.]+) ms", text).groups()
peak = re.search(r"peak memory.*\| (\d+) MB", text)[1]
rspamd = re.search(r"\| rspamd.*\| (\d+) messages a CPU second", text)
peer = f", {int(rate) / int(rspamd[1]):.1f} times rspamd ({rspamd[1]})" if rspamd else ""
print(f"{rate} messages a CPU second{peer}; p99 {slowest} ms; {peak} MB; {sys.argv[2]}")
sys.exit(int(rate) < 2000 or float(slowest) > 20 or int(peak) > 150 or bool(sys.argv[3]))
PY
