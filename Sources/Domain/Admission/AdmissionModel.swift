// The whole admission over a state in memory: the twin of lua/scripts/admit.lua, settle.lua and heartbeat.lua, which tests
// hold to it decision by decision. Pure: time comes in. What a gateway spends while Redis is away is LocalShares' business.

/// Everything that admission remembers, and its rules.
public struct AdmissionModel: Sendable {
    /// The version tag of every org that was published.
    public var versions: [String: String] = [:]
    public internal(set) var groups: [GroupName: BucketGroupState] = [:]
    public internal(set) var quotas: [QuotaName: Int] = [:]
    /// Lease ids with their expiry.
    public internal(set) var leases: [LeaseName: [[UInt8]: Int]] = [:]
    public internal(set) var claims: [ClaimName: Claim] = [:]
    var settled: Set<[UInt8]> = []

    public init() {}

    public struct GroupName: Hashable, Sendable {
        public var orgID: String
        public var environment: Environment
        public var scope: LimitScope
        public var subject: String
        public var source: BucketGroup.Source
    }

    public struct QuotaName: Hashable, Sendable {
        public var orgID: String
        public var environment: Environment
        public var meter: String
        public var month: Int
    }

    public struct LeaseName: Hashable, Sendable {
        public var group: GroupName
        public var name: String
    }

    public struct ClaimName: Hashable, Sendable {
        public var orgID: String
        public var environment: Environment
        /// Empty where the whole org shares keys.
        public var keyID: String
        public var keyDigest: [UInt8]
    }

    /// What an idempotency key stands for.
    public struct Claim: Sendable, Equatable {
        public enum State: Sendable, Equatable {
            case inFlight(owner: [UInt8], untilMs: Int)
            case done(StoredResult)
        }

        public var state: State
        public var fingerprint: [UInt8]
        public var requestID: [UInt8]
        /// When the key is forgotten.
        public var expiryMs: Int
    }

    // MARK: Admission

    /// Decides `request` and, when something of it is admitted, takes, counts and claims.
    public mutating func admit(_ request: AdmissionRequest, nowMs: Int) -> AdmissionResult {
        let plan = request.plan
        guard self.versions[plan.orgID] == request.versionTag else {
            return AdmissionResult(outcome: .stale)
        }
        let month = plan.quotas.isEmpty ? 0 : UsagePeriod(atMs: nowMs).month
        let names = plan.groups.map { self.name(of: $0, request) }
        let readings = zip(plan.groups, names).map { BucketGroupState.read(self.groups[$1], $0, nowMs: nowMs) }
        let used = plan.quotas.map { self.quotas[self.name(of: $0, plan, month)] ?? 0 }
        let busy = plan.leases.map { rule in
            (self.leases[self.name(of: rule, request)] ?? [:]).values.count { $0 > nowMs }
        }
        let fitting = Self.fitting(request, readings, used: used, busy: busy)
        var result = AdmissionResult(
            outcome: fitting > 0 ? .admitted(fitting) : .refused, levels: readings.flatMap(\.levels), used: used,
            leases: busy)
        if let held = self.heldClaim(request, nowMs: nowMs) { result.outcome = held }

        switch result.outcome {
        case .admitted(let count):
            result.levels = self.take(names, readings, request, times: count, nowMs: nowMs)
            self.count(request, count, month: month, nowMs: nowMs, &result)
        case .replay:
            result.levels = self.takeSpare(names, readings, request, nowMs: nowMs)
        case .refused, .stale, .periodOver, .inProgress, .keyReused, .outcomeUnknown:
            break
        }
        return result
    }

    /// How many of the requests fit under everything, one after another.
    private static func fitting(
        _ request: AdmissionRequest, _ readings: [BucketGroupState.Reading], used: [Int], busy: [Int]
    ) -> Int {
        var fitting = request.count
        for (group, reading) in zip(request.plan.groups, readings) {
            for (rule, level) in zip(group.rules, reading.levels) {
                fitting = rule.fitting(fitting, need: rule.need(cost: request.cost), level: level)
            }
        }
        for (quota, sum) in zip(request.plan.quotas, used) {
            guard sum < quota.limit else { return 0 }
            if quota.amount > 0 { fitting = min(fitting, (quota.limit - sum) / quota.amount) }
        }
        for (lease, count) in zip(request.plan.leases, busy) { fitting = min(fitting, lease.max - count) }
        return max(0, fitting)
    }

    /// Takes all of every bucket, and returns the levels.
    private mutating func take(
        _ names: [GroupName], _ readings: [BucketGroupState.Reading], _ request: AdmissionRequest, times: Int,
        nowMs: Int
    ) -> [Int] {
        var all: [Int] = []
        for (index, group) in request.plan.groups.enumerated() {
            let levels = zip(group.rules, readings[index].levels).map { $1 - $0.need(cost: request.cost) * times }
            self.groups[names[index]] = BucketGroupState(group, levels: levels, after: readings[index], nowMs: nowMs)
            all += levels
        }
        return all
    }

    /// A replay takes one token of the buckets that count requests, where one is left.
    private mutating func takeSpare(
        _ names: [GroupName], _ readings: [BucketGroupState.Reading], _ request: AdmissionRequest, nowMs: Int
    ) -> [Int] {
        var all: [Int] = []
        for (index, group) in request.plan.groups.enumerated() {
            let before = readings[index].levels
            let levels = zip(group.rules, before).map { rule, level in
                rule.unit == .requests && level >= rule.unitsPerToken ? level - rule.unitsPerToken : level
            }
            if levels != before {
                self.groups[names[index]] = BucketGroupState(
                    group, levels: levels, after: readings[index], nowMs: nowMs)
            }
            all += levels
        }
        return all
    }

    /// Leases, quotas and the claim of what was admitted.
    private mutating func count(
        _ request: AdmissionRequest, _ count: Int, month: Int, nowMs: Int, _ result: inout AdmissionResult
    ) {
        let plan = request.plan
        for (index, quota) in plan.quotas.enumerated() where quota.amount > 0 {
            result.used[index] += quota.amount * count
            self.quotas[self.name(of: quota, plan, month)] = result.used[index]
        }
        for (index, rule) in plan.leases.enumerated() {
            let name = self.name(of: rule, request)
            var held = (self.leases[name] ?? [:]).filter { $0.value > nowMs }
            for id in request.leaseIDs.prefix(count) { held[id] = nowMs + plan.leaseMs }
            self.leases[name] = held
            result.leases[index] += count
        }
        if let claim = request.claim, let rule = plan.claims {
            self.claims[self.name(of: claim, plan, rule)] = Claim(
                state: .inFlight(owner: claim.owner, untilMs: nowMs + rule.claimMs), fingerprint: claim.fingerprint,
                requestID: claim.requestID, expiryMs: nowMs + rule.retentionMs)
        }
    }

    /// What an earlier use of the key says; nil when there is none that counts.
    private func heldClaim(_ request: AdmissionRequest, nowMs: Int) -> AdmissionOutcome? {
        guard let wanted = request.claim, let rule = request.plan.claims,
            let held = self.claims[self.name(of: wanted, request.plan, rule)], held.expiryMs > nowMs
        else { return nil }
        guard held.fingerprint == wanted.fingerprint else { return .keyReused(first: held.requestID) }
        switch held.state {
        case .done(let result): return .replay(result, first: held.requestID)
        case .inFlight(_, let untilMs):
            if untilMs > nowMs { return .inProgress(first: held.requestID) }
            return rule.upstreamIdempotent ? nil : .outcomeUnknown(first: held.requestID)
        }
    }
}
