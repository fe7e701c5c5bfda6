#!/usr/bin/env bash
# Builds and tests everything, folder by folder, each with swift's own summary; arguments go to `swift test` instead.
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
# One folder of tests after the other: over a thousand at once on two cores keep one another waiting past their patience.
swift build --scratch-path "${BUILD_DIR:-.build}" --build-tests
for folder in Tests/*Tests; do
    printf '\n-- %s\n' "$folder"
    run --skip-build --filter "^$(basename "$folder")\\."
done
