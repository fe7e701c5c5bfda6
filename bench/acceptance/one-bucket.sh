#!/usr/bin/env bash
# Many clients at once, on one bucket, over two gateways that share a Redis: exactly the bucket's capacity pass.
#
#   bench/acceptance/one-bucket.sh URL_1 URL_2 KEY CAPACITY [PATH]
#
# The bucket must be full, refill negligibly while this runs, and be the only limit that can refuse GET PATH
# (default /v1/echo). CLIENTS says how many ask (default 100), each once.
set -euo pipefail
# shellcheck source=bench/acceptance/common.sh
. "$(dirname "$0")/common.sh"
if [ $# -lt 4 ]; then
    sed -n '4,7s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
clients=${CLIENTS:-100}
export ASK_FIRST=$1 ASK_SECOND=$2 ASK_KEY=$3 ASK_PATH=${5:-/v1/echo}
capacity=$4

# shellcheck disable=SC2317 # called by xargs
ask() {
    local gateway=first url=$ASK_FIRST
    if [ $(($1 % 2)) -eq 0 ]; then gateway=second url=$ASK_SECOND; fi
    printf '%s %s\n' "$gateway" "$(curl --silent --max-time 30 --output /dev/null --write-out '%{http_code}' \
        --header "Authorization: Bearer $ASK_KEY" "$url$ASK_PATH")"
}
export -f ask

# One short line is one write, so lines of different clients do not mix.
# shellcheck disable=SC2016 # expanded by the inner shell
answers=$(seq "$clients" | xargs -P "$clients" -I{} bash -c 'ask "$1"' ask {} || true)
count() { grep -cE "$1" <<<"$answers" || true; }

echo "$clients clients at once, over two gateways, on a bucket of $capacity:"
sort <<<"$answers" | uniq -c | sed 's/^/  /'
expect "passed" "$(count ' 2[0-9][0-9]$')" "$capacity"
expect "refused with 429" "$(count ' 429$')" "$((clients - capacity))"
finish
