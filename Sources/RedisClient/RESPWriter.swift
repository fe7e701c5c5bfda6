public import NIOCore

/// Appends RESP2 commands to a buffer: `*count` and then `count` bulk strings.
///
/// The caller keeps its own count: a command is complete when as many arguments followed as `beginCommand` announced.
/// No call allocates while the buffer has room.
public enum RESPWriter {
    /// Starts a command of so many arguments; the command's name is the first of them.
    @inlinable
    public static func beginCommand(argumentCount: Int, into output: inout ByteBuffer) {
        Self.writeHeader(UInt8(ascii: "*"), UInt64(argumentCount.magnitude), into: &output)
    }

    /// One argument, byte for byte.
    @inlinable
    public static func append(_ bytes: UnsafeRawBufferPointer, into output: inout ByteBuffer) {
        Self.writeHeader(UInt8(ascii: "$"), UInt64(bytes.count), into: &output)
        output.writeWithUnsafeMutableBytes(minimumWritableBytes: bytes.count + 2) { space in
            space.copyMemory(from: bytes)
            space[bytes.count] = UInt8(ascii: "\r")
            space[bytes.count + 1] = UInt8(ascii: "\n")
            return bytes.count + 2
        }
    }

    /// One argument, byte for byte.
    @inlinable
    public static func append(_ bytes: [UInt8], into output: inout ByteBuffer) {
        bytes.withUnsafeBytes { Self.append($0, into: &output) }
    }

    /// One argument: the readable bytes, left in place.
    @inlinable
    public static func append(_ bytes: ByteBuffer, into output: inout ByteBuffer) {
        bytes.withUnsafeReadableBytes { Self.append($0, into: &output) }
    }

    /// One argument in UTF-8.
    @inlinable
    public static func append(_ text: String, into output: inout ByteBuffer) {
        var text = text
        text.withUTF8 { Self.append(UnsafeRawBufferPointer($0), into: &output) }
    }

    /// One argument: the integer in decimal.
    @inlinable
    public static func append(integer: Int64, into output: inout ByteBuffer) {
        let digits = Self.digitCount(integer.magnitude)
        let length = integer < 0 ? digits + 1 : digits
        Self.writeHeader(UInt8(ascii: "$"), UInt64(length), into: &output)
        output.writeWithUnsafeMutableBytes(minimumWritableBytes: length + 2) { space in
            space[0] = UInt8(ascii: "-")  // overwritten by the first digit of what is not negative
            Self.writeDigits(integer.magnitude, endingAt: length, into: space)
            space[length] = UInt8(ascii: "\r")
            space[length + 1] = UInt8(ascii: "\n")
            return length + 2
        }
    }

    @inlinable
    static func writeHeader(_ mark: UInt8, _ value: UInt64, into output: inout ByteBuffer) {
        let digits = Self.digitCount(value)
        output.writeWithUnsafeMutableBytes(minimumWritableBytes: digits + 3) { space in
            space[0] = mark
            Self.writeDigits(value, endingAt: digits + 1, into: space)
            space[digits + 1] = UInt8(ascii: "\r")
            space[digits + 2] = UInt8(ascii: "\n")
            return digits + 3
        }
    }

    @inlinable
    static func digitCount(_ value: UInt64) -> Int {
        var (count, rest) = (1, value / 10)
        while rest > 0 {
            count += 1
            rest /= 10
        }
        return count
    }

    @inlinable
    static func writeDigits(_ value: UInt64, endingAt end: Int, into space: UnsafeMutableRawBufferPointer) {
        var (position, rest) = (end, value)
        repeat {
            position -= 1
            space[position] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
    }
}
