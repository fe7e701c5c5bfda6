#!/usr/bin/env bash
# ensure-packages.sh [more packages]
# Installs what Tollgate needs from Debian, and only what is missing. Nothing is touched when everything is there.
# Services that apt would start are not left running: Tollgate starts its own servers.
set -euo pipefail

packages=(
    redis-server postgresql-15 postgresql-contrib
    libhiredis-dev libpq-dev libssl-dev libcrypt-dev zlib1g-dev pkg-config
    libstdc++-12-dev libc6-dev binutils
    curl jq git procps util-linux ca-certificates
    "$@"
)

is_installed() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Another major version of PostgreSQL serves as well.
is_satisfied() {
    case "$1" in
    postgresql-15) is_installed "$1" || compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null ;;
    postgresql-contrib)
        is_installed "$1" || compgen -G '/usr/share/postgresql/*/extension/pg_stat_statements.control' >/dev/null ;;
    *) is_installed "$1" ;;
    esac
}

if ! command -v dpkg-query >/dev/null 2>&1; then
    missing_commands=()
    for command in redis-server pkg-config curl jq git setpriv; do
        command -v "$command" >/dev/null 2>&1 || missing_commands+=("$command")
    done
    if [ ${#missing_commands[@]} -gt 0 ]; then
        echo "This is not Debian, so nothing can be installed for you. Missing: ${missing_commands[*]}" >&2
        echo "Needed are the equivalents of: ${packages[*]}" >&2
        exit 1
    fi
    exit 0
fi

missing=()
for package in "${packages[@]}"; do
    is_satisfied "$package" || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
        echo "These packages are missing, and you are neither root nor is there sudo. As root, run:" >&2
        echo "  apt-get update && apt-get install -y --no-install-recommends ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
fi

echo "Installing with apt (once): ${missing[*]}" >&2

# apt starts a server as soon as it is unpacked, unless this file says no.
policy=/usr/sbin/policy-rc.d
made_policy=no
remove_policy() {
    if [ "$made_policy" = yes ]; then "${as_root[@]}" rm -f "$policy"; fi
}
trap remove_policy EXIT
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod 755 "$policy"
    made_policy=yes
fi

log=$(mktemp)
run_apt() {
    if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q "$@" >"$log" 2>&1; then
        echo "apt-get $* failed; its last lines:" >&2
        tail -n 20 "$log" >&2
        rm -f "$log"
        exit 1
    fi
}
run_apt update
run_apt install -y --no-install-recommends "${missing[@]}"
rm -f "$log"

# What was installed just now for Tollgate's own use need not start at the next boot either.
if [ -d /run/systemd/system ]; then
    for package in "${missing[@]}"; do
        case "$package" in
        redis-server | nginx | haproxy)
            "${as_root[@]}" systemctl disable --now "$package.service" >/dev/null 2>&1 || true ;;
        postgresql-15) "${as_root[@]}" systemctl disable --now postgresql.service >/dev/null 2>&1 || true ;;
        esac
    done
fi
echo "Installed." >&2
