#!/usr/bin/env bash
# build.sh debug|release [products] [swift build arguments]: everything with tests, or the two programs.
set -euo pipefail
cd "$(dirname "$0")/.."
configuration=${1:-debug}
shift || true
scripts/ensure-packages.sh
# shellcheck source=scripts/toolchain.sh
. scripts/toolchain.sh
scratch=${BUILD_DIR:-.build}
# Package.swift does this for our own targets; these reach the dependencies and the standard library too. Run-time
# exclusivity checks and calls through the linkage table of a shared standard library are a tenth of a request's CPU
# (bench/PROFILE.md). Debug builds, and so every test, keep the checks.
flags=()
if [ "$configuration" = release ]; then flags=(-Xswiftc -enforce-exclusivity=unchecked --static-swift-stdlib); fi
if [ "${1:-}" = products ] || [ "$configuration" = release ]; then
    if [ "${1:-}" = products ]; then shift; fi
    swift build -c "$configuration" --scratch-path "$scratch" --product tollgate "${flags[@]}" "$@"
    swift build -c "$configuration" --scratch-path "$scratch" --product job-service "${flags[@]}" "$@"
else
    swift build --scratch-path "$scratch" --build-tests "$@"
fi
