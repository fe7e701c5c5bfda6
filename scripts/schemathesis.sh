#!/bin/bash
# Holds the admin API of a running `make run` against its OpenAPI document with schemathesis (from PyPI), all checks. Its
# requests name records that exist: `tollgate seed` puts them there, scripts/schemathesis_hooks.py puts them in.
# The demo's data are changed by it: use it on data that may go (make clean-data).
#
#   scripts/schemathesis.sh [ARGS for `schemathesis run`...]
#
#   EXAMPLES       generated requests for an operation and phase (default 200)
#   TOLLGATE_DATA  where the demo keeps its data (default .data)
#   TOLLGATE_BIN   the program (default: the newest one built)
set -euo pipefail
cd "$(dirname "$0")/.."

version=4.32.5
build=${BUILD_DIR:-.build}
venv="$build/schemathesis-$version"
environment="${TOLLGATE_DATA:-.data}/demo.env"

if [ ! -f "$environment" ]; then
  echo "There is no $environment: start \`make run\` first." >&2
  exit 1
fi
set -a
# shellcheck disable=SC1090
. "$environment"
set +a

if [ ! -x "$venv/bin/schemathesis" ]; then
  echo "Installing schemathesis $version into $venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet "schemathesis==$version"
fi

# Users, orgs, keys, jobs, deliveries, invoices, events: what no request of the API makes. Seeded once.
bin=${TOLLGATE_BIN:-}
if [ -z "$bin" ]; then
  for candidate in "$build/release/tollgate" "$build/debug/tollgate"; do
    if [ -x "$candidate" ] && { [ -z "$bin" ] || [ "$candidate" -nt "$bin" ]; }; then bin=$candidate; fi
  done
fi
if ! told=$("$bin" seed --force --json 2>&1 >/dev/null); then
  case $told in
  *"been put in before"*) ;;
  *) echo "The demo data could not be put in: $told" >&2 && exit 1 ;;
  esac
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
