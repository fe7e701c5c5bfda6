#!/usr/bin/env bash
# bench-first.sh [arguments of bench/first-figures]: installs what is compared, builds tollgate, measures.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/ensure-packages.sh nginx libnginx-mod-http-lua lua-nginx-redis lua-nginx-string lua-resty-lrucache haproxy wrk python3
scripts/build.sh release
exec bench/first-figures "$@"
