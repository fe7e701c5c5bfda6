import HTTPWire

/// Decides when an incomplete head is worth another look. Heads almost always arrive whole and are parsed once; one
/// that drips in is parsed again only when a new line has ended, so at most once a line.
struct HeadParseState {
    private var parsedBytes = 0

    func isWorthParsing(_ bytes: Span<UInt8>) -> Bool {
        if self.parsedBytes == 0 { return bytes.count > 0 }
        guard bytes.count > self.parsedBytes else { return false }
        // Also after every kilobyte without a line end, so that a line beyond its limit is refused.
        if bytes.count / 1024 > self.parsedBytes / 1024 { return true }
        for offset in self.parsedBytes..<bytes.count where bytes[offset] == 0x0A { return true }
        return false
    }

    mutating func parsed(_ count: Int) { self.parsedBytes = count }

    mutating func reset() { self.parsedBytes = 0 }
}
