import HTTPWire
import NIOCore

/// The bytes of `text`, one for each scalar, which must be below U+0100.
func bytes(_ text: String) -> [UInt8] { text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) } }

/// `bytes` as text, one scalar for each byte.
func text(_ bytes: some Sequence<UInt8>) -> String {
    String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
}

extension [UInt8] {
    func slice(_ range: ByteRange) -> [UInt8] { Array(self[range.bounds]) }
}

extension ByteBuffer {
    /// All readable bytes.
    var array: [UInt8] { Array(self.readableBytesView) }
}
