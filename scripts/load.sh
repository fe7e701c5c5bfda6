#!/usr/bin/env bash
# load.sh [arguments of tollgate-load]: loads a gateway as a scenario file says. From the environment:
#   SCENARIO  default bench/scenarios/steady.yaml
#   URL, KEY  the gateway and one or more API keys with spaces between; default: what `make run` started
#   USAGE     a command that prints how many requests were metered so far; asked before and after
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -z "${URL:-}" ]; then
    if [ ! -r .data/demo.env ]; then
        echo "No URL=... given, and no .data/demo.env: start \`make run\` beside, or name your gateway." >&2
        exit 2
    fi
    # shellcheck source=/dev/null
    . .data/demo.env
    URL=$TOLLGATE_URL
    KEY=${KEY:-$TOLLGATE_KEY}
fi
scripts/build-load.sh
arguments=("${SCENARIO:-bench/scenarios/steady.yaml}" --url "$URL")
for key in ${KEY:-}; do arguments+=(--key "$key"); done
if [ -n "${USAGE:-}" ]; then arguments+=(--usage "$USAGE"); fi
mkdir -p bench/results
echo "The report will be in bench/results/load.html, the numbers in bench/results/load.json."
exec bench/load/.build/release/tollgate-load "${arguments[@]}" \
    --report bench/results/load.html --json bench/results/load.json "$@"
