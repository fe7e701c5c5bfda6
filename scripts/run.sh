#!/usr/bin/env bash
# Builds the release products and becomes `tollgate dev`; arguments are passed on to it.
set -euo pipefail
cd "$(dirname "$0")/.."
scratch=${BUILD_DIR:-.build}
scripts/ensure-packages.sh
# shellcheck source=scripts/toolchain.sh
. scripts/toolchain.sh
if [ ! -x "$scratch/release/tollgate" ]; then
    echo "Building (the first time takes several minutes) ..." >&2
fi
scripts/build.sh release
exec "$scratch/release/tollgate" dev "$@"
