/// A bucket and what it says about one request: everything that the `RateLimit` fields and a refusal show.
public struct RateLimitView: Sendable, Equatable {
    public let name: String
    public let scope: LimitScope
    public let capacity: Int
    /// Seconds in which the capacity flows in: `w`.
    public let windowSeconds: Int
    public let refill: Int
    public let periodMs: Int
    public let reading: BucketReading

    public init(_ rule: BucketRule, scope: LimitScope, reading: BucketReading) {
        self.name = rule.name
        self.scope = scope
        self.capacity = rule.capacity
        self.windowSeconds = rule.windowSeconds
        self.refill = rule.refill
        self.periodMs = rule.periodMs
        self.reading = reading
    }
}
