/// How much of a body may be something other than data. All sizes count bytes.
public struct BodyLimits: Sendable, Hashable {
    /// Chunk extensions of one message together (STANDARDS §5). They mean nothing to us and are never forwarded.
    public let extensionBytesMax: Int
    /// Largest trailer section.
    public let trailers: HeadLimits

    /// Limits for the bodies of one connection.
    public init(extensionBytesMax: Int = 4 << 10, trailers: HeadLimits = HeadLimits().forTrailers) {
        self.extensionBytesMax = extensionBytesMax
        self.trailers = trailers
    }
}
