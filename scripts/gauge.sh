#!/usr/bin/env bash
# gauge.sh [arguments of bench/gauge]: builds tollgate and compares a request's instructions and allocations with what is
# kept in bench/thresholds.json.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/ensure-packages.sh valgrind python3
scripts/build.sh release
exec bench/gauge "$@"
