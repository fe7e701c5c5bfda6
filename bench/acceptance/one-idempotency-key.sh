#!/usr/bin/env bash
# Many POSTs with one Idempotency-Key at once: one is executed, the others get its answer again or a 409.
#
#   bench/acceptance/one-idempotency-key.sh
#   TOLLGATE_URL_2=http://127.0.0.1:8082 REQUESTS=1000 AT_ONCE=64 bench/acceptance/one-idempotency-key.sh
#
# Takes TOLLGATE_URL and TOLLGATE_KEY from the environment or from .data/demo.env; every second request goes to
# TOLLGATE_URL_2 if that is set. REQUEST_PATH and BODY say what is posted (default: a `count` job).
set -euo pipefail
# shellcheck source=bench/acceptance/common.sh
. "$(dirname "$0")/common.sh"
load_demo

requests=${REQUESTS:-1000}
at_once=${AT_ONCE:-64}
export POST_KEY=$TOLLGATE_KEY
export POST_BODY=${BODY:-'{"type":"count","input":{"text":"one job and no other"}}'}
export POST_PATH=${REQUEST_PATH:-/v1/jobs}
export POST_FIRST=$TOLLGATE_URL
export POST_SECOND=${TOLLGATE_URL_2:-$TOLLGATE_URL}
export POST_NAME
POST_NAME="bench-$(date +%s%N)-$$"
folder=$(mktemp -d)
export POST_FOLDER=$folder
trap 'rm -rf "$folder"' EXIT

# shellcheck disable=SC2317 # called by xargs
post() {
    local url=$POST_FIRST
    if [ $(($1 % 2)) -eq 0 ]; then url=$POST_SECOND; fi
    curl --silent --show-error --max-time 30 --output "$POST_FOLDER/$1.body" \
        --write-out "%{http_code} %header{idempotent-replayed}\n" \
        --header "Authorization: Bearer $POST_KEY" --header 'Content-Type: application/json' \
        --header "Idempotency-Key: \"$POST_NAME\"" --data-binary "$POST_BODY" "$url$POST_PATH" >"$POST_FOLDER/$1.status"
}
export -f post

began=$(date +%s%N)
# shellcheck disable=SC2016 # expanded by the inner shell
seq "$requests" | xargs -P "$at_once" -I{} bash -c 'post "$1"' post {} || true
elapsed_ms=$((($(date +%s%N) - began) / 1000000))

statuses=$(find "$folder" -name '*.status' -exec cat {} +)
count() { grep -cE "$1" <<<"$statuses" || true; }
executed=$(count '^2[0-9][0-9] *$')
replayed=$(count '^2[0-9][0-9] true$')
running=$(count '^409 ')
jobs=$(find "$folder" -name '*.body' -exec grep -ohE '"id" ?: ?"job_[^"]+"' {} + | sort -u | wc -l)

echo "$requests requests with Idempotency-Key \"$POST_NAME\", $at_once at once, in $elapsed_ms ms:"
sort <<<"$statuses" | uniq -c | sort -rn | sed 's/^/  /; s/ true$/ replayed/'
expect "executed" "$executed" 1
expect "executed, replayed or 409" "$((executed + replayed + running))" "$requests"
expect "different jobs in the answers" "$jobs" 1
finish
