#!/usr/bin/env bash
# Builds and tests everything; arguments go to `swift test`. The last line of the output is swift's own summary.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/ensure-packages.sh
# shellcheck source=scripts/toolchain.sh
. scripts/toolchain.sh
# Tests open hundreds of sockets at once.
ulimit -n "$(ulimit -H -n)" 2>/dev/null || true
run() { swift test --scratch-path "${BUILD_DIR:-.build}" --disable-xctest "$@"; }
if [ $# -gt 0 ]; then
    run "$@"
    exit
fi
# The simulator takes every thread for as long as it runs, and tests on real servers would wait for it past their time.
run --skip SimulationTests
run --skip-build --filter SimulationTests
