#!/usr/bin/env bash
# Proves what tests can only suspect: that no order of threads, no weak memory and no narrow machine makes the
# counters lie.
#
#   scripts/prove.sh           the long forms: up to twenty minutes on two cores, besides the first build
#   scripts/prove.sh --short   the same proofs in a form for CI: some four minutes with all builds
#
# Installs nothing, unless CI=true: then rustup is asked, for a limited time, for what is missing. The models need
# nothing but stable Rust and always run. What misses its tool is skipped and listed, with the command that installs
# it; that is no failure, not even in CI, where nightly may be broken or out of reach. It is one with SLO_PROVE=all.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly HOST=x86_64-unknown-linux-gnu
# Of the 32-bit targets the one that links by what rustup brings along.
readonly NARROW=i686-unknown-linux-musl
readonly TARGET="${CARGO_TARGET_DIR:-target}/prove"
# The registry is large for an interpreter: of the tests that build one, these end in time.
readonly INTERPRETED=(build_errors::wrong build_errors::duplicate families_come quantiles_of_no until_its_last_handle)
# Seconds that rustup may take in CI.
readonly PATIENCE=120

steps=()
skips=()
current='arguments'
rustup_fails=false
# Installing is decided here, not by the first `+nightly`.
export RUSTUP_AUTO_INSTALL=0

