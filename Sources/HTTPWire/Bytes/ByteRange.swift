/// A half-open run of bytes, as offsets from the first byte of the message it was found in.
///
/// Offsets are 32 bits wide: a head is bounded by `HeadLimits`, and a span is never offered in pieces above 4 GiB.
public struct ByteRange: Sendable, Hashable {
    @usableFromInline var lower: UInt32
    @usableFromInline var upper: UInt32

    /// A range at offset 0 that holds nothing.
    @inlinable public init() { (self.lower, self.upper) = (0, 0) }

    /// The range from `start` up to, not including, `end`; both count bytes.
    @inlinable public init(_ start: Int, _ end: Int) {
        self.lower = UInt32(truncatingIfNeeded: start)
        self.upper = UInt32(truncatingIfNeeded: max(start, end))
    }

    /// Offset of the first byte.
    @inlinable public var start: Int { Int(self.lower) }
    /// Offset just past the last byte.
    @inlinable public var end: Int { Int(self.upper) }
    /// Number of bytes.
    @inlinable public var count: Int { self.end &- self.start }
    /// Whether the range holds no byte.
    @inlinable public var isEmpty: Bool { self.lower == self.upper }
    /// The same as a `Range`, for `Span.extracting` and `ByteBuffer.getSlice`.
    @inlinable public var bounds: Range<Int> { self.start..<self.end }
}
