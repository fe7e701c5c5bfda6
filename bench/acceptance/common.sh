# shellcheck shell=bash
# Sourced by the checks in this folder: where the gateways are, and how a check ends.

# shellcheck disable=SC2034 # for those who source this
program=$(basename "$0")

# Takes TOLLGATE_URL and TOLLGATE_KEY from the environment, or from what `make run` left in .data/demo.env.
load_demo() {
    local file=${TOLLGATE_DEMO:-.data/demo.env}
    if [ -z "${TOLLGATE_URL:-}" ] || [ -z "${TOLLGATE_KEY:-}" ]; then
        # shellcheck source=/dev/null
        if [ -r "$file" ]; then . "$file"; fi
    fi
    if [ -z "${TOLLGATE_URL:-}" ] || [ -z "${TOLLGATE_KEY:-}" ]; then
        echo "$program: set TOLLGATE_URL and TOLLGATE_KEY, or start 'make run' and call this from the same folder." >&2
        exit 2
    fi
}

# expect WHAT VALUE WANTED: prints a line, remembers a difference.
failures=0
expect() {
    if [ "$2" = "$3" ]; then
        echo "ok      $1: $2"
    else
        echo "FAILED  $1: $2, expected $3"
        failures=$((failures + 1))
    fi
}

finish() {
    [ "$failures" -eq 0 ] || exit 1
    exit 0
}
