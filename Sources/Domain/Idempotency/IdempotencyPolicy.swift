/// How a route honours `Idempotency-Key` (STANDARDS §1).
public struct IdempotencyPolicy: Sendable, Equatable {
    /// Methods on which the header is acted on.
    public var methods = ["POST", "PATCH"]
    /// Whether a request without the header is refused with 400.
    public var required = false
    /// Whom one key value belongs to.
    public var scope = Scope.org
    /// How long a result is kept.
    public var ttlMs = 24 * 3_600_000
    /// The largest request body that is buffered to compute the fingerprint.
    public var requestBytesMax = 1 << 20
    /// The largest response that is stored for replay.
    public var responseBytesMax = 1 << 20
    /// Request headers that belong to the fingerprint, lower-case.
    public var fingerprintHeaders: [String] = []
    /// Whether an upstream 5xx is stored (as Stripe does) or releases the key.
    public var replay5xx = Replay5xx.store
    /// Whether the upstream itself honours the forwarded key, so that an unknown outcome may be tried again.
    public var upstreamIdempotent = false
    /// Whether claim and result are kept in PostgreSQL too.
    public var durable = false
    /// How long a request waits for PostgreSQL's word on its key; beyond it, it is refused.
    public var durableDeadlineMs = 2_000
    /// How long a keyed exchange is drained after its client has gone.
    public var detachedTimeoutMs = 120_000

    public enum Scope: String, Sendable, CaseIterable {
        case org
        case apiKey = "api_key"
    }
    public enum Replay5xx: String, Sendable, CaseIterable { case store, release }

    public init() {}
}
