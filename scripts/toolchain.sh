# shellcheck shell=bash
# Sourced. Puts a Swift toolchain on PATH, or says how to get one.

swift_version_wanted="6.2"

find_swift() {
    command -v swift >/dev/null 2>&1 && return 0
    local folder
    for folder in /opt/swift/usr/bin "${HOME:-/root}/.local/share/swiftly/bin" "${HOME:-/root}/.swiftly/bin" \
        /usr/local/swift/usr/bin /usr/libexec/swift/*/bin /usr/share/swift/usr/bin; do
        if [ -x "$folder/swift" ]; then
            PATH="$folder:$PATH"
            export PATH
            return 0
        fi
    done
    return 1
}

explain_missing_swift() {
    cat >&2 <<TEXT
No Swift toolchain was found: there is no 'swift' on PATH, nor in /opt/swift/usr/bin, ~/.local/share/swiftly/bin.
Tollgate needs Swift $swift_version_wanted or newer (it is written with 6.3). On Debian 12:

  curl -fsSLO https://download.swift.org/swiftly/linux/swiftly-\$(uname -m).tar.gz
  tar -xzf swiftly-\$(uname -m).tar.gz && ./swiftly init

then open a new shell and run the same make command again. If it is installed elsewhere:
  PATH=/where/it/is/usr/bin:\$PATH make ...
TEXT
}

if ! find_swift; then
    explain_missing_swift
    exit 1
fi

swift_version_found=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9][0-9.]*\).*/\1/p' | head -n 1)
if [ -z "$swift_version_found" ]; then
    echo "'$(command -v swift) --version' does not work; its output is:" >&2
    swift --version >&2 || true
    exit 1
fi
oldest=$(printf '%s\n%s\n' "$swift_version_wanted" "$swift_version_found" | sort -V | head -n 1)
if [ "$oldest" != "$swift_version_wanted" ]; then
    echo "Swift $swift_version_found at $(command -v swift) is too old: Tollgate needs $swift_version_wanted or newer." >&2
    exit 1
fi
