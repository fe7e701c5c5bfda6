#!/usr/bin/env bash
# Empties Redis under load and looks how long it takes until traffic, keys and limits are right again, by themselves. Run
# it beside a running `make run`:
#
#   scripts/acceptance/flushall.sh [data folder, default .data]
#
# SECONDS_OF_LOAD (default 8), CLIENTS (default 8), WITHIN_MS (default 5000: later is a failure).
set -euo pipefail
cd "$(dirname "$0")/../.."
data=${1:-.data}
set -a
# shellcheck source=/dev/null
. "$data/demo.env"
set +a
seconds=${SECONDS_OF_LOAD:-8}
clients=${CLIENTS:-8}
within=${WITHIN_MS:-5000}
scratch=$(mktemp -d "${TMPDIR:-/tmp}/tollgate-flushall-XXXXXX")
trap 'rm -rf "$scratch"' EXIT

fail() {
    echo "flushall: FAILED: $*" >&2
    exit 1
}

case "$TOLLGATE_REDIS" in
unix://*)
    socket=${TOLLGATE_REDIS#unix://}
    redis() { redis-cli -s "${socket%%\?*}" "$@"; }
    ;;
*) redis() { redis-cli -u "$TOLLGATE_REDIS" "$@"; } ;;
esac

now_ms() { date +%s%3N; }

# Requests one after another, each with the moment of its end.
client() {
    local until=$((SECONDS + seconds)) status
    while [ "$SECONDS" -lt "$until" ]; do
        status=$(curl -s -o /dev/null -m 10 -w '%{http_code}' "$TOLLGATE_URL/v1/echo" -H "Authorization: Bearer $2") || true
        echo "$(now_ms) $status" >>"$scratch/client-$1"
    done
}

status_of() { curl -s -o /dev/null -m 10 -w '%{http_code}' "$TOLLGATE_URL$1" -H "Authorization: Bearer $2" || true; }

# The route with a bucket of three: emptied before, so that a full one shows that the limits start anew.
drain=$(for _ in 1 2 3 4 5; do status_of /v1/limited "$TOLLGATE_KEY"; echo; done | sort | uniq -c | tr -s ' \n' ' ')
echo "before:   /v1/limited five times:$drain"

for number in $(seq "$clients"); do
    if [ $((number % 2)) = 0 ]; then client "$number" "$TOLLGATE_KEY" & else client "$number" "$TOLLGATE_TEST_KEY" & fi
done
sleep $((seconds / 2))
keys_before=$(redis DBSIZE)
flushed=$(now_ms)
echo "FLUSHALL: $(redis FLUSHALL), $keys_before keys were there"

# Keys: both environments are known again, and a wrong one is not.
recovered=
while [ $(($(now_ms) - flushed)) -lt 30000 ]; do
    if [ "$(status_of /v1/echo "$TOLLGATE_KEY")" = 200 ] && [ "$(status_of /v1/echo "$TOLLGATE_TEST_KEY")" = 200 ]; then
        recovered=$(($(now_ms) - flushed))
        break
    fi
done
[ -n "$recovered" ] || fail "no request is served 30 s after FLUSHALL"
wrong=$(status_of /v1/echo "${TOLLGATE_KEY%?}x")
[ "$wrong" = 401 ] || fail "a mistyped key was answered $wrong"

# Limits: the bucket of three is full again, and holds.
limited=$(for _ in 1 2 3 4 5; do status_of /v1/limited "$TOLLGATE_KEY"; echo; done | sort | uniq -c | tr -s ' \n' ' ')
echo "after:    /v1/limited five times:$limited"
grep -q ' 3 200 2 429' <<<"$limited" || fail "the limit of three is not right again:$limited"
limits=$(($(now_ms) - flushed))

wait
cat "$scratch"/client-* | sort -n >"$scratch/all"
total=$(wc -l <"$scratch/all")
before=$(awk -v at="$flushed" '$1 < at' "$scratch/all" | wc -l)
echo "load:     $clients clients, $total requests, $before of them before FLUSHALL"
echo "statuses: before$(awk -v at="$flushed" '$1 < at {n[$2]++} END {for (s in n) printf " %s x%d", s, n[s]}' "$scratch/all"), after$(awk -v at="$flushed" '$1 >= at {n[$2]++} END {for (s in n) printf " %s x%d", s, n[s]}' "$scratch/all")"
# 429 is an answer of a gateway that knows the key: the load may be more than the plan allows.
last=$(awk -v at="$flushed" '$1 >= at && $2 != 200 && $2 != 429 {last = $1 - at} END {print last + 0}' "$scratch/all")
echo "recovery: first requests of both keys served $recovered ms after FLUSHALL, limits right after $limits ms, last failed request after $last ms"
[ "$last" -le "$within" ] || fail "a request failed $last ms after FLUSHALL; expected none after $within ms"
[ "$recovered" -le "$within" ] || fail "served only after $recovered ms; expected $within ms"
filled=$(redis DBSIZE)
[ "$filled" -gt 0 ] || fail "Redis is still empty"
echo "flushall: all good, Redis holds $filled keys"
