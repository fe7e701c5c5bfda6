import Domain
import Edge

/// What really happened, kept outside of everything that is tested; and the promises, checked as things happen.
final class Ledger {
    /// What of one request must be, and may be, on the meters.
    struct Due {
        let keyID: String
        var requests = 0...0
        var tokens = 0...0
    }

    private unowned let world: World
    private(set) var due: [Int: Due] = [:]
    /// Requests whose settlement the store has confirmed.
    var confirmed: Set<Int> = []
    /// Requests whose gateway died before it had settled them.
    var orphans: Set<Int> = []
    private var executions: [String: Int] = [:]
    private var lossesBefore: [String: Int] = [:]
    private var sends: [Int: Int] = [:]
    private var answers: [String: Int] = [:]
    private(set) var losses = 0
    private var buckets: [String: (level: Int, atMs: Int)] = [:]
    private var quotaUsed: [Int: Int] = [:]
    /// Requests that hold quota, which they may give back once.
    private var quotaHolders: Set<Int> = []
    /// Who has claimed a key.
    private var claimOwners: [[UInt8]: [UInt8]] = [:]
    /// One bucket for all that gateways admit of each by themselves.
    private var shares: [String: (level: Int, atMs: Int)] = [:]
    private var inFlight: [[UInt8]: (request: Int, untilMs: Int)] = [:]

    init(_ world: World) {
        self.world = world
    }

    // MARK: Execution and answers

    func sent(_ operation: Operation) {
        self.sends[operation.number, default: 0] += 1
        if self.lossesBefore[operation.name] == nil { self.lossesBefore[operation.name] = self.losses }
    }

    func executed(_ operation: Operation) {
        let name = operation.name
        self.executions[name, default: 0] += 1
        let count = self.executions[name, default: 0]
        switch operation.route {
        case .trusting:
            break
        case .durable:
            if count > 1 { self.world.violation(.executedTwice, "\(name): \(count) executions") }
        case .jobs:
            // A store that has forgotten a claim can't know better; what it may forget is the durable routes' concern.
            let forgotten = self.losses - self.lossesBefore[name, default: 0]
            if count > 1 + forgotten { self.world.violation(.executedTwice, "\(name): \(count) executions") }
        case .chat, .capped:
            guard !operation.isIdempotentMethod, count > self.sends[operation.number, default: 0] else { return }
            self.world.violation(.requestExecutedTwice, "\(name): \(count) executions")
        }
    }

    /// A whole answer with status 200.
    func answered(_ operation: Operation, execution: Int) {
        guard let key = operation.key,
            operation.route == .durable || (operation.route == .jobs && self.losses == 0)
        else { return }
        if let first = self.answers[key], first != execution {
            self.world.violation(.differentAnswers, "\(key): executions \(first) and \(execution)")
        }
        self.answers[key] = execution
    }

    // MARK: Admission

    /// The store has admitted these requests.
    func storeAdmitted(_ request: AdmissionRequest, _ numbers: [Int], nowMs: Int) {
        let plan = request.plan
        for number in numbers where self.due[number] == nil { self.due[number] = Due(keyID: plan.keyID) }
        self.checkBucket(plan, numbers, nowMs: nowMs)
        self.checkQuota(plan, numbers, nowMs: nowMs)
        self.checkInFlight(plan, request.leaseIDs, numbers, nowMs: nowMs)
        self.quotaHolders.formUnion(numbers)
        if let claim = request.claim { self.claimOwners[claim.keyDigest] = claim.owner }
        let principal = Int(plan.keyID.dropFirst(4)) ?? -1
        if self.world.store.state.records[plan.orgID]?.revoked.contains(principal) ?? false {
            self.world.violation(.revokedKeyServed, "req \(numbers) of \(plan.keyID)")
        }
    }

    private func checkBucket(_ plan: AdmissionPlan, _ numbers: [Int], nowMs: Int) {
        guard let rule = plan.groups.first?.rules.first else { return }
        var bucket = self.buckets[plan.keyID] ?? (rule.full, nowMs)
        bucket.level = min(rule.full, bucket.level + max(0, nowMs - bucket.atMs) * rule.unitsPerMs)
        bucket.level -= numbers.count * rule.unitsPerToken
        bucket.atMs = nowMs
        self.buckets[plan.keyID] = bucket
        if bucket.level < 0 {
            self.world.violation(.limitExceeded, "req \(numbers) of \(plan.keyID), \(-bucket.level) sub-units too much")
        }
    }

    private func checkQuota(_ plan: AdmissionPlan, _ numbers: [Int], nowMs: Int) {
        let month = UsagePeriod(atMs: nowMs).month
        self.quotaUsed[month, default: 0] += numbers.count
        guard let quota = plan.quotas.first, self.quotaUsed[month, default: 0] > quota.limit else { return }
        self.world.violation(.quotaExceeded, "\(self.quotaUsed[month, default: 0]) of \(quota.limit)")
    }

    /// A settlement of `request` has changed quotas.
    func quotaChanged(_ uses: [Settlement.QuotaUse], by request: Int) {
        for use in uses { self.quotaUsed[use.month, default: 0] += use.amount }
        guard uses.contains(where: { $0.amount < 0 }), self.losses == 0 else { return }
        if self.quotaHolders.remove(request) == nil { self.world.violation(.givenBackTwice, "req \(request)") }
    }

