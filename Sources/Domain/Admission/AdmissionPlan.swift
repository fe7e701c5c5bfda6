/// Everything that one principal's requests to one route take and count, worked out once from the configuration and the
/// records: what `AdmissionTemplate` encodes and ``AdmissionModel`` decides.
public struct AdmissionPlan: Sendable, Equatable {
    public let orgID: String
    public let environment: Environment
    /// Meters are kept per key, limits per ``lineageID``.
    public let keyID: String
    public let lineageID: String
    public let routeID: String
    /// Those of scope `ip` last.
    public let groups: [BucketGroup]
    public let quotas: [QuotaRule]
    /// Those of scope `ip` last.
    public let leases: [LeaseRule]
    public let meters: [FixedMeter]
    /// How long a lease lasts without a heartbeat.
    public let leaseMs: Int
    /// How claims are made; nil where the route takes no keys.
    public let claims: ClaimRule?
    /// What a request costs when it does not say.
    public let cost: Int
    /// Addresses with overrides of their own: a request from one of them has a plan of its own, made with its address.
    public let addressesApart: [String]

    /// How much of a month's quota each request takes.
    public struct QuotaRule: Sendable, Equatable, Hashable {
        public let meter: String
        public let limit: Int
        /// 0 where the quantity is known from the response only: then a request passes while something is left.
        public let amount: Int

        public init(meter: String, limit: Int, amount: Int) {
            self.meter = meter
            self.limit = limit
            self.amount = amount
        }
    }

    /// A cap on requests in flight.
    public struct LeaseRule: Sendable, Equatable, Hashable {
        public let name: String
        public let scope: LimitScope
        /// Empty for an address.
        public let subject: String
        public let source: BucketGroup.Source
        public let max: Int

        public init(name: String, scope: LimitScope, subject: String, source: BucketGroup.Source, max: Int) {
            self.name = name
            self.scope = scope
            self.subject = subject
            self.source = source
            self.max = max
        }
    }

    /// What every request that is served counts.
    public struct FixedMeter: Sendable, Equatable, Hashable {
        public let meter: String
        public let amount: Int

        public init(meter: String, amount: Int) {
            self.meter = meter
            self.amount = amount
        }
    }

    /// How a route's claims of idempotency keys are kept.
    public struct ClaimRule: Sendable, Equatable, Hashable {
        /// Whether another API key of the org finds the claim.
        public let scope: IdempotencyPolicy.Scope
        /// How long a claim holds without a heartbeat.
        public let claimMs: Int
        /// How long the key is remembered.
        public let retentionMs: Int
        /// Whether a claim whose holder has gone may be taken over.
        public let upstreamIdempotent: Bool

        public init(scope: IdempotencyPolicy.Scope, claimMs: Int, retentionMs: Int, upstreamIdempotent: Bool) {
            self.scope = scope
            self.claimMs = claimMs
            self.retentionMs = retentionMs
            self.upstreamIdempotent = upstreamIdempotent
        }
    }

    public init(
        orgID: String, environment: Environment, keyID: String, lineageID: String, routeID: String,
        groups: [BucketGroup], quotas: [QuotaRule] = [], leases: [LeaseRule] = [], meters: [FixedMeter] = [],
        leaseMs: Int = 90_000, claims: ClaimRule? = nil, cost: Int = 1, addressesApart: [String] = []
    ) {
        self.orgID = orgID
        self.environment = environment
        self.keyID = keyID
        self.lineageID = lineageID
        self.routeID = routeID
        self.groups = groups
        self.quotas = quotas
        self.leases = leases
        self.meters = meters
        self.leaseMs = leaseMs
        self.claims = claims
        self.cost = cost
        self.addressesApart = addressesApart
    }

    /// Buckets of all groups, in order.
    public var bucketCount: Int { self.groups.reduce(0) { $0 + $1.rules.count } }

    /// Whether a request must bring its client's address.
    public var needsAddress: Bool {
        self.groups.contains { $0.scope == .ip } || self.leases.contains { $0.scope == .ip }
    }
}