main() {
    trap finish EXIT
    case "${1-}" in
        '') long ;;
        --short) short ;;
        *) fail "unknown argument '$1': give --short or nothing" ;;
    esac
    if [[ ${SLO_PROVE-} == all ]] && ((${#skips[@]} > 0)); then
        current='skipped proofs'
        fail 'SLO_PROVE=all: no proof may be skipped, but some were; see below'
    fi
}

long() {
    # Deeper; a model that would take longer stops after this many seconds and says so.
    step 'histories, ten thousand' histories
    step 'models, three preemptions' models LOOM_MAX_PREEMPTIONS=3 LOOM_MAX_DURATION=300
    if has_miri; then
        step 'miri, unit tests' interpret 4 --lib
        step 'miri, registries' interpret 1 --test proofs -- "${INTERPRETED[@]}"
    fi
    if has_sanitizer; then
        step 'thread sanitizer' sanitize 256 --test proofs --test declared -- \
            threads readers counting registries learnt
    fi
    if has_narrow; then
        step '32 bits' narrow --lib --test proofs --test declared
    fi
}

# The property tests have their short form among the tests: .ci/run runs them before.
short() {
    step 'histories, ten thousand' histories
    step 'models, two preemptions' models
    if has_narrow; then
        step '32 bits' narrow --lib --test proofs -- \
            objective:: histogram:: window:: arithmetic thresholds quantiles counting
    fi
    if has_miri; then
        step 'miri, counters' interpret 1 --lib -- sync:: histogram::layout rows_appear a_gap a_young
    fi
    if has_sanitizer; then
        step 'thread sanitizer' sanitize 4 --test proofs -- \
            threads::a threads::what readers registries counting
    fi
}

# Holds windows and calendars against a list of all events, over ten thousand random histories.
histories() {
    PROPTEST_CASES=10000 cargo test --quiet --release -p slo-core --features calendar --test proofs -- histories calendars
}

# Explores the models of slo-core/tests/loom, with these variables set.
models() {
    local output="$TARGET/models.log"
    # What the models do not spend their time in is not optimised: a third less to build, and no slower to run.
    local fast=(--config 'profile.release.package."*".opt-level=0')
    fast+=(--config 'profile.release.package.loom.opt-level=3')
    fast+=(--config 'profile.release.package.generator.opt-level=3')
    mkdir -p "$TARGET"
    env RUSTFLAGS='--cfg loom -C debug-assertions' CARGO_TARGET_DIR="$TARGET/loom" "$@" \
        cargo test --quiet --release "${fast[@]}" -p slo-core --test loom -- --nocapture --test-threads=2 | tee "$output"
    # Without its cfg the test binary is empty, and passes.
    grep -q '^\.*model ' "$output" || fail 'no model was explored'
}

# Runs tests in the interpreter: so many cases of each property, and what cargo is told besides.
interpret() {
    local cases=$1
    shift
    # Files of proptest are read through the system; nothing else of it is needed.
    MIRIFLAGS=-Zmiri-disable-isolation PROPTEST_CASES="$cases" CARGO_TARGET_DIR="$TARGET/miri" \
        cargo +nightly miri test --quiet -p slo-core "$@"
}

# Runs tests under the sanitizer: so many cases of each property, and what cargo is told besides.
sanitize() {
    local cases=$1
    shift
    # The standard library is built as well: what it synchronises would otherwise look like a race.
    RUSTFLAGS=-Zsanitizer=thread PROPTEST_CASES="$cases" CARGO_TARGET_DIR="$TARGET/tsan" \
        cargo +nightly test --quiet -Zbuild-std --target "$HOST" -p slo-core "$@"
}

# Runs tests as a 32-bit program. In the target directory of the tests: what runs on this machine during the build (macros,
# build scripts) is there already.
narrow() {
    CARGO_TARGET_I686_UNKNOWN_LINUX_MUSL_LINKER=rust-lld \
        CARGO_TARGET_I686_UNKNOWN_LINUX_MUSL_RUSTFLAGS='-Clinker-flavor=ld.lld -Clink-self-contained=yes' \
        cargo test --quiet --target "$NARROW" -p slo-core "$@"
}

has_miri() {
    if ! has_sources || ! cargo +nightly miri --version >/dev/null 2>&1; then
        obtain toolchain install nightly --profile minimal --component miri --component rust-src
    fi
    if ! cargo +nightly miri --version >/dev/null 2>&1; then
        skip miri 'it is not installed: rustup toolchain install nightly --component miri --component rust-src'
    elif ! has_sources; then
        skip miri 'the library is not here to build: rustup component add rust-src --toolchain nightly'
    fi
}

has_sanitizer() {
    has_sources || obtain toolchain install nightly --profile minimal --component rust-src
    if [[ $(rustc +nightly -vV 2>/dev/null) != *"host: $HOST"* ]]; then
        skip 'thread sanitizer' "there is no nightly for $HOST: rustup toolchain install nightly"
    elif ! has_sources; then
        skip 'thread sanitizer' 'the library is not here to build: rustup component add rust-src --toolchain nightly'
    fi
}

# Returns whether the sources of nightly's standard library are here.
has_sources() {
    local sysroot
    sysroot=$(rustc +nightly --print sysroot 2>/dev/null) && [[ -d $sysroot/lib/rustlib/src/rust/library ]]
}

has_narrow() {
    local library
    library=$(rustc --print sysroot)/lib/rustlib/$NARROW/lib
    if [[ $(uname -sm) != 'Linux x86_64' ]]; then
        skip '32 bits' 'this machine does not run i686 programs of Linux'
        return
    fi
    [[ -d $library ]] || obtain target add "$NARROW"
    [[ -d $library ]] || skip '32 bits' "there is no standard library for it: rustup target add $NARROW"
}

# Asks rustup for what is missing, in CI only, and not again once it failed. Whether it came is for the caller to see.
obtain() {
    if [[ ${CI-} != true || $rustup_fails == true ]] || ! command -v rustup >/dev/null; then
        return 0
    fi
    printf '\n==> rustup %s\n' "$*"
    if ! timeout "$PATIENCE" rustup --quiet "$@"; then
        rustup_fails=true
        printf 'rustup failed, and is not asked again\n' >&2
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

# Notes what cannot be proved here, as tests do (see CONTRIBUTING.md); false, so that the step is left out.
skip() {
    skips+=("SKIPPED prove $1: $2")
    printf '\n%s\n' "${skips[-1]}" >&2
    if [[ -n ${SLO_SKIP_LOG-} ]]; then
        printf '%s\n' "${skips[-1]}" >>"$SLO_SKIP_LOG"
    fi
    return 1
}

fail() {
    printf 'prove.sh: %s\n' "$1" >&2
    exit 1
}

# Runs at every exit and says what was done.
finish() {
    local status=$?
    printf '\n==> summary\n'
    if [[ -s $TARGET/models.log ]]; then
        grep -o 'model .*' "$TARGET/models.log" || true
    fi
    if ((${#steps[@]} > 0)); then
        printf '%s\n' "${steps[@]}"
    fi
    if ((${#skips[@]} > 0)); then
        printf '%s\n' "${skips[@]}"
    fi
    if ((status == 0)); then
        printf 'everything that ran is proved\n'
    else
        printf 'prove.sh: FAILED in step: %s\n' "$current" >&2
    fi
}

main "$@"
