/// What the next bytes of a body are.
public enum BodyStep: Sendable, Hashable {
    /// Content, as a range of the bytes offered. A run is as long as the bytes at hand and the framing allow.
    case data(ByteRange)
    /// Everything up to the offset has been dealt with. Offer what follows it, and more.
    case needsMore
    /// The body is over and the next message begins at the offset. `BodyDecoder.trailers` holds the trailer fields as
    /// ranges of the bytes offered.
    case finished
    /// The body cannot be read; close the connection.
    case failed(WireError)
}
