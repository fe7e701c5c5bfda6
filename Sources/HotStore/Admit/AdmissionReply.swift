public import Domain
import NIOCore
public import RedisClient

/// What Redis decided about the alike requests of one entry, with the state after the last one that was admitted; what
/// each of them sees follows from its position. A plain value: eight numbers are kept in place, and only a plan with
/// more, or a replay, allocates.
public struct AdmissionReply: Sendable {
    public enum Outcome: Sendable, Equatable {
        /// The first ``AdmissionReply/admitted`` are, maybe none.
        case decided
        /// The org's version has changed: read its records again.
        case stale
        /// Ask again with the period of ``AdmissionReply/nowMs``.
        case periodOver
        /// See ``AdmissionReply/stored``.
        case replay
        case inProgress
        case keyReused
        case outcomeUnknown
    }

    public let outcome: Outcome
    public let admitted: Int
    /// Redis's clock at the decision.
    public let nowMs: Int
    /// The first result under the key, with outcome `replay`.
    public private(set) var stored: StoredReply?
    /// The id of the request that used the key first, with the last four outcomes.
    public private(set) var firstRequestID: [UInt8] = []

    private let reference: PlanReference
    private var plan: AdmissionPlan { self.reference.plan }
    private let cost: Int
    private var inPlace = SIMD8<Int>()
    private var more: [Int] = []

    private static let inPlaceMax = 8

    /// The reply to a call for one template; nil when it is not one.
    public init?(_ reply: borrowing RedisReply, template: AdmissionTemplate, cost: Int? = nil) {
        var index = 1
        self.init(reply, at: &index, template: template, cost: cost)
    }

    /// The part of one entry in the reply to an ``AdmissionCall``. `index` is 1 before the first entry and is moved to
    /// the next one; nil when the reply is not one.
    public init?(_ reply: borrowing RedisReply, at index: inout Int, template: AdmissionTemplate, cost: Int? = nil) {
        guard let now = reply.integer(at: 0) else { return nil }
        // A month that is over concerns the whole call, and so every entry: the index stays.
        guard let code = reply.integer(at: index) ?? reply.integer(at: 1) else { return nil }
        self.nowMs = Int(now)
        self.reference = template.reference
        self.cost = cost ?? template.plan.cost
        self.admitted = max(0, Int(code))
        switch code {
        case 0...: self.outcome = .decided
        case -1: self.outcome = .stale
        case -2: self.outcome = .periodOver
        case -3, -7, -8: self.outcome = .replay
        case -4: self.outcome = .inProgress
        case -5: self.outcome = .keyReused
        case -6: self.outcome = .outcomeUnknown
        default: return nil
        }
        guard self.outcome != .periodOver else { return }
        index += 1
        guard self.outcome != .stale else { return }
        let count = template.reference.valueCount
        for position in 0..<count {
            guard let value = reply.integer(at: index + position) else { return nil }
            self.keep(Int(value), at: position)
        }
        index += count
        guard code < 0 else { return }
        if self.outcome == .replay {
            guard let status = reply.integer(at: index) else { return nil }
            self.stored = StoredReply(
                kind: code == -3 ? .response : code == -7 ? .unreplayable : .failure, status: Int(status),
                second: Self.buffer(reply, at: index + 1), third: Self.buffer(reply, at: index + 2))
            index += 3
        }
        self.firstRequestID = reply.withBytes(at: index) { Array($0) }
        index += 1
    }

    private static func buffer(_ reply: borrowing RedisReply, at index: Int) -> ByteBuffer {
        reply.withBytes(at: index) { ByteBuffer(bytes: $0) }
    }

    private mutating func keep(_ value: Int, at position: Int) {
        if position < Self.inPlaceMax { self.inPlace[position] = value } else { self.more.append(value) }
    }

    private func value(_ position: Int) -> Int {
        position < Self.inPlaceMax ? self.inPlace[position] : self.more[position - Self.inPlaceMax]
    }

    // MARK: After the last admitted one

    /// Whether there are levels, quotas and leases to be read: not with `stale` and `periodOver`.
    public var hasState: Bool { self.outcome != .stale && self.outcome != .periodOver }

    /// Sub-units of every bucket, in the order of the plan's groups.
    public var levels: [Int] { self.hasState ? (0..<self.reference.bucketCount).map { self.value($0) } : [] }

    /// Copies the used of every quota into an array that is kept, so that nothing is allocated.
    public func copyUsed(into used: inout [Int]) {
        guard self.hasState else { return }
        let start = self.reference.bucketCount
        let count = self.reference.plan.quotas.count
        if used.count != count { used = Array(repeating: 0, count: count) }
        for index in 0..<count { used[index] = self.value(start + index) }
    }

    /// Used of every quota.
    public var used: [Int] {
        let start = self.reference.bucketCount
        return self.hasState ? self.plan.quotas.indices.map { self.value(start + $0) } : []
    }

    /// Requests in flight under every cap.
    public var leases: [Int] {
        let start = self.reference.bucketCount + self.plan.quotas.count
        return self.hasState ? self.plan.leases.indices.map { self.value(start + $0) } : []
    }

    // MARK: As the request at a position sees it

    /// Whether the request at `position` (0 is the first that was added) goes on.
    public func isAdmitted(_ position: Int) -> Bool { position < self.admitted }

    /// Calls `body` with the number of every bucket, in the order of the plan's groups, and what it says to the request at
    /// `position`. Allocates nothing.
    public func forEachBucket(at position: Int, _ body: (Int, BucketReading) -> Void) {
        guard self.hasState else { return }
        let later = max(0, self.admitted - 1 - position)
        let isRefused = self.outcome == .decided && position >= self.admitted
        var bucket = 0
        for group in self.reference.plan.groups {
            for rule in group.rules {
                let need = rule.need(cost: self.cost)
                let level = self.value(bucket) + later * need
                body(bucket, BucketReading(rule, level: level, need: isRefused ? need : 0))
                bucket += 1
            }
        }
    }

    /// As `forEachBucket`, with the names and numbers of the limits.
    public func views(at position: Int) -> [RateLimitView] {
        var readings: [BucketReading] = []
        self.forEachBucket(at: position) { readings.append($1) }
        let buckets = self.plan.groups.flatMap { group in group.rules.map { (group.scope, $0) } }
        return zip(buckets, readings).map { RateLimitView($0.1, scope: $0.0, reading: $1) }
    }

    /// Everything that stood against the request at `position`; empty when it was admitted.
    public func refusals(at position: Int) -> [AdmissionRefusal] {
        guard self.outcome == .decided, position >= self.admitted else { return [] }
        var refusals: [AdmissionRefusal] = []
        var index = 0
        for group in self.plan.groups {
            for rule in group.rules {
                let (level, need) = (self.value(index), rule.need(cost: self.cost))
                if level < need {
                    refusals.append(
                        .bucket(name: rule.name, scope: group.scope, waitMs: rule.msToFit(need, level: level)))
                }
                index += 1
            }
        }
        for quota in self.plan.quotas {
            let used = self.value(index)
            if used >= quota.limit || used + quota.amount > quota.limit {
                refusals.append(.quota(meter: quota.meter, limit: quota.limit, used: used))
            }
            index += 1
        }
        for lease in self.plan.leases {
            if self.value(index) >= lease.max {
                refusals.append(.inFlight(name: lease.name, scope: lease.scope, max: lease.max))
            }
            index += 1
        }
        return refusals
    }
}
