/// A gateway's side of ``ShareLedger``: which part 1/d of every limit it holds for the time without Redis. Without a grant
/// in its own life it holds nothing; what it was granted last stays while Redis is away.
public struct ShareLease: Sendable, Equatable {
    /// What is to be done with the buckets.
    public struct Change: Sendable, Equatable {
        /// From now on they are of a part 1/d.
        public var divisor: Int
        /// Whether they start full; otherwise they fill from empty.
        public var isStocked: Bool
    }

    /// Between two renewals.
    public let intervalMs: Int
    /// A gateway that Redis does not hear of counts for so long.
    public let keepMs: Int
    /// The gateway holds 1/d; 0 for nothing.
    public private(set) var divisor = 0
    private var divisorBeforeLeaving = 0
    private var sequence = 0
    private var awaited: Int?
    /// Capacity that its buckets had from the start, and that it has given up untouched, as parts of the whole.
    private var stock = 0.0
    private var returned = 0.0

    public init(intervalMs: Int = 1_000, keepMs: Int = 600_000) {
        self.intervalMs = max(1, intervalMs)
        self.keepMs = max(1, keepMs)
    }

    /// What to tell Redis now. An answer to an earlier renewal means nothing any more.
    public mutating func renewal(run: String) -> ShareRenewal {
        self.sequence += 1
        self.awaited = self.sequence
        return ShareRenewal(
            sequence: self.sequence, divisor: self.divisor, returned: self.returned, run: run, keepMs: self.keepMs,
            settleMs: 2 * self.intervalMs)
    }

    /// Redis has answered the last renewal. nil where nothing changes; otherwise ``changed(_:wereFull:)`` follows, once the
    /// buckets are what the change says.
    public mutating func granted(_ grant: ShareGrant) -> Change? {
        guard self.awaited != nil else { return nil }
        self.awaited = nil
        guard grant.divisor > 0, grant.divisor != self.divisor else { return nil }
        return Change(divisor: grant.divisor, isStocked: self.divisor == 0 && grant.isStocked)
    }

    /// The gateway stops: its buckets are to be given up, and ``changed(_:wereFull:)`` follows.
    public mutating func leaving() -> Change {
        self.awaited = nil
        self.divisorBeforeLeaving = self.divisor
        return Change(divisor: 0, isStocked: false)
    }

    /// The last renewal was not answered, and will not be.
    public mutating func unanswered() { self.awaited = nil }

    /// The buckets are what `change` says. `wereFull` where nothing was missing in any of them at that moment.
    public mutating func changed(_ change: Change, wereFull: Bool) {
        let part = ShareLedger.part(change.divisor)
        if change.isStocked { self.stock = part }
        if self.stock > part {
            if wereFull { self.returned += self.stock - part }
            self.stock = part
        }
        self.divisor = change.divisor
    }

    /// What to tell Redis after ``leaving()``; no answer is waited for.
    public mutating func farewell(run: String) -> ShareRenewal {
        var renewal = self.renewal(run: run)
        self.awaited = nil
        renewal.divisor = self.divisorBeforeLeaving
        renewal.keepMs = 0
        return renewal
    }
}
