#!/bin/sh
# Proves on the compiled program that recording executes no locked instruction and calls no futex.
# Needs valgrind, objdump and python3.
set -eu
cd "$(dirname "$0")/.."
for tool in valgrind objdump python3; do
    command -v "$tool" >/dev/null && continue
    echo "SKIPPED hot-path: $tool is not installed" >&2
    [ -z "${SLO_SKIP_LOG:-}" ] || echo "SKIPPED hot-path: $tool is not installed" >>"$SLO_SKIP_LOG"
    [ "${CI:-}" = true ] && exit 1
    exit 0
done
cargo build --quiet --release --package slo-benches --bin hot_path
exec python3 scripts/hot_path.py "${CARGO_TARGET_DIR:-target}/release/hot_path"
