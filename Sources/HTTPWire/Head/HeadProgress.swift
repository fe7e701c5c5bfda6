/// What a look at the bytes of a head found.
public enum HeadProgress: Sendable, Hashable {
    /// The head goes on. Offer the same bytes and more.
    case incomplete
    /// The head is complete and is the first `byteCount` bytes; the body or the next message begins there.
    case complete(byteCount: Int)
    /// The message must be refused and its connection closed.
    case failed(WireError)
}
