/// How many gateways share the limits, as this one has leased it: the most that it has heard of within the last two
/// renewals. A gateway that is new, or one of many that meet again at an empty Redis, so takes no larger share than is left
/// once all have renewed; without a lease as old as that it has none.
public struct ShareLease: Sendable, Equatable {
    private struct Renewal: Sendable, Equatable {
        var gateways: Int
        var atMs: Int
    }

    /// Between two renewals.
    public let intervalMs: Int
    private var renewals: [Renewal] = []
    private var firstMs: Int?

    public init(intervalMs: Int = 1_000) {
        self.intervalMs = max(1, intervalMs)
    }

    /// Redis counts so many gateways, this one included.
    public mutating func renewed(gateways: Int, nowMs: Int) {
        // A clock that stepped back: what was noted in its future would never age.
        self.renewals.removeAll { $0.atMs > nowMs || $0.atMs < nowMs - 2 * self.intervalMs }
        self.renewals.append(Renewal(gateways: max(1, gateways), atMs: nowMs))
        self.firstMs = min(self.firstMs ?? nowMs, nowMs)
    }

    /// Gateways among which limits are divided; nil while there is no lease. What was leased last stays while Redis is
    /// away: nobody can join meanwhile.
    public var gateways: Int? {
        guard let firstMs, let last = self.renewals.last, last.atMs - firstMs >= 2 * self.intervalMs else { return nil }
        return self.renewals.map(\.gateways).max()
    }
}
