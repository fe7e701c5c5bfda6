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
if [ "${1:-}" = products ] || [ "$configuration" = release ]; then
    if [ "${1:-}" = products ]; then shift; fi
    swift build -c "$configuration" --scratch-path "$scratch" --product tollgate "$@"
    swift build -c "$configuration" --scratch-path "$scratch" --product job-service "$@"
else
    swift build --scratch-path "$scratch" --build-tests "$@"
fi
