/// A range of addresses that share a prefix: `10.0.0.0/8`, `2001:db8::/32`, or a single address.
public struct CIDRBlock: Sendable, Hashable, CustomStringConvertible {
    /// The first address of the block.
    public let network: IPAddress
    /// Bits of the prefix: 0–32 for IPv4, 0–128 for IPv6.
    public let prefixBits: Int
    private let maskHigh: UInt64
    private let maskLow: UInt64

    /// A block; nil for a prefix that the address's family does not have, or where bits after the prefix are set, since
    /// `10.1.2.3/8` is more often a slip than meant.
    public init?(network: IPAddress, prefixBits: Int) {
        guard prefixBits >= 0, prefixBits <= (network.isIPv4 ? 32 : 128) else { return nil }
        let mask = IPAddress.mask(network.isIPv4 ? 96 + prefixBits : prefixBits)
        guard network.high & ~mask.high == 0, network.low & ~mask.low == 0 else { return nil }
        self.network = network
        self.prefixBits = prefixBits
        self.maskHigh = mask.high
        self.maskLow = mask.low
    }

    /// Reads `address/bits` or an address alone, which is a block of one.
    public init?(_ text: Span<UInt8>) {
        let slash = FieldOctets.position(of: UInt8(ascii: "/"), in: text, from: 0, to: text.count)
        guard let network = IPAddress(text, 0..<slash) else { return nil }
        guard slash < text.count else {
            self.init(network: network, prefixBits: network.isIPv4 ? 32 : 128)
            return
        }
        let digits = (slash + 1)..<text.count
        guard digits.count >= 1, digits.count <= 3 else { return nil }
        var bits = 0
        for index in digits {
            guard FieldOctets.isDigit(text[index]) else { return nil }
            bits = bits * 10 + Int(text[index] &- 0x30)
        }
        guard digits.count == 1 || text[digits.lowerBound] != UInt8(ascii: "0") else { return nil }
        self.init(network: network, prefixBits: bits)
    }

    /// Reads a text as ``init(_:)-(Span<UInt8>)`` does.
    public init?(_ text: String) {
        self.init(text.utf8.span)
    }

    /// Whether an address lies in the block. Families are apart: `::/0` holds no IPv4 address.
    @inline(__always)
    public func contains(_ address: IPAddress) -> Bool {
        address.high & self.maskHigh == self.network.high && address.low & self.maskLow == self.network.low
            && address.isIPv4 == self.network.isIPv4
    }

    /// `address/bits`.
    public var description: String { "\(self.network)/\(self.prefixBits)" }
}
