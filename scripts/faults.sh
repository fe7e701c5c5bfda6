#!/usr/bin/env bash
# faults.sh [arguments of faults/run]: installs the servers, builds tollgate, runs the fault harness.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/ensure-packages.sh python3
scripts/build.sh release
faults/test
exec faults/run "$@"
