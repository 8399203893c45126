#!/usr/bin/env bash
# Probes servers of axum and tonic that shed nearly everything that wrk and h2load ask for: see
# slo-tower/tests/probes_under_load. Prints the share that was shed, and how long probes took, beside a handler that has
# nothing of ours; a probe that is refused, or that takes longer than 100 ms, is a failure.
#
#   scripts/probes.sh           10 000 probes each, of an optimised build: some three minutes besides the build
#   scripts/probes.sh --short   1 000 of the build of the tests, which may take 5 s each, as a busy machine may need
#
# The limit is one of a machine that has nothing else to do. Needs wrk and h2load, and installs them where it can (Debian,
# Ubuntu).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Debian package = the program we need from it.
readonly PACKAGES=(wrk=wrk nghttp2-client=h2load)
# Seconds: probes that take longer together have failed.
readonly PATIENCE=1800

main() {
    local probes=10000 within=100 profile=(--release)
    if [[ ${1-} == --short ]]; then
        probes=1000 within=5000 profile=()
        shift
    fi
    (($# == 0)) || fail "unknown arguments '$*': give --short or nothing"
    install_programs
    local test=(cargo test --quiet "${profile[@]}" --workspace --exclude slo-benches --all-features --test probes_under_load)
    # Built first, so that the compiler does not take from the servers what they need.
    "${test[@]}" --no-run
    timeout "$PATIENCE" "${test[@]}" -- --probes "$probes" --within-ms "$within" ||
        fail 'a probe was refused or late, or there was no load; see above'
}

install_programs() {
    local missing=() root=(env) entry
    for entry in "${PACKAGES[@]}"; do
        command -v "${entry#*=}" >/dev/null || missing+=("${entry%%=*}")
    done
    if ((${#missing[@]} == 0)); then
        return
    fi
    command -v apt-get >/dev/null || fail "no apt-get to install: ${missing[*]}"
    if ((EUID != 0)); then
        root=(sudo --non-interactive)
    fi
    local apt=("${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600)
    "${apt[@]}" update && "${apt[@]}" install --yes --no-install-recommends "${missing[@]}" >/dev/null ||
        fail "apt-get could not install: ${missing[*]}"
}

fail() {
    printf 'probes.sh: FAILED: %s\n' "$1" >&2
    exit 1
}

main "$@"
