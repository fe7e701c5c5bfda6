// What one event loop may admit by itself while Redis is away, from the part 1/n of every limit that it has leased
// beforehand (ShareLedger): a bucket for every bucket of Redis, of a capacity C/n that refills with R/n. The parts of all
// loops together are never more than the whole, and a bucket is full at first only where Redis said so: so over any time t
// all of them together admit at most C + R·t, however often gateways die, start and leave. The levels live on when Redis is
// back, and refill no faster: many short outages admit no more than one long one.
//
// In integers: levels are counted in parts of Redis's sub-units, so that n may change. A changed n keeps the tokens that
// are there, as far as the new capacity holds them. Every rounding is downwards.

/// Decides requests from a share of each limit. Pure: time and the number of sharers come in.
public struct LocalShares: Sendable {
    private struct Name: Hashable, Sendable {
        var group: AdmissionModel.GroupName
        var shape: Int
    }

    private struct State: Sendable {
        var levels: [Int]
        var timeMs: Int
        /// From then on it is full, and to forget it adds nothing.
        var fullAtMs: Int
        /// In which the emptiest bucket fills, whatever the share.
        var fillMs: Int
        /// What the current absence of Redis has taken of each bucket, in tokens.
        var spent: [Int]
        var absence: Int
    }

    /// A time in which the share was the same.
    private struct Span: Sendable {
        var sinceMs: Int
        var sharers: Int
    }

    /// A bucket that this loop has taken from, by what metrics may name.
    public struct LimitName: Hashable, Sendable {
        public var routeID: String
        public var limit: String

        public init(routeID: String, limit: String) {
            self.routeID = routeID
            self.limit = limit
        }
    }

    /// Oldest first. A bucket that was not touched since before the first of them is taken for empty then.
    private var spans: [Span] = []
    /// Whether buckets that were never touched were full when the first share began.
    private var startedFull = false
    private var states: [Name: State] = [:]
    private var used: [AdmissionModel.QuotaName: Int] = [:]
    private var sweptMs = 0
    private let entriesMax: Int
    /// The absence of Redis that goes on, or the last one.
    private var absence = Absence()
    private var absences = 0
    private var spentMost: [LimitName: Spending] = [:]

    private struct Absence: Sendable {
        var sinceMs = 0
        /// nil while it goes on.
        var untilMs: Int? = 0
        var sharers = 0
    }

    /// What was taken of the bucket that most was taken of.
    public struct Spending: Sendable, Equatable {
        public var rule: BucketRule
        public var tokens: Int
    }

    /// Parts of a sub-unit. A full bucket has less than 2^53 sub-units, so nothing here leaves 63 bits.
    private static let parts = 512
    private static let spansMax = 32

    /// - Parameter entriesMax: groups and quotas remembered; one more is refused while none of them is full again.
    public init(entriesMax: Int = 65_536) {
        self.entriesMax = max(1, entriesMax)
    }

    /// Loops of all gateways that share; 0 while nothing is leased, and then nothing is admitted.
    public var sharers: Int { self.spans.last?.sharers ?? 0 }

    /// Groups that are remembered.
    public var count: Int { self.states.count }

    // MARK: The share

    /// The share is 1/`sharers` from now on; 0 is none. Returns whether nothing was missing in any bucket.
    ///
    /// - Parameter isStocked: whether buckets are full at first, where there was no share before; they fill from empty
    ///   otherwise.
    @discardableResult
    public mutating func share(among sharers: Int, isStocked: Bool, nowMs: Int) -> Bool {
        let wereFull = !self.states.values.contains { $0.fullAtMs > nowMs }
        if self.sharers == 0 {
            self.spans = []
            self.startedFull = isStocked
            self.states = [:]
        }
        guard sharers != self.sharers else { return wereFull }
        let sinceMs = max(nowMs, self.spans.last?.sinceMs ?? nowMs)
        if sharers <= 0 {
            self.spans = []
            self.states = [:]
            return wereFull
        }
        self.spans.append(Span(sinceMs: sinceMs, sharers: sharers))
        if self.spans.count > Self.spansMax {
            self.spans.removeFirst()
            self.startedFull = false
        }
        // From empty a bucket fills in the same time whatever the share.
        for (name, state) in self.states where state.fullAtMs > nowMs {
            self.states[name]?.fullAtMs = max(state.fullAtMs, Self.sum(nowMs, state.fillMs))
        }
        return wereFull
    }

