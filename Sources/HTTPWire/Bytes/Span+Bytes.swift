extension Span where Element == UInt8 {
    /// Eight bytes from `offset` on, the first in the lowest lane. Bounds are checked like those of the subscript.
    @inline(__always) func word(at offset: Int) -> UInt64 {
        UInt64(littleEndian: self.bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// The first `count` (0 to 8) bytes from `offset` on, missing lanes zero. Reads past `offset + count` only inside
    /// the span.
    @inline(__always) func word(at offset: Int, count: Int) -> UInt64 {
        if offset &+ 8 <= self.count { return self.word(at: offset).lowLanes(count) }
        var word: UInt64 = 0
        for lane in 0..<count { word |= UInt64(self[offset &+ lane]) &<< UInt64(lane &* 8) }
        return word
    }

    /// Offset of the first LF in `start..<end`.
    func firstLineFeed(from start: Int, to end: Int) -> Int? {
        var offset = start
        while offset &+ 8 <= end {
            let hits = self.word(at: offset).lanes(equal: Byte.lineFeed)
            if hits != 0 { return offset &+ hits.firstLane }
            offset &+= 8
        }
        while offset < end {
            if self[offset] == Byte.lineFeed { return offset }
            offset &+= 1
        }
        return nil
    }

    /// Whether the bytes of `range` are `text`, ASCII letters compared without case. `text` is given in lower case.
    public func matches(_ range: ByteRange, lowercase text: StaticString) -> Bool {
        guard range.count == text.utf8CodeUnitCount else { return false }
        for index in 0..<range.count where self[range.start &+ index].lowercased != text.utf8Start[index] {
            return false
        }
        return true
    }

    /// Whether `range` here and `other` of `bytes` hold the same bytes, ASCII letters compared without case.
    func matches(_ range: ByteRange, ignoringCase other: ByteRange, of bytes: Span<UInt8>) -> Bool {
        guard range.count == other.count else { return false }
        for index in 0..<range.count
        where self[range.start &+ index].lowercased != bytes[other.start &+ index].lowercased {
            return false
        }
        return true
    }

    /// `range` without blanks at either end.
    @inline(__always) func trimmingBlanks(_ start: Int, _ end: Int) -> ByteRange {
        var (lower, upper) = (start, end)
        while lower < upper, self[lower].isBlank { lower &+= 1 }
        while upper > lower, self[upper &- 1].isBlank { upper &-= 1 }
        return ByteRange(lower, upper)
    }
}
