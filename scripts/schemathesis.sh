#!/bin/bash
# Holds the admin API of a running `make run` against its OpenAPI document with schemathesis (from PyPI), all checks.
# The demo's data are changed by it: use it on data that may go (make clean-data).
#
#   scripts/schemathesis.sh [ARGS for `schemathesis run`...]
#
#   EXAMPLES       generated requests for an operation and phase (default 200)
#   TOLLGATE_DATA  where the demo keeps its data (default .data)
set -euo pipefail
cd "$(dirname "$0")/.."

version=4.32.5
venv="${BUILD_DIR:-.build}/schemathesis-$version"
environment="${TOLLGATE_DATA:-.data}/demo.env"

if [ ! -f "$environment" ]; then
  echo "There is no $environment: start \`make run\` first." >&2
  exit 1
fi
# shellcheck disable=SC1090
. "$environment"

if [ ! -x "$venv/bin/schemathesis" ]; then
  echo "Installing schemathesis $version into $venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet "schemathesis==$version"
fi

# One worker: the parser of CPython 3.11 fails now and then when several threads use it.
status=0
"$venv/bin/schemathesis" --config-file scripts/schemathesis.toml run "$TOLLGATE_ADMIN_URL/openapi.json" \
  --header "Authorization: Bearer $TOLLGATE_ADMIN_TOKEN" --checks all --max-examples "${EXAMPLES:-200}" \
  --workers 1 --no-color "$@" || status=$?

# It may have switched maintenance on.
curl -sS -o /dev/null -X PUT -H "Authorization: Bearer $TOLLGATE_ADMIN_TOKEN" -H 'Content-Type: application/json' \
  -d '{"enabled":false,"allowed":[]}' "$TOLLGATE_ADMIN_URL/v1/system/maintenance"
exit "$status"