    // MARK: Deciding

    /// Admits one request, or takes nothing.
    ///
    /// - Parameters:
    ///   - quotaUsed: what Redis said last of each of the plan's quotas, in this gateway's life; what it has not spoken of
    ///     is not spent from.
    ///   - nowMs: by a clock that does not step.
    ///   - month: that quotas are counted in.
    public mutating func admit(
        _ plan: AdmissionPlan, cost: Int, address: String = "", quotaUsed: [Int] = [], nowMs: Int, month: Int
    ) -> Bool {
        // A cap on requests in flight needs the fleet's count.
        guard self.sharers > 0, plan.leases.isEmpty else { return false }
        self.storeIsAway(true, nowMs: nowMs)
        guard self.hasRoom(for: plan, nowMs: nowMs, month: month), self.quotasAllow(plan, quotaUsed, month: month)
        else { return false }
        var taken: [(Name, State)] = []
        for group in plan.groups {
            let name = Self.name(of: group, plan, address)
            guard let state = self.take(group, name, cost: cost, nowMs: nowMs) else { return false }
            taken.append((name, state))
        }
        for ((name, state), group) in zip(taken, plan.groups) {
            self.states[name] = state
            self.note(state, group, plan)
        }
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

    // MARK: The bound

    /// The most that all sharers together admit of one bucket in `ms` without Redis.
    public static func bound(_ rule: BucketRule, ms: Int) -> Int {
        let (flow, isHuge) = ms.multipliedReportingOverflow(by: rule.unitsPerMs)
        return rule.capacity + (isHuge ? .max / 2 : flow / rule.unitsPerToken)
    }

    /// The most that this loop admits of one bucket in the absence of Redis that goes on, or admitted in the last one; in
    /// tokens. Before the first: what it would at its beginning.
    public func bound(_ rule: BucketRule, nowMs: Int) -> Double {
        let sharers = self.absences == 0 ? self.sharers : self.absence.sharers
        guard sharers > 0 else { return 0 }
        let ms = self.absences == 0 ? 0 : max(0, (self.absence.untilMs ?? nowMs) - self.absence.sinceMs)
        let flow = Double(ms) * Double(rule.unitsPerMs) / Double(rule.unitsPerToken)
        return (Double(rule.capacity) + flow) / Double(sharers)
    }

    /// What was admitted so in that time, by limit.
    public var spent: [LimitName: Spending] { self.spentMost }

    /// Requests are decided without Redis, or with it again.
    public mutating func storeIsAway(_ isAway: Bool, nowMs: Int) {
        guard isAway != (self.absence.untilMs == nil) else { return }
        guard isAway else {
            self.absence.untilMs = nowMs
            return
        }
        guard self.sharers > 0 else { return }
        self.absences += 1
        self.absence = Absence(sinceMs: nowMs, untilMs: nil, sharers: self.sharers)
        self.spentMost = [:]
    }

    private mutating func note(_ state: State, _ group: BucketGroup, _ plan: AdmissionPlan) {
        for (rule, spent) in zip(group.rules, state.spent) {
            let name = LimitName(routeID: plan.routeID, limit: rule.name)
            if spent > self.spentMost[name]?.tokens ?? 0 { self.spentMost[name] = Spending(rule: rule, tokens: spent) }
        }
    }

    // MARK: Parts

    /// Whether this plan's groups can be remembered. Looks for groups that are full again at most once a second.
    private mutating func hasRoom(for plan: AdmissionPlan, nowMs: Int, month: Int) -> Bool {
        guard self.states.count + plan.groups.count > self.entriesMax || self.used.count >= self.entriesMax else {
            return true
        }
        if abs(nowMs - self.sweptMs) >= 1_000 {
            self.sweptMs = nowMs
            self.states = self.states.filter { $0.value.fullAtMs > nowMs }
            self.used = self.used.filter { $0.key.month >= month }
        }
        return self.states.count + plan.groups.count <= self.entriesMax && self.used.count < self.entriesMax
    }

    private func quotasAllow(_ plan: AdmissionPlan, _ seen: [Int], month: Int) -> Bool {
        for (index, quota) in plan.quotas.enumerated() {
            guard index < seen.count else { return false }
            let share = max(0, quota.limit - seen[index]) / self.sharers
            let used = self.used[Self.name(of: quota.meter, plan, month)] ?? 0
            if used >= share || used + quota.amount > share { return false }
        }
        return true
    }

    /// The state after one request took what it needs; nil when it does not fit.
    private func take(_ group: BucketGroup, _ name: Name, cost: Int, nowMs: Int) -> State? {
        let known = self.states[name]
        var state = State(
            levels: [], timeMs: max(nowMs, known?.timeMs ?? nowMs), fullAtMs: 0, fillMs: 0, spent: [],
            absence: self.absences)
        state.levels.reserveCapacity(group.rules.count)
        var fullMs = 0
        for (index, rule) in group.rules.enumerated() {
            let level = self.level(of: rule, known.map { ($0.levels[index], $0.timeMs) }, nowMs: nowMs)
            let (need, isHuge) = rule.need(cost: cost).multipliedReportingOverflow(by: Self.parts)
            guard !isHuge, need <= level else { return nil }
            state.levels.append(level - need)
            let before = known.map { $0.absence == self.absences ? $0.spent[index] : 0 } ?? 0
            state.spent.append(before + rule.need(cost: cost) / rule.unitsPerToken)
            fullMs = max(fullMs, self.msToFull(rule, level - need))
            state.fillMs = max(state.fillMs, self.msToFull(rule, 0))
        }
        state.fullAtMs = Self.sum(state.timeMs, fullMs)
        return state
    }

    /// The level at `nowMs` of a bucket last touched as `known` says, in parts: through all shares that were since.
    private func level(of rule: BucketRule, _ known: (level: Int, timeMs: Int)?, nowMs: Int) -> Int {
        guard let first = self.spans.first else { return 0 }
        var (level, fromMs) = known ?? (self.startedFull ? .max : 0, first.sinceMs)
        if fromMs < first.sinceMs { (level, fromMs) = (0, first.sinceMs) }
        for (index, span) in self.spans.enumerated() {
            // A clock that steps back refills nothing.
            let endMs = index + 1 < self.spans.count ? self.spans[index + 1].sinceMs : max(nowMs, fromMs, span.sinceMs)
            guard endMs >= fromMs else { continue }
            let full = rule.full * Self.parts / span.sharers
            level = min(level, full)
            let ms = endMs - max(fromMs, span.sinceMs)
            guard ms > 0 else { continue }
            let (rate, isFast) = rule.unitsPerMs.multipliedReportingOverflow(by: Self.parts)
            let (gain, isHuge) = ms.multipliedReportingOverflow(by: rate)
            level = isFast || isHuge || gain / span.sharers >= full - level ? full : level + gain / span.sharers
        }
        return level
    }

    private func msToFull(_ rule: BucketRule, _ level: Int) -> Int {
        let missing = rule.full * Self.parts / self.sharers - level
        guard missing > 0 else { return 0 }
        let (units, isHuge) = missing.multipliedReportingOverflow(by: self.sharers)
        guard !isHuge else { return .max }
        return units / rule.unitsPerMs / Self.parts + 2
    }

    private static func sum(_ nowMs: Int, _ ms: Int) -> Int {
        let (sum, isNever) = nowMs.addingReportingOverflow(ms)
        return isNever ? .max : sum
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
