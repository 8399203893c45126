#!/usr/bin/env bash
# Starts three shops and what watches them, on this machine only, and says what to open: see examples/fleet/README.md.
#
#   scripts/fleet.sh            on 127.0.0.1, ports 3100 to 3105
#   PORT=4100 scripts/fleet.sh  six others in a row; PORT=0 takes free ones
#
# Ends with Ctrl-C, and all that it has started with it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cargo build -p slo-examples --example shop --example fleet
# Cargo takes its place, and that of cargo is taken by the fleet.
exec cargo run --quiet -p slo-examples --example fleet -- "$@"
