/// A host with an optional port, as in Host and in an absolute-form target (RFC 9110 §7.2).
public struct Authority: Sendable, Hashable {
    /// Host and port.
    public internal(set) var whole = ByteRange()
    /// A name, an IPv4 address, or an IPv6 address in its brackets.
    public internal(set) var host = ByteRange()
    /// Decimal digits, 0 to 65535; empty if none were sent.
    public internal(set) var port = ByteRange()

    init() {}

    /// Nil unless `whole` is a valid, non-empty host with an optional port. User information is never valid here.
    init?(_ bytes: Span<UInt8>, _ whole: ByteRange) {
        guard !whole.isEmpty, let hostEnd = Self.hostEnd(bytes, whole), hostEnd > whole.start else { return nil }
        self.whole = whole
        self.host = ByteRange(whole.start, hostEnd)
        self.port = ByteRange(min(hostEnd &+ 1, whole.end), whole.end)
        guard hostEnd < whole.end else { return }
        guard bytes[hostEnd] == Byte.colon, self.port.count <= 5 else { return nil }
        var number = 0
        for offset in self.port.bounds {
            guard bytes[offset].isDigit else { return nil }
            number = number &* 10 &+ Int(bytes[offset] &- 0x30)
        }
        guard number <= 65_535 else { return nil }
    }

    private static func hostEnd(_ bytes: Span<UInt8>, _ whole: ByteRange) -> Int? {
        var offset = whole.start
        guard bytes[offset] == 0x5B else {
            while offset < whole.end, bytes[offset].isHostName { offset &+= 1 }
            return offset
        }
        // An IPv6 literal: hexadecimal digits, colons and, for an embedded IPv4 address, dots.
        offset &+= 1
        while offset < whole.end, bytes[offset].hexValue < 16 || bytes[offset] == Byte.colon || bytes[offset] == 0x2E {
            offset &+= 1
        }
        guard offset < whole.end, bytes[offset] == 0x5D, offset &- whole.start > 2 else { return nil }
        return offset &+ 1
    }
}
