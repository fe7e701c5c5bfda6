/// What one bucket says about one request, in numbers (STANDARDS §2).
public struct BucketReading: Sendable, Equatable {
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
    @inlinable
    public init(_ rule: BucketRule, level: Int, need: Int) {
        self.remaining = rule.remaining(level)
        self.nextMs = rule.msToNext(level)
        self.fullMs = rule.msToFull(level)
        self.waitMs = need == 0 ? 0 : rule.msToFit(need, level: level)
    }
}
