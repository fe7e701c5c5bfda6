/// The stored state of one group of buckets: levels in sub-units at one common time. The twin of the packed string that
/// the scripts keep in Redis.
public struct BucketGroupState: Sendable, Equatable {
    /// Ids and units that the levels belong to.
    private(set) var buckets: [Bucket]
    public private(set) var timeMs: Int
    /// When Redis forgets it: long after the last bucket is full again.
    public private(set) var expiryMs: Int
    /// Buckets of earlier lists, each with its own time: two gateways with different files may take turns, and neither
    /// may find the other's buckets full again.
    private(set) var leftBehind: [LeftBehind]

    struct Bucket: Sendable, Equatable {
        var id: UInt32
        var unit: Int
        var level: Int
    }

    struct LeftBehind: Sendable, Equatable {
        var bucket: Bucket
        var timeMs: Int
    }

    /// What a group holds at one moment, before anything is taken.
    public struct Reading: Sendable, Equatable {
        public var levels: [Int]
        /// The expiry that may stay as it is, when list and units have not changed.
        var expiryMs: Int?
        /// How long it must be kept at least, for what was left behind.
        var keepMs = 0
        var leftBehind: [LeftBehind] = []
    }

    static let leftBehindMax = 16
    /// A state is kept for twice the time to full and this, so that its expiry is seldom set again.
    static let slackMs = 60_000

    /// Reads the buckets of `group` from `state`; nil, or one that has expired, is full.
    public static func read(_ state: Self?, _ group: BucketGroup, nowMs: Int) -> Reading {
        guard let state, nowMs < state.expiryMs else { return Reading(levels: group.rules.map(\.full)) }
        if state.matches(group) {
            var levels = [Int]()
            levels.reserveCapacity(group.rules.count)
            for (rule, bucket) in zip(group.rules, state.buckets) {
                levels.append(rule.refilled(bucket.level, sinceMs: state.timeMs, nowMs: nowMs))
            }
            return Reading(levels: levels, expiryMs: state.expiryMs, leftBehind: state.leftBehind)
        }
        return state.inherited(by: group, nowMs: nowMs)
    }

    private func matches(_ group: BucketGroup) -> Bool {
        guard self.buckets.count == group.rules.count else { return false }
        for (rule, bucket) in zip(group.rules, self.buckets)
        where rule.id != bucket.id || rule.unitsPerToken != bucket.unit {
            return false
        }
        return true
    }

    /// The limits have changed: levels are found by the id of their bucket (STANDARDS §9, rule 6).
    private func inherited(by group: BucketGroup, nowMs: Int) -> Reading {
        var old = self.buckets.map { LeftBehind(bucket: $0, timeMs: self.timeMs) } + self.leftBehind
        var levels: [Int] = []
        for rule in group.rules {
            guard let index = old.firstIndex(where: { $0.bucket.id == rule.id }) else {
                levels.append(rule.full)
                continue
            }
            let was = old.remove(at: index)
            var level = was.bucket.level
            if was.bucket.unit != rule.unitsPerToken {
                let tokens = level >= 0 ? level / was.bucket.unit : -((-level - 1) / was.bucket.unit + 1)
                let (units, overflow) = tokens.multipliedReportingOverflow(by: rule.unitsPerToken)
                level = overflow ? (tokens > 0 ? rule.full : rule.floor) : units
            }
            levels.append(rule.refilled(level, sinceMs: was.timeMs, nowMs: nowMs))
        }
        let kept = Array(old.prefix(Self.leftBehindMax))
        return Reading(
            levels: levels, keepMs: kept.isEmpty ? 0 : self.expiryMs - nowMs, leftBehind: kept)
    }

    /// The state after a decision left these levels.
    public init(_ group: BucketGroup, levels: [Int], after reading: Reading, nowMs: Int) {
        self.buckets = zip(group.rules, levels).map { Bucket(id: $0.id, unit: $0.unitsPerToken, level: $1) }
        self.timeMs = nowMs
        self.leftBehind = reading.leftBehind
        var horizonMs = 0.0
        var stays = reading.expiryMs != nil
        for (rule, level) in zip(group.rules, levels) {
            let (missing, rate) = (Double(rule.full - level), Double(rule.unitsPerMs))
            if let expiryMs = reading.expiryMs, missing > Double(expiryMs - nowMs) * rate { stays = false }
            horizonMs = max(horizonMs, missing / rate)
        }
        if stays, let expiryMs = reading.expiryMs {
            self.expiryMs = expiryMs
        } else {
            self.expiryMs = nowMs + max(Int(horizonMs * 2) + Self.slackMs, reading.keepMs)
        }
    }
}
