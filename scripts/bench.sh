#!/usr/bin/env bash
# bench.sh [arguments of bench/all-figures]: installs what is compared, builds, measures every figure.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/ensure-packages.sh nginx libnginx-mod-http-lua lua-nginx-redis lua-nginx-string lua-resty-lrucache haproxy wrk \
    python3 python3-venv
scripts/build.sh release
scripts/build-load.sh
exec bench/all-figures "$@"
