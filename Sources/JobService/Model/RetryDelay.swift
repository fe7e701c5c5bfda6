/// How long to wait before the next attempt: doubling from `first` up to `longest`, of which a random half is taken
/// away, so that jobs that failed together do not come back together.
struct RetryDelay: Sendable, Hashable {
    var first: Duration
    var longest: Duration

    /// - Parameters:
    ///   - attempt: the attempt that failed, from 1.
    ///   - lowerBound: what a server asked for; it wins where it is longer, up to `longest`.
    func delay(
        afterAttempt attempt: Int, lowerBound: Duration? = nil, random: inout some RandomNumberGenerator
    ) -> Duration {
        // 2^20 times any sensible delay is past any sensible bound, and further doubling could overflow.
        let doublings = min(max(attempt - 1, 0), 20)
        let full = min(self.first * (1 << doublings), self.longest)
        let jittered = full * Double.random(in: 0.5...1, using: &random)
        return max(jittered, min(lowerBound ?? .zero, self.longest))
    }
}
