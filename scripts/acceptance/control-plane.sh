#!/usr/bin/env bash
# Through the CLI and the admin API: makes an org, a user and a key; changes its plan, what the plan grants, override, flag,
# suspension, key and maintenance; and shows after each what the very next request meets at the edge. Run it beside a running `make run`:
#
#   scripts/acceptance/control-plane.sh [data folder, default .data]
#
# TOLLGATE_BIN names the program (default: the newest one built). Ends with a status other than 0 at the first surprise.
set -euo pipefail
cd "$(dirname "$0")/../.."
data=${1:-.data}
set -a
# shellcheck source=/dev/null
. "$data/demo.env"
set +a

build=${BUILD_DIR:-.build}
bin=${TOLLGATE_BIN:-}
if [ -z "$bin" ]; then
    for candidate in "$build/release/tollgate" "$build/debug/tollgate"; do
        if [ -x "$candidate" ] && { [ -z "$bin" ] || [ "$candidate" -nt "$bin" ]; }; then bin=$candidate; fi
    done
fi
[ -x "$bin" ] || { echo "control-plane: no program; make release, or set TOLLGATE_BIN" >&2; exit 2; }

tag=$(date +%s)$RANDOM
slug=acceptance-$tag
checks=0
scratch=$(mktemp -d "${TMPDIR:-/tmp}/tollgate-control-plane-XXXXXX")
trap 'rm -rf "$scratch"' EXIT

# The token comes from TOLLGATE_ADMIN_TOKEN, never from the command line.
cli() { "$bin" "$@" --server "$TOLLGATE_ADMIN_URL"; }

fail() {
    echo "control-plane: FAILED: $*" >&2
    # Nobody else is to find the gateway in maintenance, or the plan as we left it.
    cli maintenance off >/dev/null 2>&1 || true
    if [ -s "$scratch/before.json" ]; then cli plans set PRO --file "$scratch/before.json" >/dev/null 2>&1 || true; fi
    exit 1
}

did() {
    echo
    echo "== tollgate $*"
    cli "$@" || fail "tollgate $* ended with $?"
}

# edge PATH STATUS [FIELD-PATTERN]: the next request, its status and what concerns us of its head.
edge() {
    local head status
    head=$(curl -s -o /dev/null -D - "$TOLLGATE_URL$1" -H "Authorization: Bearer $key" | tr -d '\r')
    status=$(sed -n '1s/^HTTP[^ ]* \([0-9]*\).*/\1/p' <<<"$head")
    echo "-- GET $1 -> $status"
    grep -iE '^(ratelimit|ratelimit-policy|retry-after|x-tollgate-error|www-authenticate):' <<<"$head" | sed 's/^/   /' || true
    [ "$status" = "$2" ] || fail "GET $1 was answered $status, expected $2"
    if [ -n "${3:-}" ] && ! grep -qiE "$3" <<<"$head"; then fail "no field like $3 in: $head"; fi
    checks=$((checks + 1))
}

# Every change of a record is met by the next request. Maintenance is no record of an org: it reaches every loop of the edge
# within about a second. Ten connections in a row find it so; they come slower than the plan's limit refills.
edge_soon() {
    local began status row=0
    began=$(date +%s%3N)
    while [ "$row" -lt 10 ]; do
        status=$(curl -s -o /dev/null -w '%{http_code}' "$TOLLGATE_URL$1" -H "Authorization: Bearer $key")
        if [ "$status" = "$2" ]; then
            row=$((row + 1))
            sleep 0.1
            continue
        fi
        row=0
        [ $(($(date +%s%3N) - began)) -lt 20000 ] || fail "GET $1 is still answered $status after 20 s, expected $2"
        sleep 0.1
    done
    echo "-- found so everywhere after $(($(date +%s%3N) - began)) ms"
    edge "$@"
}

did users create --email "$slug@example.com" --name "Acceptance $tag"
did orgs create --name "Acceptance $tag" --slug "$slug" --plan FREE --owner "$slug@example.com"

echo
echo "== tollgate keys create --org $slug --scope jobs:write"
answer=$(cli keys create --org "$slug" --name acceptance --scope jobs:write --json) || fail "no key"
key=$(jq -r .key <<<"$answer")
key_id=$(jq -r .id <<<"$answer")
jq 'del(.key)' -c <<<"$answer"
# Of the demo's FREE plan: bursts of 20 a key.
edge /v1/echo 200 '^ratelimit-policy:.*"burst";q=20;'

did orgs plan "$slug" PRO
edge /v1/echo 200 '^ratelimit-policy:.*"burst";q=200;'

# What the plan grants, for everybody on it: sent as JSON, as `plans show --json` prints it.
plan() {
    jq "$1" "$scratch/before.json" >"$scratch/plan.json"
    did plans set PRO --file "$scratch/plan.json"
}
cli plans show PRO --json >"$scratch/before.json" || fail "no plan PRO"
plan '(.limits[] | select(.name == "burst")) |= (.capacity = 150 | .refill = 500)'
edge /v1/echo 200 '^ratelimit-policy:.*"burst";q=150;'
# A bucket keeps its level, cut off at the new capacity: three, less this request.
plan '(.limits[] | select(.name == "burst")) |= (.capacity = 3 | .refill = 1)'
edge /v1/echo 200 '^ratelimit:.*"burst";r=2'
edge /v1/echo 200 '^ratelimit:.*"burst";r=1'
plan '(.limits[] | select(.name == "burst")) |= (.capacity = 400 | .refill = 1)'
edge /v1/echo 200 '^ratelimit:.*"burst";r=0'
edge /v1/echo 429 '^x-tollgate-error: rate-limit-exceeded'
# A quota of a meter that had none counts from here on.
plan '.quotas = [{meter: "requests", per_month: 1}] | .limits = []'
edge /v1/echo 200
edge /v1/echo 429 '^x-tollgate-error: quota-exceeded'
plan '.limits = [] | .features += ["beta"]'
edge /v1/beta 200
did plans set PRO --file "$scratch/before.json"
rm "$scratch/before.json"
edge /v1/echo 200 '^ratelimit-policy:.*"burst";q=200;'
edge /v1/beta 403 '^x-tollgate-error: feature-not-available'

did limits set --org "$slug" --scope org --limit org --capacity 7 --refill 1 --period-ms 60000
edge /v1/echo 200 '^ratelimit-policy:.*"org";q=7;'
override=$(cli limits list --org "$slug" --json | jq -r '.[0].id')
did limits levels "$key_id" --org "$slug" --route echo
did limits remove "$override" --org "$slug"
edge /v1/echo 200 '^ratelimit-policy:.*"org";q=2000;'

did flags set beta --default off --description "Routes that are not for everybody"
edge /v1/beta 403 '^x-tollgate-error: feature-not-available'
did flags override beta on --org "$slug"
edge /v1/beta 200
did flags explain --org "$slug"
did flags reset beta --org "$slug"
edge /v1/beta 403 '^x-tollgate-error: feature-not-available'

did orgs suspend "$slug"
edge /v1/echo 403 '^x-tollgate-error: organization-suspended'
did orgs resume "$slug"
edge /v1/echo 200

did maintenance on --for 30m
edge_soon /v1/echo 503 '^retry-after: 1[78][0-9][0-9]$'
did maintenance off
edge_soon /v1/echo 200

did keys revoke "$key_id" --org "$slug"
edge /v1/echo 401 '^x-tollgate-error: api-key-'

did audit list --org "$slug"
did audit verify
did orgs delete "$slug"

echo
echo "control-plane: all good, $checks requests at the edge met what the CLI had just said"
