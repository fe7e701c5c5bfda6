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
        let words = self.characters
        return InlineArray { place in
            let word =
                place < 2 ? words.first : place < 10 ? words.second : place < 18 ? words.third : words.fourth
            return UInt8(truncatingIfNeeded: word &>> UInt64(8 * (place < 2 ? place : (place + 6) & 7)))
        }
    }

    /// The characters in the lanes of words, the first of each in its lowest: two, then three times eight.
    var characters: Characters {
        let high = UInt64(truncatingIfNeeded: self.bits >> 64)
        let low = UInt64(truncatingIfNeeded: self.bits)
        return Characters(
            first: Self.characters(high &>> 56) &>> 48, second: Self.characters(high &>> 16),
            third: Self.characters(high &<< 24 | low &>> 40), fourth: Self.characters(low))
    }

    /// The 26 characters, ready to be written.
    struct Characters: Sendable, Hashable {
        let first: UInt64
        let second: UInt64
        let third: UInt64
        let fourth: UInt64

        func append(prefix: StaticString, to writer: inout HeadWriter) {
            writer.write(prefix)
            writer.write(lanes: self.first, count: 2)
            writer.write(lanes: self.second, count: 8)
            writer.write(lanes: self.third, count: 8)
            writer.write(lanes: self.fourth, count: 8)
        }
    }

    /// The lowest 40 bits as eight characters.
    @inline(__always)
    private static func characters(_ bits: UInt64) -> UInt64 {
        // Five bits to a lane, the highest in the lowest lane: halves, quarters, eighths.
        var lanes = (bits &>> 20 & 0xF_FFFF) | (bits & 0xF_FFFF) &<< 32
        lanes = (lanes &>> 10 & 0x0000_03FF_0000_03FF) | (lanes & 0x0000_03FF_0000_03FF) &<< 16
        lanes = (lanes &>> 5 & 0x001F_001F_001F_001F) | (lanes & 0x001F_001F_001F_001F) &<< 8
        // Crockford's alphabet is the digits, then the letters without I, L, O, U: where a value passes one of these
        // marks, the character moves on by so much.
        var text = lanes &+ .lanes(0x30)
        text = text &+ Self.atLeast(10, lanes) &* 7
        text = text &+ Self.atLeast(18, lanes)
        text = text &+ Self.atLeast(20, lanes)
        text = text &+ Self.atLeast(22, lanes)
        return text &+ Self.atLeast(27, lanes)
    }

    /// 1 in each lane whose value, below 32, is at least `mark`.
    @inline(__always)
    private static func atLeast(_ mark: UInt8, _ lanes: UInt64) -> UInt64 {
        (lanes &+ .lanes(0x80 - mark)) &>> 7 & .lanes(1)
    }

    /// Appends a prefix that says what the id is of (`job_`), and the 26 characters.
    public func append(prefix: StaticString, to buffer: inout ByteBuffer) {
        var writer = HeadWriter(&buffer, room: 32)
        self.append(prefix: prefix, to: &writer)
        writer.finish(&buffer)
    }

    /// As `append(prefix:to:)`, into a head.
    public func append(prefix: StaticString, to writer: inout HeadWriter) {
        self.characters.append(prefix: prefix, to: &writer)
    }

    /// The prefix and the 26 characters as a String.
    public func string(prefix: StaticString) -> String {
        var buffer = ByteBuffer()
        self.append(prefix: prefix, to: &buffer)
        return String(buffer: buffer)
    }

    public static func < (left: Self, right: Self) -> Bool { left.bits < right.bits }
}
