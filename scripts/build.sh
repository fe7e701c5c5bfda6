#!/usr/bin/env bash
# build.sh debug|release [swift build arguments]
set -euo pipefail
cd "$(dirname "$0")/.."
configuration=${1:-debug}
shift || true
scripts/ensure-packages.sh
# shellcheck source=scripts/toolchain.sh
. scripts/toolchain.sh
scratch=${BUILD_DIR:-.build}
if [ "$configuration" = release ]; then
    swift build -c release --scratch-path "$scratch" --product tollgate "$@"
    swift build -c release --scratch-path "$scratch" --product job-service "$@"
else
    swift build --scratch-path "$scratch" --build-tests "$@"
fi
