#!/usr/bin/env bash
# Every published rule loads or is reported with file, line and reason.
source "$(dirname "$0")/lib.sh"
need sigma
"$PORTCULLIS" rules check "$data/sigma" >"$work/check" 2>"$work/talk" || [ $? = 1 ]
cat "$work/check"
tail -n 1 "$work/talk"
