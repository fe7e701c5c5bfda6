public import NIOCore

/// The current `Date` value, rendered once a second: one for each event loop.
public struct HTTPDateCache: Sendable {
    private var second: Int64 = .min
    private var text = InlineArray<29, UInt8>(repeating: 0x20)

    /// An empty cache.
    public init() {}

    /// Appends the date of a time in Unix milliseconds.
    public mutating func append(nowMs: Int64, to buffer: inout ByteBuffer) {
        var writer = HeadWriter(&buffer, room: 29)
        self.append(nowMs: nowMs, to: &writer)
        writer.finish(&buffer)
    }

    /// As `append(nowMs:to:)`, into a head.
    public mutating func append(nowMs: Int64, to writer: inout HeadWriter) {
        let second = UnixTime.floorDivide(nowMs, 1000)
        if second != self.second {
            self.second = second
            self.text = HTTPDate.bytes(unixSeconds: second)
        }
        writer.write(self.text.span)
    }
}
