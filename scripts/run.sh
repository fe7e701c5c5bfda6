#!/usr/bin/env bash
# Builds the products and becomes `tollgate dev`; arguments are passed on to it. CONFIGURATION is release or debug.
set -euo pipefail
cd "$(dirname "$0")/.."
scratch=${BUILD_DIR:-.build}
configuration=${CONFIGURATION:-release}
scripts/ensure-packages.sh
# shellcheck source=scripts/toolchain.sh
. scripts/toolchain.sh
if [ ! -x "$scratch/$configuration/tollgate" ]; then
    echo "Building (the first time takes several minutes) ..." >&2
fi
scripts/build.sh "$configuration" products
exec "$scratch/$configuration/tollgate" dev "$@"
