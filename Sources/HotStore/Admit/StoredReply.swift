public import NIOCore

/// A stored first result, as Redis gave it back.
public struct StoredReply: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        /// The whole response: replay it.
        case response
        /// Too large to be kept: only ``length`` and ``sha256`` are known.
        case unreplayable
        /// The gateway's own answer: ``slug``.
        case failure
    }

    public var kind: Kind
    public var status: Int
    /// Of a response the header lines; of the others the length, or the problem slug.
    var second: ByteBuffer
    /// Of a response the body; of an unreplayable one its SHA-256.
    var third: ByteBuffer

    /// End-to-end header lines, as they were stored.
    public var headers: ByteBuffer { self.kind == .response ? self.second : ByteBuffer() }
    public var body: ByteBuffer { self.kind == .response ? self.third : ByteBuffer() }
    public var length: Int { self.kind == .unreplayable ? Int(String(buffer: self.second)) ?? 0 : 0 }
    public var sha256: ByteBuffer { self.kind == .unreplayable ? self.third : ByteBuffer() }
    public var slug: String { self.kind == .failure ? String(buffer: self.second) : "" }
}
