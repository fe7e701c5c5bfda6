/// Remembers where the current line begins and how far the search for its end has come, so that a head which arrives a
/// byte at a time is searched once and each of its lines parsed at most twice, whatever the number of reads.
struct LineCursor: Sendable {
    /// Where the line begins.
    private(set) var line = 0
    /// No LF lies between `line` and here, if the line has been tried before.
    private var searched = 0

    init(at line: Int = 0) { (self.line, self.searched) = (line, line) }

    /// The line has been dealt with; the next one begins at `next`.
    @inline(__always) mutating func advance(to next: Int) { (self.line, self.searched) = (next, next) }

    /// A try at the line ran out of bytes at `end`.
    @inline(__always) mutating func ranOut(at end: Int) { self.searched = end }

    /// Whether the line is worth a try: it has not been tried, or its end has arrived since.
    @inline(__always) mutating func isWorthTrying(_ bytes: Span<UInt8>, to end: Int) -> Bool {
        if self.searched == self.line { return true }
        if bytes.firstLineFeed(from: self.searched, to: end) != nil { return true }
        self.searched = max(self.searched, end)
        return false
    }
}
