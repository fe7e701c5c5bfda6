#!/usr/bin/env bash
# with-args.sh command [arguments]: becomes the command, with the words of ARGS (of the environment) after its arguments.
# Words are split at spaces and quoted as in a shell ('...', "...", \), but nothing in them is expanded or executed: | ; & * $
# are letters like any other.
set -euo pipefail
words=()
if [ -n "${ARGS:-}" ]; then
    # xargs knows the quoting, and says what is wrong with a quote that does not end.
    split=$(mktemp)
    trap 'rm -f "$split"' EXIT
    if ! printf '%s\n' "$ARGS" | xargs -r printf '%s\0' >"$split"; then
        echo "ARGS cannot be split into words: $ARGS" >&2
        exit 2
    fi
    mapfile -d '' -t words <"$split"
    rm -f "$split"
    trap - EXIT
fi
# They are this command's, and nobody's below it.
unset ARGS
exec "$@" "${words[@]}"
