// What one event loop may admit by itself while Redis is away. Each of the n loops of all gateways has a bucket for every
// bucket of Redis, of a capacity C/n that refills with R/n: so over any time t all of them together admit at most
// C + R·t, which is the bound on what is admitted beyond Redis's own decisions. The levels live on when Redis is back,
// and refill no faster: many short outages admit no more than one long one.
//
// In integers: a token is n times as many sub-units as in Redis, while `full` and the flow in each millisecond stay.

/// Decides requests from a share of each limit. Pure: time and the number of sharers come in.
public struct LocalShares: Sendable {
    private struct Name: Hashable, Sendable {
        var group: AdmissionModel.GroupName
        var shape: Int
    }

    private struct State: Sendable {
        var levels: [Int]
        var timeMs: Int
        /// From then on it means the same as none.
        var fullAtMs: Int
    }

    /// Loops of all gateways that share; 0 while nothing was leased, and then nothing is admitted.
    public var sharers = 0
    private var states: [Name: State] = [:]
    private var used: [AdmissionModel.QuotaName: Int] = [:]
    private var sweptMs = 0
    private let entriesMax: Int

    /// - Parameter entriesMax: groups and quotas remembered; one more is refused while none of them is full again.
    public init(entriesMax: Int = 65_536) {
        self.entriesMax = max(1, entriesMax)
    }

    /// Groups that are remembered.
    public var count: Int { self.states.count }

    /// Admits one request, or takes nothing.
    ///
    /// - Parameter quotaUsed: what Redis said last of each of the plan's quotas; what is missing counts as nothing used.
    public mutating func admit(
        _ plan: AdmissionPlan, cost: Int, address: String = "", quotaUsed: [Int] = [], nowMs: Int
    ) -> Bool {
        // A cap on requests in flight needs the fleet's count.
        guard self.sharers > 0, plan.leases.isEmpty else { return false }
        guard self.hasRoom(for: plan, nowMs: nowMs), self.quotasAllow(plan, quotaUsed, nowMs: nowMs) else {
            return false
        }
        var taken: [(Name, State)] = []
        for group in plan.groups {
            let name = Self.name(of: group, plan, address)
            guard let state = self.take(group, name, cost: cost, nowMs: nowMs) else { return false }
            taken.append((name, state))
        }
        for (name, state) in taken { self.states[name] = state }
        let month = plan.quotas.isEmpty ? 0 : UsagePeriod(atMs: nowMs).month
        for quota in plan.quotas where quota.amount > 0 {
            self.used[Self.name(of: quota.meter, plan, month), default: 0] += quota.amount
        }
        return true
    }

    /// What a response turned out to have used of a quota beyond what its admission took; below 0 it gives back.
    public mutating func count(_ amount: Int, of meter: String, _ plan: AdmissionPlan, month: Int) {
        guard plan.quotas.contains(where: { $0.meter == meter }) else { return }
        self.used[Self.name(of: meter, plan, month), default: 0] += amount
    }

    /// The most that all sharers together admit of one bucket in `ms` while Redis is away, if each leased its share.
    public static func bound(_ rule: BucketRule, ms: Int) -> Int {
        let (flow, isHuge) = ms.multipliedReportingOverflow(by: rule.unitsPerMs)
        return rule.capacity + (isHuge ? .max / 2 : flow / rule.unitsPerToken)
    }

    // MARK: Parts

    /// Whether this plan's groups can be remembered. Looks for groups that are full again at most once a second.
    private mutating func hasRoom(for plan: AdmissionPlan, nowMs: Int) -> Bool {
        guard self.states.count + plan.groups.count > self.entriesMax || self.used.count >= self.entriesMax else {
            return true
        }
        if abs(nowMs - self.sweptMs) >= 1_000 {
            self.sweptMs = nowMs
            self.states = self.states.filter { $0.value.fullAtMs > nowMs }
            let month = UsagePeriod(atMs: nowMs).month
            self.used = self.used.filter { $0.key.month >= month }
        }
        return self.states.count + plan.groups.count <= self.entriesMax && self.used.count < self.entriesMax
    }

    private func quotasAllow(_ plan: AdmissionPlan, _ seen: [Int], nowMs: Int) -> Bool {
        guard !plan.quotas.isEmpty else { return true }
        let month = UsagePeriod(atMs: nowMs).month
        for (index, quota) in plan.quotas.enumerated() {
            let left = quota.limit - (index < seen.count ? seen[index] : 0)
            let share = max(0, left) / self.sharers
            let used = self.used[Self.name(of: quota.meter, plan, month)] ?? 0
            if used >= share || used + quota.amount > share { return false }
        }
        return true
    }

    /// The state after one request took what it needs; nil when it does not fit.
    private func take(_ group: BucketGroup, _ name: Name, cost: Int, nowMs: Int) -> State? {
        let known = self.states[name]
        var levels: [Int] = []
        var fullMs = 0
        levels.reserveCapacity(group.rules.count)
        for (index, rule) in group.rules.enumerated() {
            let level = known.map { rule.refilled($0.levels[index], sinceMs: $0.timeMs, nowMs: nowMs) } ?? rule.full
            let (need, isHuge) = rule.need(cost: cost).multipliedReportingOverflow(by: self.sharers)
            guard !isHuge, need <= level else { return nil }
            levels.append(level - need)
            fullMs = max(fullMs, rule.msToFull(level - need))
        }
        // A clock that steps back must not refill a time twice.
        let timeMs = max(nowMs, known?.timeMs ?? nowMs)
        return State(levels: levels, timeMs: timeMs, fullAtMs: timeMs + fullMs)
    }

    private static func name(of group: BucketGroup, _ plan: AdmissionPlan, _ address: String) -> Name {
        Name(
            group: AdmissionModel.GroupName(
                orgID: plan.orgID, environment: plan.environment, scope: group.scope,
                subject: group.scope == .ip ? address : group.subject, source: group.source),
            shape: group.shape)
    }

    private static func name(
        of meter: String, _ plan: AdmissionPlan, _ month: Int
    ) -> AdmissionModel.QuotaName {
        AdmissionModel.QuotaName(orgID: plan.orgID, environment: plan.environment, meter: meter, month: month)
    }
}
