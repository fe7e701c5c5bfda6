#!/usr/bin/env bash
# Builds and tests everything; arguments go to `swift test`. The last line of the output is swift's own summary.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/ensure-packages.sh
# shellcheck source=scripts/toolchain.sh
. scripts/toolchain.sh
# Tests open hundreds of sockets at once.
ulimit -n "$(ulimit -H -n)" 2>/dev/null || true
exec swift test --scratch-path "${BUILD_DIR:-.build}" --disable-xctest "$@"
