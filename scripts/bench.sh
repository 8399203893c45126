#!/usr/bin/env bash
# Measures what we cost, beside our peers. Installs nothing; needs valgrind and, for the whole run, wrk.
#
#   scripts/bench.sh           everything, in at most ten minutes after the build; writes benches/RESULTS.md and
#                              benches/results.svg
#   scripts/bench.sh --quick   the same with few rounds, only printed: to see that everything works
#   scripts/bench.sh --exact   instructions and allocations of ours alone; fails if they exceed benches/baseline.txt
#                              by more than 5 % in instructions, or in any allocation
#   scripts/bench.sh --bless   writes benches/baseline.txt; commit it with the change that it is about
#
# Instructions can be compared only where one toolchain made them. Where this one is not that of the baseline, the
# commit that wrote the baseline is built and counted again here, and is what is compared with. Without its history (a
# shallow clone, an archive) the check goes on with a wide tolerance, and says so.
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
        --exact) check ;;
        --bless) bless ;;
        *) fail "unknown argument '$1': give --quick, --exact, --bless or nothing" ;;
    esac
}

check() {
    need valgrind
    local toolchain baseline=$BASELINE
    toolchain=$(toolchain)
    if ! grep -qxF "# toolchain: $toolchain" "$BASELINE"; then
        say "$BASELINE was counted by another toolchain than $toolchain"
        if ! recount "$toolchain"; then
            printf 'WARNING: %s cannot be counted again here: %s\n' "$BASELINE" "$why" >&2
        fi
    fi
    exact check "$baseline" "$toolchain"
}

bless() {
    need valgrind
    exact bless "$BASELINE" "$(toolchain)"
}

exact() {
    cargo build --release -p slo-benches --bin slo-benches-exact
    timeout 120 "$TARGET/release/slo-benches-exact" "$@"
}

# Counts what the baseline holds with this toolchain, from the commit that wrote it. Sets `baseline` of its caller to
# the result, or `why` to what prevents it.
recount() {
    local commit counted
    # Of its own: one target directory does not keep two versions of a package apart.
    local target="$TARGET/blessed" tree="$TARGET/blessed/source"
    why='there is no history'
    [[ $(git rev-parse --is-shallow-repository 2>/dev/null) == false ]] || return
    commit=$(git log -1 --format=%H -- "$BASELINE") && [[ -n $commit ]] || return
    counted=$target/$commit.txt
    if ! grep -qxF "# toolchain: $1" "$counted" 2>/dev/null; then
        say "counting commit $commit with this toolchain"
        why="commit $commit cannot be built and counted by this toolchain"
        rm -rf "$tree" && mkdir -p "$tree" && git archive "$commit" | tar -x -C "$tree" || return
        cargo build --release --manifest-path "$tree/Cargo.toml" --target-dir "$target" \
            -p slo-benches --bin slo-benches-exact || return
        timeout 120 "$target/release/slo-benches-exact" bless "$counted" "$1" || return
    fi
    baseline=$counted
}

# Prints all that decides how many instructions our source becomes.
toolchain() {
    local processor libc
    processor=$(uname -m)
    # Valgrind has one processor with it and one without.
    if grep -qw avx2 /proc/cpuinfo 2>/dev/null; then
        processor+=' with AVX2'
    fi
    libc=$(getconf GNU_LIBC_VERSION 2>/dev/null || echo 'another libc')
    printf '%s, %s, %s, %s%s\n' "$(rustc --version)" "$libc" "$processor" "$(valgrind --version)" \
        "${RUSTFLAGS:+, RUSTFLAGS $RUSTFLAGS}"
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
