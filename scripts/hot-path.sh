#!/bin/sh
# Proves on the compiled program that recording executes no locked instruction and calls no futex, or lists what the
# instructions of a request are for. Needs valgrind, binutils (objdump, addr2line) and python3.
#
#   scripts/hot-path.sh                       the proof
#   scripts/hot-path.sh --listing [--detail]  a request through the layer by named groups, as Markdown; with
#                                             --detail each function of them
set -eu
cd "$(dirname "$0")/.."
for tool in valgrind objdump addr2line python3; do
    command -v "$tool" >/dev/null && continue
    echo "SKIPPED hot-path: $tool is not installed" >&2
    [ -z "${SLO_SKIP_LOG:-}" ] || echo "SKIPPED hot-path: $tool is not installed" >>"$SLO_SKIP_LOG"
    [ "${CI:-}" = true ] && exit 1
    exit 0
done
target=${CARGO_TARGET_DIR:-target}
case "${1:-}" in
'')
    cargo build --quiet --release --package slo-benches --bin hot_path
    exec python3 scripts/hot_path.py "$target/release/hot_path"
    ;;
--listing)
    shift
    # The same program with line tables beside it, in a directory of its own so that nothing is built anew later.
    CARGO_PROFILE_RELEASE_DEBUG=line-tables-only CARGO_TARGET_DIR="$target/listing" \
        cargo build --quiet --release --package slo-benches --bin slo-benches-exact
    exec python3 scripts/hot_path_listing.py "$target/listing/release/slo-benches-exact" "$@"
    ;;
*)
    echo "hot-path.sh: unknown argument '$1': give --listing or nothing" >&2
    exit 1
    ;;
esac
