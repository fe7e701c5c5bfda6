#!/usr/bin/env bash
# Builds the load generator, bench/load/.build/release/tollgate-load: a package of its own, minutes at first, then seconds.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/toolchain.sh
. scripts/toolchain.sh
exec swift build -c release --package-path bench/load --product tollgate-load
