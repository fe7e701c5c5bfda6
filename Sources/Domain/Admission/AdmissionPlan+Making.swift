extension AdmissionPlan {
    /// How long a lease or claim outlives the request's own deadlines.
    private static let leaseSlackMs = 30_000

    /// The plan of one principal on one route.
    ///
    /// Limits come from the file (for every route), the org's plan as the records have it, and the route; an override in the records replaces
    /// capacity and refill of those it names, one that names a limit before one that names only a scope. An override
    /// whose numbers cannot be a bucket is passed over, for one bad record must not stop an org. A limit by user does
    /// not bind a key without one.
    ///
    /// - Parameter address: the client's, where ``addressesApart`` lists it; nil otherwise.
    public init(
        _ principal: Principal, route: Route, configuration: Configuration, address: String? = nil
    ) throws(BucketRuleError) {
        let plan = configuration.grants(of: principal.org)
        let subjects = Subjects(principal, route: route, address: address)
        let base = configuration.limits.map { ("c/", $0) } + (plan?.limits ?? []).map { ("p/", $0) }
        let groups =
            try Self.groups(.base, base, subjects)
            + Self.groups(.route(route.id), route.limits.map { ("", $0) }, subjects)
        let leases =
            Self.leases(.base, plan?.concurrency ?? [], subjects)
            + Self.leases(.route(route.id), route.concurrency, subjects)
        let meters = Self.fixedMeters(of: route)
        self.init(
            orgID: principal.org.orgID, environment: principal.key.environment, keyID: principal.key.keyID,
            lineageID: principal.key.lineageID, routeID: route.id,
            groups: groups.filter { $0.scope != .ip } + groups.filter { $0.scope == .ip },
            quotas: Self.quotas(plan?.quotas ?? [], of: route, meters),
            leases: leases.filter { $0.scope != .ip } + leases.filter { $0.scope == .ip },
            meters: meters, leaseMs: Self.deadlineMs(of: route) + Self.leaseSlackMs,
            claims: route.idempotency.map { Self.claims($0, of: route) },
            cost: { if case .fixed(let cost) = route.cost { cost } else { 1 } }(),
            addressesApart: principal.org.overrides.filter { $0.scope == .ip }.map(\.subject))
    }

    private static func claims(_ policy: IdempotencyPolicy, of route: Route) -> ClaimRule {
        ClaimRule(
            scope: policy.scope, claimMs: Self.deadlineMs(of: route) + Self.leaseSlackMs, retentionMs: policy.ttlMs,
            // A claim whose holder has gone may be taken over in Redis where PostgreSQL decides after it.
            upstreamIdempotent: policy.upstreamIdempotent || policy.durable)
    }

    /// The whole exchange where it is bounded; otherwise its head, after which heartbeats go on.
    private static func deadlineMs(of route: Route) -> Int {
        route.timeouts.totalMs > 0 ? route.timeouts.totalMs : route.timeouts.headMs
    }

    private static func fixedMeters(of route: Route) -> [FixedMeter] {
        var meters: [FixedMeter] = []
        for rule in route.meters {
            guard case .fixed(let amount) = rule.quantity, amount > 0 else { continue }
            if let known = meters.firstIndex(where: { $0.meter == rule.meter }) {
                meters[known] = FixedMeter(meter: rule.meter, amount: meters[known].amount + amount)
            } else {
                meters.append(FixedMeter(meter: rule.meter, amount: amount))
            }
        }
        return meters
    }

    /// Quotas of meters that this route counts.
    private static func quotas(_ quotas: [Quota], of route: Route, _ meters: [FixedMeter]) -> [QuotaRule] {
        quotas.filter { quota in route.meters.contains { $0.meter == quota.meter } }.map { quota in
            QuotaRule(
                meter: quota.meter, limit: quota.perMonth,
                amount: meters.first { $0.meter == quota.meter }?.amount ?? 0)
        }
    }

    private static func leases(
        _ source: BucketGroup.Source, _ limits: [ConcurrencyLimit], _ subjects: Subjects
    ) -> [LeaseRule] {
        limits.compactMap { limit in
            guard let subject = subjects.subject(of: limit.scope) else { return nil }
            return LeaseRule(name: limit.name, scope: limit.scope, subject: subject, source: source, max: limit.max)
        }
    }

    private static func groups(
        _ source: BucketGroup.Source, _ limits: [(source: String, limit: Limit)], _ subjects: Subjects
    ) throws(BucketRuleError) -> [BucketGroup] {
        var groups: [BucketGroup] = []
        for scope in LimitScope.allCases {
            guard let subject = subjects.subject(of: scope) else { continue }
            var rules: [BucketRule] = []
            for (source, limit) in limits where limit.scope == scope {
                guard rules.count < BucketGroup.bucketsMax else {
                    throw BucketRuleError(limit: limit.name, reason: .tooMany)
                }
                rules.append(try subjects.rule(limit, source: source))
            }
            guard !rules.isEmpty else { continue }
            groups.append(BucketGroup(scope: scope, subject: subject, source: source, rules: rules))
        }
        return groups
    }

    /// Whom each scope means for one principal and route.
    private struct Subjects {
        let principal: Principal
        let routeID: String
        let address: String?

        init(_ principal: Principal, route: Route, address: String?) {
            self.principal = principal
            self.routeID = route.id
            self.address = address
        }

        func subject(of scope: LimitScope) -> String? {
            switch scope {
            case .key: self.principal.key.lineageID
            case .user: self.principal.key.userID
            case .org: self.principal.org.orgID
            case .ip: ""
            case .route: self.routeID
            }
        }

        func rule(_ limit: Limit, source: String) throws(BucketRuleError) -> BucketRule {
            let overrides = self.principal.org.overrides.filter { self.concerns($0, limit.scope) }
            let override = overrides.last { $0.limit == limit.name } ?? overrides.last { $0.limit == nil }
            if let override {
                var replaced = limit
                replaced.capacity = override.capacity
                replaced.refill = override.refill
                replaced.periodMs = override.periodMs
                if let rule = try? BucketRule(replaced, source: source) { return rule }
            }
            return try BucketRule(limit, source: source)
        }

        private func concerns(_ override: LimitOverride, _ scope: LimitScope) -> Bool {
            guard override.scope == scope else { return false }
            switch scope {
            case .key:
                return [self.principal.key.keyID, self.principal.key.lineageID].contains(override.subject)
            case .ip: return override.subject == self.address
            case .user, .org, .route: return override.subject == self.subject(of: scope)
            }
        }
    }
}
