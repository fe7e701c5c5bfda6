/// Reads `method SP request-target SP HTTP-version CRLF` (RFC 9112 §3) with exactly one space at each place.
struct RequestLine {
    private(set) var method = Method.other
    private(set) var methodRange = ByteRange()
    private(set) var target = ByteRange()
    /// Offset of the first `?` of the target, or its end.
    private(set) var queryMark = 0
    private(set) var minorVersion: UInt8 = 1

    /// On `complete` all properties are set. Errors that need the whole line come only once it has arrived, so that the
    /// answer does not depend on how the line was cut.
    mutating func parse(_ bytes: Span<UInt8>, from start: Int, to end: Int) -> StartLine {
        var packed: UInt64 = 0
        var offset = start
        while offset < end, bytes[offset].isToken {
            if offset &- start < 8 { packed |= UInt64(bytes[offset]) &<< UInt64((offset &- start) &* 8) }
            offset &+= 1
        }
        guard offset < end else { return .incomplete }
        guard bytes[offset] == Byte.space, offset > start else { return .failed(Self.misplaced(bytes[offset])) }
        self.method = Method(packed: packed, count: offset &- start)
        self.methodRange = ByteRange(start, offset)

        let targetStart = offset &+ 1
        offset = self.targetEnd(bytes, from: targetStart, to: end)
        guard offset < end else { return .incomplete }
        guard bytes[offset] == Byte.space, offset > targetStart else {
            return .failed(offset > targetStart ? Self.misplacedInTarget(bytes[offset]) : .requestLineMalformed)
        }
        self.target = ByteRange(targetStart, offset)
        return self.version(bytes, from: offset &+ 1, to: end)
    }

    /// Offset of the first byte that no target holds; notes the first `?` on the way.
    @inline(__always) private mutating func targetEnd(_ bytes: Span<UInt8>, from start: Int, to end: Int) -> Int {
        var mark = -1
        var offset = start
        while offset < end {
            let isWhole = offset &+ 8 <= end
            let word = isWhole ? bytes.word(at: offset) : bytes.word(at: offset, count: end &- offset)
            var odd = word.lanesOutsideTarget | word.lanes(equal: 0x23)
            if mark < 0 { odd |= word.lanes(equal: Byte.question) }
            guard odd != 0 else {
                offset &+= 8
                continue
            }
            offset &+= odd.firstLane
            guard offset < end, bytes[offset] == Byte.question, mark < 0 else { break }
            mark = offset
            offset &+= 1
        }
        offset = min(offset, end)
        self.queryMark = mark < 0 ? offset : mark
        return offset
    }

    private mutating func version(_ bytes: Span<UInt8>, from start: Int, to end: Int) -> StartLine {
        if start &+ 10 <= end, bytes[start &+ 8] == Byte.carriageReturn, bytes[start &+ 9] == Byte.lineFeed {
            let word = bytes.word(at: start)
            if word == StartLine.http11 || word == StartLine.http10 {
                self.minorVersion = word == StartLine.http11 ? 1 : 0
                return .complete(next: start &+ 10)
            }
        }
        guard let lineFeed = bytes.firstLineFeed(from: start, to: end) else { return .incomplete }
        for offset in start..<lineFeed where bytes[offset] == Byte.carriageReturn && offset &+ 1 < lineFeed {
            return .failed(.bareCarriageReturn)
        }
        guard lineFeed > start, bytes[lineFeed &- 1] == Byte.carriageReturn else { return .failed(.bareLineFeed) }
        let isVersion = lineFeed &- start == 9 && StartLine.isVersion(bytes.word(at: start))
        return .failed(isVersion ? .versionNotSupported : .requestLineMalformed)
    }

    private static func misplaced(_ byte: UInt8) -> WireError {
        byte == Byte.lineFeed ? .bareLineFeed : .requestLineMalformed
    }

    private static func misplacedInTarget(_ byte: UInt8) -> WireError {
        switch byte {
        case Byte.lineFeed: .bareLineFeed
        case Byte.carriageReturn: .requestLineMalformed
        default: .targetInvalid
        }
    }
}
