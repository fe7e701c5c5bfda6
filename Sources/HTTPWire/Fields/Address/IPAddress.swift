import Glibc
public import NIOCore

/// An IPv4 or IPv6 address in 16 inline bytes.
///
/// IPv4 is held as its IPv4-mapped IPv6 form, so that a dual-stack socket's `::ffff:203.0.113.9` and `203.0.113.9` are
/// one address, one bucket and one log entry.
public struct IPAddress: Sendable, Hashable {
    /// The first eight bytes, big-endian.
    public let high: UInt64
    /// The last eight bytes, big-endian.
    public let low: UInt64

    /// An IPv6 address, or an IPv4-mapped one, which is IPv4.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// An IPv4 address from its 32 bits, `192.0.2.1` being `0xC0000201`.
    public init(ipv4 bits: UInt32) {
        self.init(high: 0, low: 0xFFFF_0000_0000 | UInt64(bits))
    }

    /// The address in the bytes of a `sockaddr_in` or `sockaddr_in6`; nil for another family or too few bytes.
    public init?(sockaddr bytes: Span<UInt8>) {
        guard bytes.count >= 2 else { return nil }
        // The family is in the host's byte order, everything else in network order.
        let family = UInt16(littleEndian: UInt16(bytes[0]) | UInt16(bytes[1]) << 8)
        switch Int32(family) {
        case AF_INET:
            guard bytes.count >= 8 else { return nil }
            self.init(ipv4: UInt32(truncatingIfNeeded: Self.bigEndian(bytes, 4..<8)))
        case AF_INET6:
            guard bytes.count >= 24 else { return nil }
            self.init(high: Self.bigEndian(bytes, 8..<16), low: Self.bigEndian(bytes, 16..<24))
        default:
            return nil
        }
    }

    /// The address of a socket; nil for a unix socket.
    public init?(_ address: SocketAddress) {
        let parsed: IPAddress? = address.withSockAddr { start, count in
            let bytes = UnsafeRawBufferPointer(start: start, count: count)
            return bytes.withMemoryRebound(to: UInt8.self) { IPAddress(sockaddr: $0.span) }
        }
        guard let parsed else { return nil }
        self = parsed
    }

    /// Whether it is an IPv4 address.
    public var isIPv4: Bool { self.high == 0 && self.low >> 32 == 0xFFFF }

    /// The 32 bits of an IPv4 address; nil for IPv6.
    public var ipv4: UInt32? { self.isIPv4 ? UInt32(truncatingIfNeeded: self.low) : nil }

    /// The address with all bits after a prefix cleared. One customer often holds a whole IPv6 /64, so a bucket per
    /// address is one per `masked(ipv4: 32, ipv6: 64)`. Lengths outside 0–32 and 0–128 count as the nearest bound.
    public func masked(ipv4 ipv4Bits: Int, ipv6 ipv6Bits: Int) -> IPAddress {
        let bits = self.isIPv4 ? 96 + min(32, max(0, ipv4Bits)) : min(128, max(0, ipv6Bits))
        let mask = Self.mask(bits)
        return IPAddress(high: self.high & mask.high, low: self.low & mask.low)
    }

    /// The two words of a prefix mask of 0–128 bits.
    static func mask(_ bits: Int) -> (high: UInt64, low: UInt64) {
        // Swift's shift by 64 or more gives zero, which is what is wanted at both ends.
        (high: ~(UInt64.max >> UInt64(min(64, bits))), low: ~(UInt64.max >> UInt64(max(0, bits - 64))))
    }

    private static func bigEndian(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt64 {
        var value: UInt64 = 0
        for index in range { value = value << 8 | UInt64(bytes[index]) }
        return value
    }
}
