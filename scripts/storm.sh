#!/usr/bin/env bash
# Sends requests of which about three in ten are killed at random moments, and proves that each was counted once:
# see slo-tower/tests/storm.
#
#   scripts/storm.sh                 200 000 requests against an optimised server: some two minutes besides the build
#   scripts/storm.sh --short         20 000 against the build of the tests: some ten seconds, for CI
#   scripts/storm.sh [--short] SEED  the same decisions of our own clients once more
#
# Needs wrk and h2load and installs them where it can (Debian, Ubuntu). Without them there is no storm, so that it fails.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Debian package = the program we need from it.
readonly PACKAGES=(wrk=wrk nghttp2-client=h2load)
# Seconds: a storm that takes longer has failed.
readonly PATIENCE=1500

main() {
    local requests=200000 profile=(--release)
    if [[ ${1-} == --short ]]; then
        requests=20000 profile=()
        shift
    fi
    (($# <= 1)) && [[ ${1-0} =~ ^[0-9]+$ ]] || fail "unknown arguments '$*': give --short, a seed, or nothing"
    install_programs
    local seed=()
    if (($# == 1)); then
        seed=(--seed "$1")
    fi
    # Built first, so that the time allowed is that of the storm. Its processes end with the one that is told to.
    cargo test --quiet "${profile[@]}" --workspace --exclude slo-benches --all-features --test storm --no-run
    timeout "$PATIENCE" cargo test --quiet "${profile[@]}" --workspace --exclude slo-benches --all-features --test storm -- \
        --requests "$requests" "${seed[@]}" || fail 'the counts disagree, or the storm did not end; see above'
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
    printf 'storm.sh: FAILED: %s\n' "$1" >&2
    exit 1
}

main "$@"
