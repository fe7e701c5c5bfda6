import NIOCore

/// Writes what the scripts read with `struct.unpack`: little-endian, numbers as doubles, which are exact up to 2^53.
enum PackedWriter {
    @inline(__always)
    static func write(_ number: Int, into output: inout ByteBuffer) {
        output.writeInteger(Double(number).bitPattern, endianness: .little)
    }

    @inline(__always)
    static func set(_ number: Int, at index: Int, in output: inout ByteBuffer) {
        output.setInteger(Double(number).bitPattern, at: index, endianness: .little)
    }

    /// `B`
    @inline(__always)
    static func write(byte: Int, into output: inout ByteBuffer) {
        output.writeInteger(UInt8(truncatingIfNeeded: byte))
    }

    /// `H`
    @inline(__always)
    static func write(short: Int, into output: inout ByteBuffer) {
        output.writeInteger(UInt16(truncatingIfNeeded: short), endianness: .little)
    }

    @inline(__always)
    static func set(short: Int, at index: Int, in output: inout ByteBuffer) {
        output.setInteger(UInt16(truncatingIfNeeded: short), at: index, endianness: .little)
    }

    /// `Bc0`: at most 255 bytes; what is longer is cut.
    static func write(text: [UInt8], into output: inout ByteBuffer) {
        let kept = text.prefix(255)
        Self.write(byte: kept.count, into: &output)
        output.writeBytes(kept)
    }

    static func write(text: String, into output: inout ByteBuffer) {
        Self.write(text: Array(text.utf8), into: &output)
    }
}
