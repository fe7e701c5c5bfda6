import CZlib
import NIOCore

/// Undoes the content codings gzip and deflate (RFC 9110 §8.4.1) of a body that is at hand, up to a bound.
enum ContentInflater {
    /// A body larger than this when decoded is not decoded: it would hold up the loop.
    static let decodedBytesMax = 8 << 20

    /// The decoded body; nil when it is broken, cut off, or too large.
    static func decode(_ body: ByteBuffer, decodedBytesMax: Int = Self.decodedBytesMax) -> ByteBuffer? {
        // 32 asks zlib to tell gzip from zlib by the header. Some servers' deflate has neither: then without (−15).
        Self.decode(body, windowBits: 15 + 32, decodedBytesMax)
            ?? Self.decode(body, windowBits: -15, decodedBytesMax)
    }

    private static func decode(_ body: ByteBuffer, windowBits: CInt, _ decodedBytesMax: Int) -> ByteBuffer? {
        var stream = z_stream()
        let size = CInt(MemoryLayout<z_stream>.size)
        guard inflateInit2_(&stream, windowBits, zlibVersion(), size) == Z_OK else { return nil }
        defer { inflateEnd(&stream) }
        var output = ByteBuffer()
        var input = body
        let isWhole = input.withUnsafeMutableReadableBytes { bytes -> Bool in
            stream.next_in = bytes.bindMemory(to: UInt8.self).baseAddress
            stream.avail_in = UInt32(truncatingIfNeeded: bytes.count)
            return Self.run(&stream, into: &output, decodedBytesMax)
        }
        return isWhole ? output : nil
    }

    private static func run(_ stream: inout z_stream, into output: inout ByteBuffer, _ decodedBytesMax: Int) -> Bool {
        while true {
            var result = Z_OK
            var produced = 0
            output.writeWithUnsafeMutableBytes(minimumWritableBytes: 32 * 1024) { space in
                stream.next_out = space.bindMemory(to: UInt8.self).baseAddress
                stream.avail_out = UInt32(truncatingIfNeeded: space.count)
                result = inflate(&stream, Z_NO_FLUSH)
                produced = space.count - Int(stream.avail_out)
                return produced
            }
            guard output.readableBytes <= decodedBytesMax else { return false }
            if result == Z_STREAM_END {
                // A gzip body may have several members.
                guard stream.avail_in > 0 else { return true }
                guard inflateReset(&stream) == Z_OK else { return false }
            } else if result != Z_OK || (produced == 0 && stream.avail_in == 0) {
                return false
            }
        }
    }
}
