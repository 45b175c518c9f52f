#!/usr/bin/env bash
# Bad input of the gate and of mail: each kind that part 8 of the order names, as tests that are called by name.
source "$(dirname "$0")/lib.sh"
passed=0
tests() { # what it is, crate, test target, names...
    local what=$1 crate=$2 target=$3
    shift 3
    cargo test --quiet -p "$crate" $target -- "$@" >"$work/tests" 2>&1 || { cat "$work/tests"; exit 1; }
    local now
    now=$(sed -n 's/^test result: ok\. \([0-9]*\) passed.*/\1/p' "$work/tests" | paste -sd+ | bc)
    # A name that was changed must not pass as a test that holds.
    [ "$now" -ge $# ] || { echo "not every test is there: $crate $*"; exit 1; }
    printf '%-42s %3d tests of %s\n' "$what" "$now" "$crate"
    grep '^left out' "$work/tests" || true
    passed=$((passed + now))
}
it="--test it"
tests "malformed MIME" mail "$it" hostile::mime::headers hostile::mime::a_type_behind hostile::mime::multiparts hostile::mime::parts
tests "a header of 10 MB" mail "$it" hostile::sizes::a_header_of_10_megabytes
tests "10,000 parts" mail "$it" hostile::sizes::ten_thousand_parts
tests "nesting of 1,000" mail "$it" hostile::sizes::a_thousand_levels
tests "charsets unknown or lying" mail "$it" hostile::mime::charsets
tests "base64 with junk" mail "$it" hostile::mime::encodings
tests "HTML that parsers disagree on" mail "$it" hostile::pages::shapes hostile::pages::every_pair
tests "pages without end" mail "$it" hostile::sizes::pages_without_end
tests "CSS with escapes everywhere" mail "$it" hostile::pages::style_sheets
tests "torn at every byte" mail --lib neutralise::tests::a_message_cut_anywhere content::tests::a_message_torn html::tests::a_page_can_be_cut
tests "the same through a running gate" portcullis "$it" bad_input::gate::messages_beyond_reason
tests "slow clients" portcullis "$it" bad_input::gate::slow_clients
tests "slow clients, silence and trickles" gate "$it" dialogue::silence
tests "half-closed connections" portcullis "$it" bad_input::gate::half_closed
tests "half-closed connections, half messages" gate "$it" dialogue::everything_may_come dialogue::a_message_that_breaks_off
tests "pipelined nonsense" portcullis "$it" bad_input::gate::pipelined_nonsense
tests "1,000 connections" portcullis "$it" bad_input::gate::a_thousand_connections
tests "more connections than places" gate "$it" load::beyond_the_limit load::a_storm
tests "milter peers that lie about lengths" gate "$it" milter::lies_about_lengths milter::a_packet_may_break_off milter::limits
tests "full disk" portcullis "$it" bad_input::gate::a_full_disk bad_input::gate::a_limit_on_the_size
tests "SMTP smuggling, by name" gate "$it" smuggling::
tests "a gate's own readers" gate --lib milter:: smtp:: headers:: http::
echo "$passed tests hold"
