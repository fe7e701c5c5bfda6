/// Why a limit cannot be a token bucket.
public struct BucketRuleError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Reason: Equatable, Sendable {
        /// Capacity, refill or period is below 1, or the debt below 0.
        case notPositive(String)
        /// Capacity and period together leave the integers that Redis computes with exactly (2^53), and no coarser
        /// refill comes near enough to the one asked for.
        case tooFine
        /// More limits of one scope and source than a group holds.
        case tooMany
    }

    public var limit: String
    public var reason: Reason

    public init(limit: String, reason: Reason) {
        self.limit = limit
        self.reason = reason
    }

    public var description: String {
        switch self.reason {
        case .notPositive(let what):
            "limit \"\(self.limit)\": \(what) must be a whole number of at least \(what == "debt" ? 0 : 1)"
        case .tooFine:
            """
            limit "\(self.limit)": a capacity this large cannot be counted exactly with a refill this slow; lower the \
            capacity, or give the refill for a shorter period
            """
        case .tooMany:
            "limit \"\(self.limit)\": there are more than \(BucketGroup.bucketsMax) limits of its scope; remove some"
        }
    }
}
