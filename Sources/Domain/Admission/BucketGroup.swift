/// The buckets of one scope and subject that come from one source: they share one state, one key of Redis and one time.
public struct BucketGroup: Sendable, Equatable, Hashable {
    /// Where limits come from. Those of a route are apart, because another route has others.
    public enum Source: Sendable, Equatable, Hashable {
        /// The file's limits for every route, and those of the plan.
        case base
        case route(String)
    }

    public let scope: LimitScope
    /// The key's lineage, the user, org or route; empty for an address, which every request brings.
    public let subject: String
    public let source: Source
    /// At most ``bucketsMax``.
    public let rules: [BucketRule]
    /// A hash of the ids and units of the rules, times 64, plus their number: what a stored state is compared with, so
    /// that levels can be read by position. Exact as a double.
    public let shape: Int

    /// A shape has six bits for the number of buckets.
    public static let bucketsMax = 63

    public init(scope: LimitScope, subject: String, source: Source, rules: [BucketRule]) {
        self.scope = scope
        self.subject = subject
        self.source = source
        self.rules = rules
        var hash = StableHash()
        for rule in rules {
            hash.add(Int(rule.id))
            hash.add(rule.unitsPerToken)
        }
        self.shape = Int(hash.value >> 17) * 64 + rules.count
    }
}
