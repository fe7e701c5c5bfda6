/// What one bucket says about one request: everything that the `RateLimit` fields and a refusal show (STANDARDS §2).
public struct RateLimitView: Sendable, Equatable {
    public let name: String
    public let scope: LimitScope
    public let capacity: Int
    /// Seconds in which the capacity flows in: `w`.
    public let windowSeconds: Int
    public let refill: Int
    public let periodMs: Int
    /// Whole tokens left, ≥ 0.
    public let remaining: Int
    /// Milliseconds until one token more is there; 0 when full.
    public let nextMs: Int
    /// Milliseconds until the bucket is full.
    public let fullMs: Int
    /// Milliseconds until the request fits: 0 when it did, −1 when it never will.
    public let waitMs: Int

    /// - Parameters:
    ///   - level: sub-units after the request when it was admitted, else before it.
    ///   - need: sub-units that the request still lacks room for; 0 when it was admitted.
    public init(_ rule: BucketRule, scope: LimitScope, level: Int, need: Int) {
        self.name = rule.name
        self.scope = scope
        self.capacity = rule.capacity
        self.windowSeconds = rule.windowSeconds
        self.refill = rule.refill
        self.periodMs = rule.periodMs
        self.remaining = rule.remaining(level)
        self.nextMs = rule.msToNext(level)
        self.fullMs = rule.msToFull(level)
        self.waitMs = rule.msToFit(need, level: level)
    }
}
