/// A name as four overlapping words in lower case: enough to compare any name of up to 32 bytes without a loop.
///
/// Folding is `| 0x20` on every byte. Among the bytes of a token only `^` and `~` fall together that way, and `_`
/// becomes 0x7F, which no token holds; so on a checked token equal words mean equal names.
struct NameWords: Equatable {
    var first: UInt64 = 0
    var second: UInt64 = 0
    var third: UInt64 = 0
    var last: UInt64 = 0
    let count: Int

    @inline(__always) init(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) {
        let fold = UInt64.lanes(0x20)
        self.count = end &- start
        guard self.count >= 8 else {
            self.first = (bytes.word(at: start, count: self.count) | fold).lowLanes(self.count)
            return
        }
        self.first = bytes.word(at: start) | fold
        self.last = bytes.word(at: end &- 8) | fold
        if self.count > 16 { self.second = bytes.word(at: start &+ 8) | fold }
        if self.count > 24 { self.third = bytes.word(at: start &+ 16) | fold }
    }

    /// The same name with `_` read as `-`.
    var withHyphens: NameWords {
        var words = self
        words.first = Self.hyphens(self.first)
        words.second = Self.hyphens(self.second)
        words.third = Self.hyphens(self.third)
        words.last = Self.hyphens(self.last)
        return words
    }

    /// Spreads names over 256 slots.
    @inline(__always) var hash: Int {
        let mixed = (self.first &+ (self.last &* 31)) ^ UInt64(self.count)
        return Int(truncatingIfNeeded: (mixed &* 0x9E37_79B9_7F4A_7C15) &>> 56)
    }

    @inline(__always) private static func hyphens(_ word: UInt64) -> UInt64 {
        let underscores = word.lanes(equal: 0x7F) &>> 7
        return word ^ (underscores &* UInt64(0x7F ^ 0x2D))
    }
}
