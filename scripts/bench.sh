#!/usr/bin/env bash
# Measures what we cost, beside our peers. Installs nothing; needs valgrind and, for the whole run, wrk.
#
#   scripts/bench.sh           everything, in at most ten minutes after the build; writes benches/RESULTS.md and
#                              benches/results.svg
#   scripts/bench.sh --quick   the same with few rounds, only printed: to see that everything works
#   scripts/bench.sh --exact   instructions and allocations of ours alone; fails if they exceed benches/baseline.txt
#                              by more than 5 % in instructions, or in any allocation
#   scripts/bench.sh --bless   writes benches/baseline.txt
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly TARGET="${CARGO_TARGET_DIR:-target}"
readonly BASELINE=benches/baseline.txt
# Seconds. A run that takes longer hangs.
readonly LIMIT=600

main() {
    case "${1-}" in
        '') measure --out benches ;;
        --quick) measure --quick ;;
        --exact) exact check ;;
        --bless) exact bless ;;
        *) fail "unknown argument '$1': give --quick, --exact, --bless or nothing" ;;
    esac
}

exact() {
    need valgrind
    cargo build --release -p slo-benches --bin slo-benches-exact
    timeout 120 "$TARGET/release/slo-benches-exact" "$1" "$BASELINE"
}

measure() {
    need valgrind
    need wrk
    cargo build --release -p slo-benches --features peers --bins
    SECONDS=0
    local counted=$TARGET/slo-benches-exact.txt
    say 'counting instructions and allocations'
    timeout "$LIMIT" "$TARGET/release/slo-benches-exact" all >"$counted"
    say "measuring times; load of the machine: $(cut -d' ' -f1-3 /proc/loadavg 2>/dev/null || echo unknown)"
    timeout "$((LIMIT - SECONDS > 60 ? LIMIT - SECONDS : 60))" \
        "$TARGET/release/slo-benches" all --exact "$counted" "$@"
    say "done in $SECONDS s"
}

need() {
    command -v "$1" >/dev/null || fail "$1 is not installed: install it first (Debian, Ubuntu: apt-get install $1)"
}

say() {
    printf '==> %s\n' "$1" >&2
}

fail() {
    printf 'bench.sh: %s\n' "$1" >&2
    exit 1
}

main "$@"
