# Shared by the acceptance scripts: the program, the test data, a folder that is emptied at the end.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
: "${PORTCULLIS:=target/release/portcullis}"
[ -x "$PORTCULLIS" ] || cargo build --release --quiet -p portcullis
# Tests run elsewhere, and on the same program.
case $PORTCULLIS in /*) ;; *) PORTCULLIS=$PWD/$PORTCULLIS ;; esac
export PORTCULLIS RUST_BACKTRACE=0
data=../shared/data
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
venv=target/venv/bin
need() { [ -e "$data/$1" ] || { echo "left out: $data/$1 is not here"; exit 0; }; }
# Exit code 1 says that there are findings: that is no failure.
hunt() { "$PORTCULLIS" hunt "$@" || [ $? = 1 ]; }
