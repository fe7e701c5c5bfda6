/// CRC-32 as zlib computes it: the polynomial 0xEDB88320, reflected, ones before and after.
public struct Checksum {
    private var register: UInt32 = 0xFFFF_FFFF

    public init() {}

    public var value: UInt32 { ~register }

    public mutating func update(_ byte: UInt8) {
        register = Self.table[Int(UInt8(truncatingIfNeeded: register) ^ byte)] ^ (register >> 8)
    }

    /// Takes the first `count` bytes of the span, which must be there; the table is looked up once for all of them.
    public mutating func update(_ bytes: borrowing Span<UInt8>, count: Int) {
        let table = Self.table
        var register = register
        for index in 0..<count {
            register = table[Int(UInt8(truncatingIfNeeded: register) ^ bytes[index])] ^ (register >> 8)
        }
        self.register = register
    }

    private static let table: [UInt32] = (0..<256).map { index in
        var entry = UInt32(index)
        for _ in 0..<8 { entry = entry & 1 == 1 ? 0xEDB8_8320 ^ (entry >> 1) : entry >> 1 }
        return entry
    }
}
