import HTTPWire
import NIOCore

/// The header lines of a stored response, looked at for the content coding, and rewritten where the coding is undone.
struct StoredHead {
    private let lines: ByteBuffer
    /// The codings that the body went through, in order; empty where it has none.
    private(set) var codings: [AcceptedCodings.Coding] = []
    /// Whether the body has a coding at all, so that who asks otherwise may get other bytes.
    var isCoded: Bool { !self.codings.isEmpty }

    init(_ lines: ByteBuffer) {
        self.lines = lines
        let bytes = lines.readableBytesUInt8Span
        Self.forEachLine(bytes) { line, name in
            guard bytes.matches(name, lowercase: "content-encoding") else { return }
            var start = name.end + 1
            while start < line.end {
                var end = start
                while end < line.end, bytes[end] != UInt8(ascii: ",") { end += 1 }
                let value = bytes.trimmed(start, end)
                let coding = AcceptedCodings.Coding(bytes.extracting(value.bounds))
                if !value.isEmpty, coding != .identity { self.codings.append(coding) }
                start = end + 1
            }
        }
    }

    /// What must be done to the body for a client that takes these codings.
    enum Delivery: Equatable { case asStored, decoded, impossible }

    func delivery(to client: AcceptedCodings) -> Delivery {
        if self.codings.allSatisfy({ client.accepts($0) }) { return .asStored }
        guard self.codings.count == 1 else { return .impossible }
        switch self.codings[0] {
        case .gzip, .deflate: return .decoded
        case .br, .zstd, .compress, .identity, .unknown: return .impossible
        }
    }

    /// The lines for the decoded body. What describes the coded bytes goes; a strong validator of theirs becomes a weak
    /// one, for both are the same only in meaning (RFC 9110 §8.8.1).
    func withoutCoding() -> ByteBuffer {
        var output = ByteBuffer()
        let lines = self.lines
        let bytes = lines.readableBytesUInt8Span
        Self.forEachLine(bytes) { line, name in
            if Self.describesCodedBytes.contains(where: { bytes.matches(name, lowercase: $0) }) { return }
            let value = bytes.trimmed(name.end + 1, line.end)
            if bytes.matches(name, lowercase: "etag"), !value.isEmpty, bytes[value.start] == UInt8(ascii: "\"") {
                output.writeStaticString("ETag: W/")
                output.writeRange(value, of: bytes)
            } else {
                output.writeRange(line, of: bytes)
            }
            output.writeLineEnd()
        }
        return output
    }

    private static let describesCodedBytes: [StaticString] = [
        "content-encoding", "content-md5", "digest", "content-digest", "repr-digest", "accept-ranges",
    ]

    /// Calls `body` with every line (without its end) and the range of its name.
    private static func forEachLine(_ bytes: Span<UInt8>, _ body: (ByteRange, ByteRange) -> Void) {
        var start = 0
        while start < bytes.count {
            var end = start
            var colon = -1
            while end < bytes.count, bytes[end] != 0x0A {
                if colon < 0, bytes[end] == UInt8(ascii: ":") { colon = end }
                end += 1
            }
            let next = end + 1
            if end > start, bytes[end - 1] == 0x0D { end -= 1 }
            if colon > start { body(ByteRange(start, end), ByteRange(start, colon)) }
            start = next
        }
    }
}
