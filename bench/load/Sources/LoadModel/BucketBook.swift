/// The witnesses of all limits of a scenario: one for each key, or one for all.
public struct BucketBook: Sendable {
    private var witnesses: [[BucketWitness]]
    private let limits: [AllowedRate]

    public init(limits: [AllowedRate], keys: Int) {
        self.limits = limits
        witnesses = limits.map { Array(repeating: BucketWitness($0), count: $0.scope == .key ? keys : 1) }
    }

    public var isEmpty: Bool { limits.isEmpty }

    public mutating func saw(
        key: Int, isAdmitted: Bool, isReplay: Bool, sentNs: UInt64, answeredNs: UInt64, inFlight: Int
    ) {
        for limit in limits.indices {
            witnesses[limit][limits[limit].scope == .key ? key : 0].saw(
                isAdmitted: isAdmitted, isReplay: isReplay, sentNs: sentNs, answeredNs: answeredNs, inFlight: inFlight)
        }
    }

    /// One check for each limit.
    public func checks() -> [Check] {
        zip(limits, witnesses).map { limit, all in
            let admitted = all.reduce(0) { $0 + $1.admitted }
            let allowed = all.reduce(0.0) { $0 + ($1.admitted > 0 ? $1.allowed : 0) }
            let excess = all.reduce(0) { $0 + $1.excess }
            let refused = all.reduce(0) { $0 + $1.refused }
            let wronged = all.reduce(0) { $0 + $1.wronglyRefused }
            var says =
                "\(admitted) admitted of at most \(Int(allowed)) that \(Units.fixed(limit.capacity, 0)) + "
                + "\(Units.fixed(limit.refillPerSecond, 2))/s allow (\(limit.scope == .key ? "each key" : "all keys"))"
                + ", \(refused) refused"
            if excess > 0 { says += "; \(excess) too many" }
            if wronged > 0 { says += "; \(wronged) refused although the bucket must have held a token" }
            // Several limits share their refusals: which one refused is not known.
            let isWronged = wronged > 0 && limits.count == 1
            return Check(name: "limit", isMet: excess == 0 && !isWronged, says: says)
        }
    }
}

/// Something that was promised, and whether it was kept.
public struct Check: Sendable, Equatable, Codable {
    public var name: String
    public var isMet: Bool
    public var says: String

    public init(name: String, isMet: Bool, says: String) { (self.name, self.isMet, self.says) = (name, isMet, says) }
}
