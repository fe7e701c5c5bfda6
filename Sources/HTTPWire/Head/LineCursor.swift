/// Remembers where the current line begins and how far it has been searched for its end, so that a head which arrives a
/// byte at a time is searched once and each of its lines is tried a fixed number of times, whatever the number of reads.
struct LineCursor: Sendable {
    /// Where the line begins.
    private(set) var line = 0
    /// If the line has been tried before: nothing between `line` and here can end it.
    private var searched = 0

    init(at line: Int = 0) { (self.line, self.searched) = (line, line) }

    /// The line has been dealt with; the next one begins at `next`.
    @inline(__always) mutating func advance(to next: Int) { (self.line, self.searched) = (next, next) }

    /// A try at the line ran out of bytes at `end`. A CR as the last byte is looked at again with what follows it.
    mutating func ranOut(_ bytes: Span<UInt8>, at end: Int) {
        self.searched = end > self.line && bytes[end &- 1] == Byte.carriageReturn ? end &- 1 : end
    }

    /// Whether the line is worth a try: it has not been tried, or a control byte, which either ends it or is an error,
    /// has arrived since.
    @inline(__always) mutating func isWorthTrying(_ bytes: Span<UInt8>, to end: Int) -> Bool {
        self.searched == self.line || self.hasControl(bytes, to: end)
    }

    private mutating func hasControl(_ bytes: Span<UInt8>, to end: Int) -> Bool {
        if FieldLine.valueEnd(bytes, from: self.searched, to: end) < end { return true }
        self.searched = max(self.searched, end)
        return false
    }
}
