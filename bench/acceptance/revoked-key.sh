#!/usr/bin/env bash
# A client loops at each of two gateways while a key is revoked: no request that begins after the revocation returned
# may pass, at either.
#
#   bench/acceptance/revoked-key.sh URL_1 URL_2 KEY COMMAND...
#   bench/acceptance/revoked-key.sh "$A" "$B" "$KEY" .build/release/tollgate keys revoke key_01...
#
# COMMAND revokes the key. REQUEST_PATH is what is asked (default /v1/echo), SECONDS_BEFORE and SECONDS_AFTER how long
# the clients loop before and after it (default 2 and 2).
set -euo pipefail
# shellcheck source=bench/acceptance/common.sh
. "$(dirname "$0")/common.sh"
if [ $# -lt 4 ]; then
    sed -n '5,9s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
first=$1 second=$2 key=$3
shift 3
path=${REQUEST_PATH:-/v1/echo}
folder=$(mktemp -d)
loops=()
stop() {
    touch "$folder/stop"
    if [ ${#loops[@]} -gt 0 ]; then wait "${loops[@]}" || true; fi
}
trap 'stop; rm -rf "$folder"' EXIT

# Lines of `begin status`, begin in nanoseconds.
loop() {
    local began
    while [ ! -e "$folder/stop" ]; do
        began=$(date +%s%N)
        printf '%s %s\n' "$began" "$(curl --silent --max-time 10 --output /dev/null --write-out '%{http_code}' \
            --header "Authorization: Bearer $key" "$1$path")"
    done
}

loop "$first" >"$folder/1" &
loops+=($!)
loop "$second" >"$folder/2" &
loops+=($!)
sleep "${SECONDS_BEFORE:-2}"
asked=$(date +%s%N)
"$@"
revoked=$(date +%s%N)
sleep "${SECONDS_AFTER:-2}"
stop

echo "The revocation took $(((revoked - asked) / 1000000)) ms."
for gateway in 1 2; do
    report=$(awk -v asked="$asked" -v revoked="$revoked" '
        { begun = $1; status = $2 }
        status ~ /^2/ && begun < asked { before++ }
        status ~ /^2/ && begun > revoked { late++ }
        status == 401 && begun > revoked { refused++ }
        status == 401 && !first { first = begun }
        status !~ /^2/ && status != 401 { other++ }
        END {
            printf "%d %d %d %d %s", before, late, refused, other,
                first ? sprintf("%+.1f ms", (first - revoked) / 1e6) : "never"
        }' "$folder/$gateway")
    read -r before late refused other when <<<"$report"
    echo "Gateway $gateway: $before passed before; the first 401 began $when after the revocation returned; $refused refused since."
    expect "gateway $gateway: passed although begun after the revocation" "$late" 0
    expect "gateway $gateway: neither passed nor 401" "$other" 0
    expect "gateway $gateway: was used before and refused after" "$([ "$before" -gt 0 ] && [ "$refused" -gt 0 ] && echo yes || echo no)" yes
done
finish
