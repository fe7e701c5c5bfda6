/// FNV-1a, 64 bits: the same on every machine and in every release, as names of things that are stored must be.
public struct StableHash: Sendable {
    public private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    public init() {}

    public mutating func add(_ text: String) {
        for byte in text.utf8 { self.add(byte) }
    }

    public mutating func add(_ number: Int) {
        var rest = UInt64(bitPattern: Int64(number))
        for _ in 0..<8 {
            self.add(UInt8(truncatingIfNeeded: rest))
            rest >>= 8
        }
    }

    public mutating func add(_ byte: UInt8) {
        self.value = (self.value ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
    }

    /// 32 bits of the hash of one text.
    public static func of(_ text: String) -> UInt32 {
        var hash = Self()
        hash.add(text)
        return UInt32(truncatingIfNeeded: hash.value ^ (hash.value >> 32))
    }
}
