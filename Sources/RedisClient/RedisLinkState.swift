/// What a link tells about itself.
public enum RedisLinkState: Sendable, Equatable {
    case idle
    case connecting
    case ready
    /// No connection; the next attempt is in so many milliseconds.
    case waiting(retryInMs: Int)
    case closed
}
