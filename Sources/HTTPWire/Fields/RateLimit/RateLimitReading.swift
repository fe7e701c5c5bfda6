/// What one limit said about one request.
public struct RateLimitReading: Sendable {
    /// The limit.
    public let policy: RateLimitPolicy
    /// Whole units left, ≥ 0.
    public let remaining: Int
    /// Milliseconds until one more unit is there; 0 when full.
    public let nextMs: Int
    /// Milliseconds until all are there; 0 when full.
    public let fullMs: Int
    /// Milliseconds until this request's cost fits: 0 when it did, −1 when it never will.
    public let waitMs: Int

    /// A reading; negative numbers count as 0, but for `waitMs` = −1.
    public init(policy: RateLimitPolicy, remaining: Int, nextMs: Int, fullMs: Int, waitMs: Int) {
        self.policy = policy
        self.remaining = min(max(0, remaining), RateLimitPolicy.integerMax)
        self.nextMs = max(0, nextMs)
        self.fullMs = max(0, fullMs)
        self.waitMs = max(-1, waitMs)
    }

    /// Whether this limit is (one of those) why the request was denied.
    public var isDenied: Bool { self.waitMs != 0 }
}
