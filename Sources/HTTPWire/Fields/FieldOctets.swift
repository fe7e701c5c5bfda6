import NIOCore

/// Classes of bytes and small renderings that the field parsers of this folder share.
enum FieldOctets {
    /// `DIGIT`.
    @inline(__always)
    static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    /// `ALPHA`.
    @inline(__always)
    static func isAlpha(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }

    /// `%x21-7E`.
    @inline(__always)
    static func isVisible(_ byte: UInt8) -> Bool { byte > 0x20 && byte < 0x7F }

    /// SP or HTAB.
    @inline(__always)
    static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    /// An ASCII letter in lower case; other bytes as they are.
    @inline(__always)
    static func lowercased(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

    /// `tchar` of RFC 9110 §5.6.2.
    static func isTokenByte(_ byte: UInt8) -> Bool {
        if self.isDigit(byte) || self.isAlpha(byte) { return true }
        switch byte {
        case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"),
            UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "^"), UInt8(ascii: "_"), UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
            return true
        default:
            return false
        }
    }

    /// The value of a hex digit of either case.
    @inline(__always)
    static func hexValue(_ byte: UInt8) -> UInt8? {
        if self.isDigit(byte) { return byte &- 0x30 }
        let letter = (byte | 0x20) &- 0x61
        return letter < 6 ? letter &+ 10 : nil
    }

    /// The value of a digit or lower-case hex letter: traceparent and Display Strings know no others.
    @inline(__always)
    static func lowerHexValue(_ byte: UInt8) -> UInt8? {
        if self.isDigit(byte) { return byte &- 0x30 }
        let letter = byte &- 0x61
        return letter < 6 ? letter &+ 10 : nil
    }

    /// The upper-case hex digit of 0–15.
    @inline(__always)
    static func upperHexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 &+ value : 0x37 &+ value }

    /// The lower-case hex digit of 0–15.
    @inline(__always)
    static func lowerHexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 &+ value : 0x57 &+ value }

    /// The range of a span without blanks at either end.
    static func trimmed(_ span: Span<UInt8>) -> Range<Int> {
        self.trimmed(span, 0..<span.count)
    }

    /// A range of a span without blanks at either end.
    static func trimmed(_ span: Span<UInt8>, _ range: Range<Int>) -> Range<Int> {
        var low = range.lowerBound
        var high = range.upperBound
        while low < high, self.isBlank(span[low]) { low += 1 }
        while high > low, self.isBlank(span[high - 1]) { high -= 1 }
        return low..<high
    }

    /// Whether a range of a span spells a lower-case ASCII text, in any case.
    static func spells(_ span: Span<UInt8>, _ range: Range<Int>, _ text: StaticString) -> Bool {
        guard range.count == text.utf8CodeUnitCount, range.upperBound <= span.count else { return false }
        return text.withUTF8Buffer { text in
            for index in 0..<text.count where self.lowercased(span[range.lowerBound + index]) != text[index] {
                return false
            }
            return true
        }
    }

    /// The next position of a byte at or after `start` and before `end`; `end` where there is none.
    @inline(__always)
    static func position(of byte: UInt8, in span: Span<UInt8>, from start: Int, to end: Int) -> Int {
        var index = start
        while index < end, span[index] != byte { index += 1 }
        return index
    }

    /// Appends a number in decimal.
    static func appendDecimal(_ value: Int, to buffer: inout ByteBuffer) {
        if value >= 0, value < 10 {
            buffer.writeInteger(0x30 &+ UInt8(truncatingIfNeeded: value))
            return
        }
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var start = 20
        var rest = value.magnitude
        repeat {
            start -= 1
            digits[start] = 0x30 &+ UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        if value < 0 { buffer.writeInteger(UInt8(ascii: "-")) }
        buffer.writeBytes(digits.span.extracting(start..<20).bytes)
    }

    /// Appends a number as `count` lower-case hex digits.
    static func appendHex(_ value: UInt64, digits count: Int, to buffer: inout ByteBuffer) {
        var digits = InlineArray<16, UInt8>(repeating: 0)
        for place in 0..<count {
            let shift = UInt64(4 * (count - 1 - place))
            digits[place] = self.lowerHexDigit(UInt8(truncatingIfNeeded: value >> shift & 0xF))
        }
        buffer.writeBytes(digits.span.extracting(0..<count).bytes)
    }

    /// Appends a range of a span.
    @inline(__always)
    static func append(_ span: Span<UInt8>, _ range: Range<Int>, to buffer: inout ByteBuffer) {
        buffer.writeBytes(span.extracting(range).bytes)
    }
}
