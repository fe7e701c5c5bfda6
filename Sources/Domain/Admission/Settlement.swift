/// How one admitted request ended, for Redis: what to do with its claim, its leases, and what only the response could tell
/// of quotas and costs. What was used is not Redis's to count: the gateway's journal does that.
public struct Settlement: Sendable, Equatable {
    /// Makes the settlement happen once: a second one with the same guard changes nothing but leases.
    public enum Guard: Sendable, Equatable {
        /// The request's claim, while it is in flight and belongs to `owner`; and what becomes of it.
        case claim(ClaimRequest, ClaimAction)
        /// A mark of this id (≤ 200 bytes), kept for so long.
        case mark(id: [UInt8], keepMs: Int)
        /// Nothing here could count twice: only leases are released.
        case none
    }

    /// What becomes of the claim.
    public enum ClaimAction: Sendable, Equatable {
        case store(StoredResult)
        /// The key may be used afresh.
        case release
    }

    /// An addition to a month's quota; below 0 it gives back.
    public struct QuotaUse: Sendable, Equatable {
        public var meter: String
        public var amount: Int
        public var month: Int

        public init(meter: String, amount: Int, month: Int) {
            self.meter = meter
            self.amount = amount
            self.month = month
        }
    }

    /// A cost that turned out other than reserved.
    public struct CostCorrection: Sendable, Equatable {
        public var reserved: Int
        public var actual: Int

        public init(reserved: Int, actual: Int) {
            self.reserved = reserved
            self.actual = actual
        }
    }

    public var `guard`: Guard
    public var leaseID: [UInt8]?
    public var quotas: [QuotaUse]
    public var cost: CostCorrection?

    public init(
        guard: Guard, leaseID: [UInt8]? = nil, quotas: [QuotaUse] = [], cost: CostCorrection? = nil
    ) {
        self.guard = `guard`
        self.leaseID = leaseID
        self.quotas = quotas
        self.cost = cost
    }
}
