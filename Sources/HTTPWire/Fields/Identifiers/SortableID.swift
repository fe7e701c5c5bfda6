public import NIOCore

/// 128 bits that sort by the time they were made: 48 bits of Unix milliseconds, then 80 random ones (as a ULID).
public struct SortableID: Sendable, Hashable, Comparable {
    /// Characters of the text.
    public static let textCount = 26

    /// The bits, time first.
    public let bits: UInt128

    /// An id from its bits.
    public init(bits: UInt128) {
        self.bits = bits
    }

    /// A fresh id for a time in Unix milliseconds.
    public init(nowMs: Int64, using random: inout FastRandom) {
        let ms = UInt128(UInt64(truncatingIfNeeded: max(0, nowMs)) & 0xFFFF_FFFF_FFFF)
        let high = UInt128(random.next() & 0xFFFF)
        self.bits = ms << 80 | high << 64 | UInt128(random.next())
    }

    /// The time in the id.
    public var ms: Int64 { Int64(truncatingIfNeeded: self.bits >> 80) }

    /// The 26 characters of Crockford's base32, upper case. Texts sort as the ids do.
    public var text: InlineArray<26, UInt8> {
        let high = UInt64(truncatingIfNeeded: self.bits >> 64)
        let low = UInt64(truncatingIfNeeded: self.bits)
        return InlineArray { place in
            let shift = 125 - 5 * place
            let value: UInt64
            if shift >= 64 {
                value = high >> UInt64(shift - 64)
            } else if shift > 59 {
                value = high << UInt64(64 - shift) | low >> UInt64(shift)
            } else {
                value = low >> UInt64(shift)
            }
            return Self.character(UInt8(truncatingIfNeeded: value & 31))
        }
    }

    /// Appends a prefix that says what the id is of (`job_`), and the 26 characters.
    public func append(prefix: StaticString, to buffer: inout ByteBuffer) {
        buffer.writeStaticString(prefix)
        let text = self.text
        buffer.writeBytes(text.span.bytes)
    }

    /// The prefix and the 26 characters as a String.
    public func string(prefix: StaticString) -> String {
        var buffer = ByteBuffer()
        self.append(prefix: prefix, to: &buffer)
        return String(buffer: buffer)
    }

    public static func < (left: Self, right: Self) -> Bool { left.bits < right.bits }

    /// Crockford's alphabet: the digits, then the letters without I, L, O, U.
    private static func character(_ value: UInt8) -> UInt8 {
        switch value {
        case 0..<10: 0x30 &+ value
        case 10..<18: 0x41 &+ value &- 10
        case 18..<20: 0x4A &+ value &- 18
        case 20..<22: 0x4D &+ value &- 20
        case 22..<27: 0x50 &+ value &- 22
        default: 0x56 &+ value &- 27
        }
    }
}
