#!/usr/bin/env bash
# Runs every test of the product, and first installs what the tests start.
#
#   scripts/test.sh           install what is missing (Debian, Ubuntu), then test
#   scripts/test.sh --quick   install nothing; tests without their tools are skipped and listed
#
# With CI=true nothing is skipped: a tool that cannot be installed is a failure.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Debian package = the program we need from it.
readonly PACKAGES=(prometheus=prometheus prometheus=promtool prometheus-alertmanager=prometheus-alertmanager valgrind=valgrind curl=curl binutils=nm redis-server=redis-server
    openssl=openssl wrk=wrk nghttp2-client=h2load)
# Python package = the module we need from it.
readonly PYTHON_PACKAGES=(prometheus_client=prometheus_client requests=requests grpcio=grpc
    grpcio-health-checking=grpc_health jsonschema=jsonschema
    # Its newest version in the registry's order is that for the oldest Grafana.
    'grafana-foundation-sdk==1769699379!11.6.0=grafana_foundation_sdk')
readonly TARGET="${CARGO_TARGET_DIR:-target}"
readonly VENV="$TARGET/tools/venv"
# Its presence, and a script that says no, keeps packages from starting their daemons.
readonly POLICY=/usr/sbin/policy-rc.d

policy_is_ours=false
skips=()
steps=()
current='arguments'

main() {
    local quick=false
    case "${1-}" in
        '') ;;
        --quick) quick=true ;;
        *) fail "unknown argument '$1': give --quick or nothing" ;;
    esac
    mkdir -p "$TARGET/tools"
    SLO_SKIP_LOG="$(realpath "$TARGET")/tools/skipped.log"
    : >"$SLO_SKIP_LOG"
    export SLO_SKIP_LOG
    trap finish EXIT

    if [[ $quick == false ]]; then
        step 'install programs' install_programs
        step 'install Python packages' install_python
    fi
    if [[ -x $VENV/bin/python ]]; then
        # Not realpath: the interpreter finds its packages by the place of this link.
        SLO_PYTHON="$(realpath "$VENV")/bin/python"
        export SLO_PYTHON
    fi
    step 'test' cargo test --workspace --exclude slo-benches --all-features
    step 'examine the instructions of a request' scripts/hot-path.sh
    step 'check each feature alone' each_feature
    if [[ ${CI-} == true && -s $SLO_SKIP_LOG ]]; then
        current='skipped tests'
        fail 'CI=true: nothing may be skipped, but tests were; see below'
    fi
}

# Code that only one feature uses is dead without it, which the other steps do not see.
each_feature() {
    check_features slo-core '' alertmanager calendar generate openslo prometheus protobuf store tracing
    check_features slo-tower '' axum gzip signal systemd tonic store tracing calendar alertmanager generate openslo prometheus protobuf remote-tls \
        check-certificates check-disk check-dns check-file-descriptors check-files check-http check-https check-memory \
        check-pool check-tcp checks metrics metrics-exporter-prometheus
}

# Checks a crate with each of these features alone.
check_features() {
    local crate=$1 feature
    shift
    for feature in "$@"; do
        RUSTFLAGS='-D warnings' cargo check --quiet -p "$crate" --no-default-features --features "$feature" \
            --target-dir "$TARGET/features" || fail "$crate with the feature '$feature' alone"
    done
}

install_programs() {
    local missing=()
    find_missing
    if ((${#missing[@]} == 0)); then
        return
    fi
    local root=(env)
    if ((EUID != 0)); then
        root=(sudo --non-interactive)
    fi
    if ! command -v apt-get >/dev/null; then
        skip "no apt-get to install: ${missing[*]}"
    elif ((EUID != 0)) && ! sudo --non-interactive true 2>/dev/null; then
        skip "no right to install: ${missing[*]}"
    elif ! apt_install "${missing[@]}"; then
        skip "apt-get could not install: ${missing[*]}"
    else
        find_missing
        if ((${#missing[@]} > 0)); then
            skip "still missing after the installation: ${missing[*]}"
        fi
    fi
}

# Sets `missing` of its caller to the packages whose programs cannot be found.
find_missing() {
    local entry
    missing=()
    for entry in "${PACKAGES[@]}"; do
        if ! command -v "${entry#*=}" >/dev/null && [[ " ${missing[*]-} " != *" ${entry%%=*} "* ]]; then
            missing+=("${entry%%=*}")
        fi
    done
    # Debian's python3 has the module venv but, without this package, not what it needs to work.
    python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
}

# Installs Debian packages without letting their daemons start. Uses `root` of its caller.
apt_install() {
    if [[ ! -e $POLICY ]]; then
        printf '#!/bin/sh\nexit 101\n' | "${root[@]}" tee "$POLICY" >/dev/null || return 1
        policy_is_ours=true
        "${root[@]}" chmod +x "$POLICY" || return 1
    fi
    local apt=("${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600)
    "${apt[@]}" update && "${apt[@]}" install --yes --no-install-recommends "$@" >/dev/null || return 1
    remove_policy
}

remove_policy() {
    if [[ $policy_is_ours == true ]]; then
        local root=(env)
        if ((EUID != 0)); then
            root=(sudo --non-interactive)
        fi
        "${root[@]}" rm -f "$POLICY"
        policy_is_ours=false
    fi
}

install_python() {
    if ! command -v python3 >/dev/null; then
        skip 'no python3 for the Python tests'
        return
    fi
    local imports packages=("${PYTHON_PACKAGES[@]%=*}") modules=("${PYTHON_PACKAGES[@]##*=}")
    imports="import $(IFS=,; echo "${modules[*]}")"
    if [[ -x $VENV/bin/python ]] && "$VENV/bin/python" -c "$imports" 2>/dev/null; then
        return
    fi
    if ! { python3 -m venv --clear "$VENV" &&
        "$VENV/bin/pip" install --quiet --disable-pip-version-check "${packages[@]}"; }; then
        rm -rf "$VENV"
        skip "pip could not install: ${packages[*]}"
    fi
}

# Runs a step, stops the script if it fails, and notes how long it took.
step() {
    local name=$1 start=$SECONDS
    shift
    printf '\n==> %s\n' "$name"
    # Not `if "$@"`, which would switch off `set -e` inside functions.
    current="$name"
    "$@"
    steps+=("$(printf '%4d s  %s' $((SECONDS - start)) "$name")")
}

# Notes what cannot be tested here; in CI that is a failure.
skip() {
    if [[ ${CI-} == true ]]; then
        fail "$1 (CI=true: nothing may be skipped)"
    fi
    skips+=("$1")
}

fail() {
    printf 'test.sh: %s\n' "$1" >&2
    exit 1
}

# Runs at every exit: undoes what must not stay and says what was done.
finish() {
    local status=$?
    remove_policy
    printf '\n==> summary\n'
    if ((${#steps[@]} > 0)); then
        printf '%s\n' "${steps[@]}"
    fi
    if ((${#skips[@]} > 0)); then
        printf 'skipped: %s\n' "${skips[@]}"
    fi
    if [[ -s ${SLO_SKIP_LOG-} ]]; then
        sort -u "$SLO_SKIP_LOG"
    fi
    if ((status == 0)); then
        printf 'everything that ran passed\n'
    else
        printf 'test.sh: FAILED in step: %s\n' "$current" >&2
    fi
}

main "$@"
