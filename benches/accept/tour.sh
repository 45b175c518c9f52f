#!/usr/bin/env bash
# The tour: every command and option on a staged incident and crafted logs, step by step.
#
# The steps are a test (crates/portcullis/tests/it/tour), so that there is one way to run them; here it
# runs on the release build. Its last step fails when --help names an option that no step used.
source "$(dirname "$0")/lib.sh"
cargo test --quiet -p portcullis --test it tour::tour -- --nocapture >"$work/tour" 2>&1 || failed=1
grep -E '^(holds|FAILS|left out|[0-9]+ )' "$work/tour" || true
[ -z "${failed:-}" ] || { cat "$work/tour"; exit 1; }
echo "$(grep -E 'options of' "$work/tour"); $(grep -E 'steps hold$' "$work/tour")"
