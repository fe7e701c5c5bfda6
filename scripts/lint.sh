#!/usr/bin/env bash
# lint.sh [--fix]: formatting of the Swift sources, syntax and shellcheck of the scripts.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/toolchain.sh
. scripts/toolchain.sh
swift_sources=(Package.swift Sources Tests lua bench/load/Package.swift bench/load/Sources bench/load/Tests)
if [ "${1:-}" = --fix ]; then
    swift format --in-place --recursive --parallel "${swift_sources[@]}"
    exit 0
fi
swift format lint --strict --recursive --parallel "${swift_sources[@]}"
shell_scripts=(scripts/*.sh .ci/run bench/acceptance/*.sh bench/test faults/test)
for script in "${shell_scripts[@]}"; do bash -n "$script"; done
if command -v shellcheck >/dev/null 2>&1; then shellcheck --external-sources "${shell_scripts[@]}"; fi
echo "lint: no findings"
