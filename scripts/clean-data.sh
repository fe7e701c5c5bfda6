#!/usr/bin/env bash
# Removes .data/, where `tollgate dev` keeps its servers' files and the demo's keys.
set -euo pipefail
cd "$(dirname "$0")/.."
data=${TOLLGATE_DATA:-.data}
[ -d "$data" ] || { echo "There is no $data."; exit 0; }
if [ -e "$data/dev.lock" ] && ! flock --nonblock "$data/dev.lock" true; then
    echo "tollgate dev is running (PID $(cat "$data/dev.lock")): stop it first with Ctrl-C or: kill $(cat "$data/dev.lock")" >&2
    exit 1
fi
# Where the checkout could not be entered by PostgreSQL's user, its files are elsewhere and this is a link to them.
if [ -L "$data/postgres" ]; then
    target=$(readlink -f "$data/postgres")
    case "$target" in
    /var/lib/tollgate-dev/*) rm -rf -- "$target" ;;
    esac
fi
rm -rf -- "$data"
echo "Removed $data."