    /// Who holds the claim of this key.
    func owner(of keyDigest: [UInt8]) -> [UInt8]? { self.claimOwners[keyDigest] }

    /// A settlement of the claim has taken effect.
    func claimSettled(_ claim: ClaimRequest) {
        let owner = self.claimOwners[claim.keyDigest]
        guard self.losses == 0, owner != claim.owner else { return }
        self.world.violation(
            .strangerSettled,
            "\(String(decoding: claim.owner, as: UTF8.self)) settled what \(owner.map { String(decoding: $0, as: UTF8.self) } ?? "nobody") holds"
        )
    }

    /// A gateway has admitted a request by itself.
    func locallyAdmitted(_ plan: AdmissionPlan) {
        // A store that has forgotten who holds what starts anew; each time one more of every limit may be spent.
        guard self.losses == 0, let rule = plan.groups.first?.rules.first else { return }
        let nowMs = self.world.scheduler.nowUs / 1_000
        var bucket = self.shares[plan.keyID] ?? (rule.full, nowMs)
        bucket.level = min(rule.full, bucket.level + (nowMs - bucket.atMs) * rule.unitsPerMs) - rule.unitsPerToken
        bucket.atMs = nowMs
        self.shares[plan.keyID] = bucket
        if bucket.level < 0 {
            self.world.violation(.shareOverspent, "\(-bucket.level) sub-units of \(plan.keyID) too much")
        }
    }

    // MARK: Waiting

    /// A request has heard from the store, or that it need not wait: this time after so long.
    func waited(_ exchange: Exchange, forUs us: Int) {
        let mostMs = Scenario.Times.storeDeadlineMs + 1
        if exchange.cameToOpenBreaker, us > 0 {
            self.world.violation(
                .waitedTooLong, "req \(exchange.number): \(us) us, though the store was known to be slow")
        } else if exchange.waitedUs > mostMs * 1_000 {
            self.world.violation(.waitedTooLong, "req \(exchange.number): \(exchange.waitedUs) us in all")
        }
    }

    private func checkInFlight(_ plan: AdmissionPlan, _ leaseIDs: [[UInt8]], _ numbers: [Int], nowMs: Int) {
        guard let rule = plan.leases.first else { return }
        for (id, number) in zip(leaseIDs, numbers) { self.inFlight[id] = (number, nowMs + plan.leaseMs) }
        self.inFlight = self.inFlight.filter { $0.value.untilMs > nowMs }
        // Both principals share the table; each has a cap of its own.
        let mine = self.inFlight.values.filter { self.due[$0.request]?.keyID == plan.keyID }.count
        if mine > rule.max { self.world.violation(.tooManyInFlight, "\(mine) of \(rule.max)") }
    }

    func leaseEnded(_ id: [UInt8]) { self.inFlight[id] = nil }

    /// A clock that stepped grants at most what flows in during the step.
    func storeClockStepped(byMs ms: Int) {
        for (key, bucket) in self.buckets { self.buckets[key] = (bucket.level, min(bucket.atMs, bucket.atMs + ms)) }
        self.inFlight = [:]
    }

    // MARK: Usage

    /// The gateway knows how the request ended: from now on its usage is certain.
    func settled(_ exchange: Exchange, _ meter: MeterOutcome) {
        let count = meter == .count ? 1 : 0
        self.due[exchange.number] = Due(
            keyID: exchange.plan?.keyID ?? "", requests: count...count,
            tokens: count * exchange.usedTokens...count * exchange.usedTokens)
    }

    /// The last byte of an upstream's answer has left.
    func served(_ exchange: Exchange) {
        self.due[exchange.number] = Due(
            keyID: exchange.plan?.keyID ?? "", requests: 1...1, tokens: exchange.usedTokens...exchange.usedTokens)
    }

    /// The gateway died with the request half done.
    func abandoned(_ number: Int) { self.orphans.insert(number) }

    /// The store came back without some of what it had.
    func storeLost() {
        self.losses += 1
        self.buckets = [:]
        self.quotaUsed = [:]
        self.inFlight = [:]
    }

    /// Compares the meters in PostgreSQL with what they must show.
    func compareMeters() {
        for key in Set(self.due.values.map(\.keyID)).sorted() {
            let mine = self.due.values.filter { $0.keyID == key }
            self.compare(Scenario.requestsMeter, key, mine.map(\.requests))
            self.compare(Scenario.tokensMeter, key, mine.map(\.tokens))
        }
    }

    private func compare(_ meter: String, _ key: String, _ ranges: [ClosedRange<Int>]) {
        let least = ranges.reduce(0) { $0 + $1.lowerBound }
        let most = ranges.reduce(0) { $0 + $1.upperBound }
        let shown = self.world.records.total(meter, keyID: key)
        let detail = "\(meter) of \(key): PostgreSQL shows \(shown), due are \(least) to \(most)"
        if shown < least { self.world.violation(.usageLost, detail) }
        if shown > most { self.world.violation(.usageCountedTwice, detail) }
    }
}
