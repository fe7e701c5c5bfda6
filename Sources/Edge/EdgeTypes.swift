public import Digests

/// How the edge asks the record layer about a key that Redis does not know. Called on a loop; the answer may come from
/// anywhere. The implementation bounds how often it really looks.
public struct KeyFallback: Sendable {
    public enum Outcome: Sendable {
        /// The key exists and its records are in Redis now.
        case published
        case unknown
        /// Not looked up: too many unknown keys at the moment.
        case refused
        /// The record store is away.
        case unavailable
    }

    /// The digest, the key's own bytes (for hashes that cannot be looked up), and whom to tell.
    public let resolve: @Sendable (SHA256Digest, [UInt8], @escaping @Sendable (Outcome) -> Void) -> Void

    public init(
        resolve: @escaping @Sendable (SHA256Digest, [UInt8], @escaping @Sendable (Outcome) -> Void) -> Void
    ) {
        self.resolve = resolve
    }
}

/// That a key was used, and when (Unix milliseconds).
public struct KeyUse: Sendable, Equatable {
    public var keyID: String
    public var atMs: Int

    public init(keyID: String, atMs: Int) {
        self.keyID = keyID
        self.atMs = atMs
    }
}

/// What an edge says about itself to `/readyz`.
public struct EdgeReadiness: Sendable, Equatable {
    public var loops: Int
    public var loopsWithRedis: Int
    public var draining: Bool
    /// Why Redis is not reached, in the words of the connection that failed last.
    public var redisFailure: String?

    public init(loops: Int, loopsWithRedis: Int, draining: Bool, redisFailure: String?) {
        self.loops = loops
        self.loopsWithRedis = loopsWithRedis
        self.draining = draining
        self.redisFailure = redisFailure
    }
}
