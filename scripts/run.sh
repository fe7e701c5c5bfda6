#!/usr/bin/env bash
# Builds the products and becomes `tollgate dev`; arguments are passed on to it. CONFIGURATION is release or debug. With
# TOLLGATE_BUILT the programs are taken as they are: scripts/smoke.sh has built them.
set -euo pipefail
cd "$(dirname "$0")/.."
scratch=${BUILD_DIR:-.build}
configuration=${CONFIGURATION:-release}
scripts/ensure-packages.sh
# shellcheck source=scripts/toolchain.sh
. scripts/toolchain.sh
if [ -z "${TOLLGATE_BUILT:-}" ]; then
    if [ ! -x "$scratch/$configuration/tollgate" ]; then
        echo "Building (the first time takes several minutes) ..." >&2
    fi
    scripts/build.sh "$configuration" products
fi
exec "$scratch/$configuration/tollgate" dev "$@"
