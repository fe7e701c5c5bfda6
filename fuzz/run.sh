#!/bin/sh
# Fuzzes HTTPWire with libFuzzer and the address sanitizer. Usage: fuzz/run.sh [seconds] (default 60).
#
# `swift build -sanitize=fuzzer` of an executable fails on Swift 6.3 (no main), so the target is built as a static library
# and linked by hand. Debug, for its checks. A finding is written to fuzz/findings/; give it to
# Tests/HTTPWireTests/Corpus without its first byte.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$here"
swift build --product WireFuzz \
    -Xswiftc -sanitize=fuzzer,address -Xswiftc -parse-as-library
library=$(swift build --show-bin-path)/libWireFuzz.a
mkdir -p .build/corpus findings
: > .build/empty.swift
swiftc -parse-as-library -use-ld=lld -sanitize=fuzzer,address .build/empty.swift -o .build/wire-fuzz \
    -Xlinker --whole-archive "$library" -Xlinker --no-whole-archive

# The kept messages, each with a first byte: even for requests, odd for responses.
for file in ../Tests/HTTPWireTests/Corpus/requests/*.http; do
    { printf '\020'; cat "$file"; } > ".build/corpus/request-$(basename "$file")"
done
for file in ../Tests/HTTPWireTests/Corpus/responses/*.http; do
    { printf '\021'; cat "$file"; } > ".build/corpus/response-$(basename "$file")"
done

# Without this a crash hangs in swift-backtrace.
SWIFT_BACKTRACE=enable=no exec .build/wire-fuzz -max_total_time="${1:-60}" -max_len=4096 -artifact_prefix=findings/ \
    .build/corpus
