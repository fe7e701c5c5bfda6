/// Reads `HTTP-version SP status-code SP [reason-phrase] CRLF` (RFC 9112 §4). The second space may be missing when there
/// is no phrase, as many servers leave it out.
struct StatusLine {
    private(set) var minorVersion: UInt8 = 1
    private(set) var status = 0
    private(set) var reason = ByteRange()

    mutating func parse(_ bytes: Span<UInt8>, from start: Int, to end: Int) -> StartLine {
        guard start &+ 13 <= end else { return .incomplete }
        let word = bytes.word(at: start)
        guard word == StartLine.http11 || word == StartLine.http10 else {
            return .failed(StartLine.isVersion(word) ? .versionNotSupported : .statusLineMalformed)
        }
        self.minorVersion = word == StartLine.http11 ? 1 : 0
        guard bytes[start &+ 8] == Byte.space else { return .failed(.statusLineMalformed) }
        self.status = 0
        for offset in start &+ 9..<start &+ 12 {
            guard bytes[offset].isDigit else { return .failed(.statusLineMalformed) }
            self.status = self.status &* 10 &+ Int(bytes[offset] &- 0x30)
        }
        guard self.status >= 100 else { return .failed(.statusLineMalformed) }
        return self.phrase(bytes, from: start &+ 12, to: end)
    }

    private mutating func phrase(_ bytes: Span<UInt8>, from space: Int, to end: Int) -> StartLine {
        let hasPhrase = bytes[space] == Byte.space
        guard hasPhrase || bytes[space] == Byte.carriageReturn else { return .failed(.statusLineMalformed) }
        let phraseStart = hasPhrase ? space &+ 1 : space
        let stop = FieldLine.valueEnd(bytes, from: phraseStart, to: end)
        guard stop < end else { return .incomplete }
        guard bytes[stop] == Byte.carriageReturn else { return .failed(FieldLine.control(bytes[stop])) }
        guard stop &+ 1 < end else { return .incomplete }
        guard bytes[stop &+ 1] == Byte.lineFeed else { return .failed(.bareCarriageReturn) }
        self.reason = ByteRange(phraseStart, stop)
        return .complete(next: stop &+ 2)
    }
}
