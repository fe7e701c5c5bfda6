#!/usr/bin/env bash
# Builds and tests everything, folder by folder, and sums up; arguments go to `swift test` instead.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/ensure-packages.sh
# shellcheck source=scripts/toolchain.sh
. scripts/toolchain.sh
# Tests open hundreds of sockets at once.
ulimit -n "$(ulimit -H -n)" 2>/dev/null || true
run() { swift test --scratch-path "${BUILD_DIR:-.build}" --disable-xctest "$@"; }
if [ $# -gt 0 ]; then
    run "$@"
    exit
fi
swift build --scratch-path "${BUILD_DIR:-.build}" --build-tests
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# One folder of tests after the other: over a thousand at once on two cores keep one another waiting past their patience.
# All are run, whatever fails. What each says it ran is counted: a folder without tests is a failure.
ran=0 folders=(Tests/*Tests) failed=() SECONDS=0
for folder in "${folders[@]}"; do
    printf '\n-- %s\n' "$folder"
    status=0
    run --skip-build --filter "^$(basename "$folder")\\." 2>&1 | tee "$log" || status=$?
    count=$(sed -nE 's/^.* Test run with ([0-9]+) tests? .*$/\1/p' "$log" | tail -n 1)
    if [ "${count:-0}" -eq 0 ]; then printf '%s: not one test was run\n' "$folder"; fi
    if [ "$status" -ne 0 ] || [ "${count:-0}" -eq 0 ]; then failed+=("$folder"); fi
    ran=$((ran + ${count:-0}))
done
seconds=$SECONDS
# A test that no folder's filter meets would never be run.
known=$(swift test list --scratch-path "${BUILD_DIR:-.build}" --disable-xctest --skip-build | grep -c .)
if [ "$ran" -ne "$known" ]; then failed+=("(of the package's $known tests these folders ran $ran)"); fi
printf '\n%d tests in %d folders, ' "$ran" "${#folders[@]}"
if [ "${#failed[@]}" -gt 0 ]; then
    printf 'failed in %d s: %s\n' "$seconds" "${failed[*]}"
    exit 1
fi
printf 'all passed in %d s\n' "$seconds"
