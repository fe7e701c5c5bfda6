/// How large a head may be (STANDARDS §5). All sizes count bytes.
public struct HeadLimits: Sendable, Hashable {
    /// Longest request or status line without its CR LF. RFC 9112 §3 recommends at least 8000.
    public let startLineBytesMax: Int
    /// Largest header section: all field lines and the closing empty line.
    public let sectionBytesMax: Int
    /// Most field lines.
    public let fieldsMax: Int

    /// Limits; each is brought into the range that the parser's records can hold (64 KiB, 1 MiB, 1000).
    public init(startLineBytesMax: Int = 8 << 10, sectionBytesMax: Int = 32 << 10, fieldsMax: Int = 100) {
        self.startLineBytesMax = min(max(startLineBytesMax, 16), 64 << 10)
        self.sectionBytesMax = min(max(sectionBytesMax, 16), 1 << 20)
        self.fieldsMax = min(max(fieldsMax, 1), 1000)
    }

    /// Limits for a trailer section: a quarter of a header section and of its fields.
    public var forTrailers: HeadLimits {
        HeadLimits(sectionBytesMax: self.sectionBytesMax / 4, fieldsMax: self.fieldsMax / 4)
    }
}
