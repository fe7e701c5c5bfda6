/// How the end of a message's body is found (RFC 9112 §6.3).
public enum BodyFraming: Sendable, Hashable {
    /// There is no body.
    case none
    /// The body is this many bytes; may be 0.
    case length(Int)
    /// The body is chunked, and trailers may follow.
    case chunked
    /// The body goes on until the connection ends. Responses only.
    case untilClose

    /// Whether a byte of content can follow.
    public var mayHaveContent: Bool {
        switch self {
        case .none, .length(0): false
        case .length, .chunked, .untilClose: true
        }
    }

    /// The framing to use towards a peer that speaks HTTP/1.`minorVersion`: HTTP/1.0 knows no chunks, so there a body of
    /// unknown length ends with the connection.
    public func forPeer(minorVersion: UInt8) -> BodyFraming {
        self == .chunked && minorVersion == 0 ? .untilClose : self
    }
}
