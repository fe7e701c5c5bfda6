#!/usr/bin/env bash
# simulate.sh [arguments of tollgate-simulate]: builds the simulator for release and runs it. SEEDS, SEED and PLANT of the
# environment are passed on.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/ensure-packages.sh
# shellcheck source=scripts/toolchain.sh
. scripts/toolchain.sh
BUILD_DIR="${BUILD_DIR:-.build}"
# The flags of build.sh: with others everything would be compiled again, and once more at the next release build.
swift build --scratch-path "$BUILD_DIR" -c release --product tollgate-simulate \
    -Xswiftc -enforce-exclusivity=unchecked --static-swift-stdlib >&2
options=()
[ -z "${SEEDS:-}" ] || options+=(--seeds "$SEEDS")
[ -z "${SEED:-}" ] || options+=(--seed "$SEED")
[ -z "${PLANT:-}" ] || options+=(--plant "$PLANT")
exec "$BUILD_DIR/release/tollgate-simulate" "${options[@]}" "$@"
