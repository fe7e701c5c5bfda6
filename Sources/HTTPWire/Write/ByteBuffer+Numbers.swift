public import NIOCore

// Numbers as text without a String in between.
extension ByteBuffer {
    /// Appends `number` in decimal. Negative numbers are written as 0: nothing in HTTP is negative.
    public mutating func writeDecimal(_ number: Int) {
        var digits = InlineArray<20, UInt8>(repeating: 0x30)
        var first = 20
        var rest = UInt(max(number, 0))
        repeat {
            first &-= 1
            digits[first] = 0x30 &+ UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        self.writeBytes(digits.span.bytes.extracting(first..<20))
    }

    /// Appends `number` in lower-case hexadecimal.
    public mutating func writeHexadecimal(_ number: Int) {
        var digits = InlineArray<16, UInt8>(repeating: 0x30)
        var first = 16
        var rest = UInt(bitPattern: number)
        repeat {
            first &-= 1
            let digit = UInt8(truncatingIfNeeded: rest & 15)
            digits[first] = digit < 10 ? 0x30 &+ digit : 0x57 &+ digit
            rest &>>= 4
        } while rest > 0
        self.writeBytes(digits.span.bytes.extracting(first..<16))
    }

    /// Appends the bytes of `range` of `bytes`: one copy.
    @inline(__always) public mutating func writeRange(_ range: ByteRange, of bytes: Span<UInt8>) {
        self.writeBytes(bytes.bytes.extracting(range.bounds))
    }
}
