#!/usr/bin/env bash
# Kills a counting process again and again, and fills and takes away its disk; nothing that was saved may be lost.
#
#   scripts/crash.sh [ROUNDS]   so many kills (200), every test of disks, 400 random histories, 90 simulated
#                               days: some five minutes
#   scripts/crash.sh --short    20 kills; the rest is among the tests
#
# Disks are mounted in memory, which takes root; without that those tests are skipped and listed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly PATIENCE=600

main() {
    local rounds=${1-200}
    if [[ $rounds == --short ]]; then
        kill_processes 20
        return
    fi
    (($# <= 1)) && [[ $rounds =~ ^[0-9]+$ ]] || fail "unknown arguments '$*': give --short, a number of rounds, or nothing"
    local skips
    skips=$(mktemp)
    # Now, not when it is trapped: the name is known here only.
    # shellcheck disable=SC2064
    trap "rm -f '$skips'" EXIT
    kill_processes "$rounds"
    SLO_SKIP_LOG=$skips SLO_STORE_DAYS=90 PROPTEST_CASES=400 timeout "$PATIENCE" \
        cargo test --quiet --release -p slo-core --all-features --test store -- --nocapture disks scale model unnoticed ||
        fail 'something was lost, or it did not end; see above'
    cat "$skips"
}

kill_processes() {
    cargo test --quiet --release -p slo-core --all-features --test crash --no-run
    timeout "$PATIENCE" cargo test --quiet --release -p slo-core --all-features --test crash -- --rounds "$1" ||
        fail 'what was saved is not what was counted, or it did not end; see above'
}

fail() {
    printf 'crash.sh: FAILED: %s\n' "$1" >&2
    exit 1
}

main "$@"
