#!/usr/bin/env bash
# smoke.sh [--clean]
# A person's first five minutes, done by a script: `make run` in a scratch copy of this tree, the lines that it prints
# pasted one by one, their answers checked, Ctrl-C, nothing left running, and a second start on the kept data.
# The programs are built here, where a build before or after finds them; the copy would compile all of them again, and so
# would this tree after it. --clean does that all the same, into a folder of its own.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
case "${1:-}" in
'' | --clean) ;;
*)
    echo "usage: smoke.sh [--clean]" >&2
    exit 2
    ;;
esac
scripts/ensure-packages.sh
case "${BUILD_DIR:-.build}" in
/*) BUILD_DIR=${BUILD_DIR} ;;
*) BUILD_DIR=$root/${BUILD_DIR:-.build} ;;
esac
export BUILD_DIR
# `make run` takes neither its arguments nor its flags from the make that called us.
unset ARGS MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL

if [ -z "${1:-}" ]; then
    scripts/build.sh "${CONFIGURATION:-release}" products
    export TOLLGATE_BUILT=yes
fi
scratch=$(mktemp -d "${TMPDIR:-/tmp}/tollgate-smoke-XXXXXX")
if [ -n "${1:-}" ]; then BUILD_DIR=$scratch/build; fi
tree=$scratch/tollgate
log=$scratch/run.log
make_pid=
tollgate_pid=

fail() {
    if [ -f "$log" ]; then
        echo "--- the last lines of make run:" >&2
        tail -n 40 "$log" >&2
    fi
    # Last, so that it is read first and is never cut off.
    echo "smoke: FAILED: $*" >&2
    exit 1
}
passed() { echo "smoke: ok: $*"; }

clean_up() {
    local status=$?
    trap - EXIT
    if [ -n "$tollgate_pid" ] && kill -0 "$tollgate_pid" 2>/dev/null; then
        kill -TERM "$tollgate_pid" 2>/dev/null || true
        for _ in $(seq 100); do
            kill -0 "$tollgate_pid" 2>/dev/null || break
            sleep 0.2
        done
        kill -KILL "$tollgate_pid" 2>/dev/null || true
    fi
    if [ -n "$make_pid" ]; then wait "$make_pid" 2>/dev/null || true; fi
    if [ "$status" -ne 0 ] && [ -n "${SMOKE_KEEP:-}" ]; then
        echo "smoke: kept $scratch" >&2
    else
        if [ -x "$tree/scripts/clean-data.sh" ]; then (cd "$tree" && scripts/clean-data.sh >/dev/null 2>&1) || true; fi
        rm -rf "$scratch"
    fi
    exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 20000))
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            echo "$port"
            return
        fi
    done
}

# --- the copy: what git would hand to somebody who clones, with changes not committed yet
mkdir -p "$tree"
if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    git ls-files -z --cached --others --exclude-standard |
        while IFS= read -r -d '' file; do if [ -e "$file" ]; then printf '%s\0' "$file"; fi; done |
        tar --create --null --files-from=- | tar --extract --directory="$tree"
else
    tar --create --exclude=./.build --exclude=./.data . | tar --extract --directory="$tree"
fi
if [ -f Package.resolved ]; then cp Package.resolved "$tree/"; fi

edge_port=$(free_port)
admin_port=$(free_port)

start() {
    : >"$log"
    (
        cd "$tree"
        TOLLGATE_EDGE_PORT=$edge_port TOLLGATE_ADMIN_PORT=$admin_port exec make run
    ) >"$log" 2>&1 &
    make_pid=$!
    local deadline=$((SECONDS + $1))
    until grep -q '^Tollgate is ready at ' "$log"; do
        kill -0 "$make_pid" 2>/dev/null || fail "make run ended before it was ready"
        [ "$SECONDS" -lt "$deadline" ] || fail "make run is not ready after $1 s"
        sleep 0.2
    done
    tollgate_pid=$(sed -n 's/^TOLLGATE_PID=//p' "$tree/.data/demo.env")
    kill -0 "$tollgate_pid" || fail "TOLLGATE_PID=$tollgate_pid is not running"
}

# A process and all below it.
family() {
    local child
    echo "$1"
    for child in $(pgrep -P "$1" || true); do family "$child"; done
}

# Those of a list of processes that still run.
alive() {
    local pid
    for pid in "$@"; do if kill -0 "$pid" 2>/dev/null; then echo "$pid"; fi; done
}

interrupt() {
    # What a terminal's Ctrl-C does: SIGINT to make's child; the recipe has become tollgate itself.
    kill -INT "$tollgate_pid"
    local deadline=$((SECONDS + 60))
    while kill -0 "$tollgate_pid" 2>/dev/null; do
        [ "$SECONDS" -lt "$deadline" ] || fail "still running 60 s after SIGINT"
        sleep 0.1
    done
    wait "$make_pid" || fail "make run ended with status $? after Ctrl-C"
    make_pid=
    tollgate_pid=
}

# The nth line to paste that contains a text.
printed() {
    sed -n 's/^  //p' "$log" | grep -F -- "$1" | sed -n "${2:-1}p"
}
paste() {
    [ -n "$1" ] || fail "a line to paste is missing from the banner"
    (cd "$tree" && bash -c ". .data/demo.env; $1")
}

# --- first start
start "${SMOKE_BUILD_TIMEOUT:-3000}"
passed "make run is ready"

[ "$(stat -c %a "$tree/.data/demo.env")" = 600 ] || fail "demo.env can be read by others"
for name in URL ADMIN_URL KEY KEY_ID TEST_KEY FREE_KEY ADMIN_TOKEN REDIS DATABASE_URL PID; do
    grep -q "^TOLLGATE_$name=." "$tree/.data/demo.env" || fail "demo.env has no TOLLGATE_$name"
done
# shellcheck source=/dev/null
first_key=$(. "$tree/.data/demo.env" && echo "$TOLLGATE_KEY")
if grep -q -F -- "$first_key" "$log"; then fail "the key is in the output of make run"; fi
passed "demo.env is complete, private, and the key is nowhere else"

# --- the printed lines
answer=$(paste "$(printed 'Idempotency-Key: demo-')") || fail "the gated request failed: $answer"
grep -qE '^HTTP/1.1 20[012]' <<<"$answer" || fail "the gated request was answered: $answer"
grep -qi '^RateLimit: ' <<<"$answer" || fail "no RateLimit field in: $answer"
passed "a gated request: $(head -n 1 <<<"$answer" | tr -d '\r')"

answers=$(paste "$(printed 'K=replay-')")
[ "$(grep -cE '^HTTP/1.1 20[012]' <<<"$answers")" = 2 ] || fail "the replay was answered: $answers"
[ "$(grep -ci '^Idempotent-Replayed: true' <<<"$answers" || true)" = 1 ] || fail "the second answer is no replay: $answers"
[ "$(grep -o '"id":"job_[^"]*"' <<<"$answers" | sort -u | wc -l)" = 1 ] || fail "two jobs were made: $answers"
passed "the second of two requests with one Idempotency-Key is a replay of the first"

counts=$(paste "$(printed "| sort | uniq -c")")
grep -qE '^ *[0-9]+ 429$' <<<"$counts" || fail "no 429 in: $counts"
grep -qE '^ *[0-9]+ 200$' <<<"$counts" || fail "no 200 in: $counts"
passed "the limit holds: $(tr -s ' \n' ' ' <<<"$counts")"

# The worker moves usage once a second: the first look may come between the two jobs' turns.
deadline=$((SECONDS + 30))
until usage=$(paste "$(printed ' usage')") && grep -qE '\bjobs\b +2$' <<<"$usage"; do
    [ "$SECONDS" -lt "$deadline" ] || fail "two jobs were accepted, but usage says: $usage"
    sleep 0.3
done
passed "usage counts the two jobs, not the replay"

records=$(paste "$(printed ' orgs list')")
for plan in FREE PRO; do grep -qw "$plan" <<<"$records" || fail "no org on $plan: $records"; done
[ "$(paste "$(printed ' users list')" | wc -l)" = 5 ] || fail "expected a head and four users"
jobs=$(paste "$(printed ' jobs list')") || fail "the jobs cannot be listed: $jobs"
[ "$(wc -l <<<"$jobs")" -gt 50 ] || fail "too few jobs: $jobs"
grep -qE '\bfailed\b' <<<"$(paste "$(printed ' webhooks deliveries')")" || fail "no delivery that failed"
passed "the records hold the demo's orgs, users, jobs and deliveries"

# Never `paste | grep -q`: grep leaves at its first match, and curl, still writing, would fail the pipe.
ready=$(paste "$(printed /readyz)")
jq -e '.status == "ok"' >/dev/null <<<"$ready" || fail "not ready: $ready"
metrics=$(paste "$(printed /metrics)")
grep -q '^# TYPE ' <<<"$metrics" || fail "no metrics: $metrics"
passed "health and metrics"

# --- Ctrl-C
mapfile -t members < <(family "$tollgate_pid")
[ "${#members[@]}" -ge 4 ] || fail "expected tollgate, Redis, PostgreSQL and the job service, found: ${members[*]}"
interrupt
left=$(alive "${members[@]}")
[ -z "$left" ] || fail "processes left after Ctrl-C: $left"
passed "Ctrl-C stops everything"

# --- second start, on the kept data
began=$SECONDS
start 120
took=$((SECONDS - began))
# shellcheck source=/dev/null
second_key=$(. "$tree/.data/demo.env" && echo "$TOLLGATE_KEY")
[ "$first_key" = "$second_key" ] || fail "the second start made a new key"
grep -qE '\bjobs\b +2$' <<<"$(paste "$(printed ' usage')")" || fail "the usage is gone after a restart"
passed "the second start took $took s and kept keys and usage"
mapfile -t members < <(family "$tollgate_pid")
interrupt
[ -z "$(alive "${members[@]}")" ] || fail "processes left after the second Ctrl-C"

echo "smoke: all good in $SECONDS s"
