/// A token bucket in the integers that decide it (STANDARDS §9): a limit of R tokens per P ms becomes `unitsPerMs` (r)
/// sub-units per ms, with `unitsPerToken` (U) sub-units to a token, R/P = r/U. A level is a number of sub-units, and no
/// number here or derived from it leaves 2^53, where the doubles of Lua stop being exact.
public struct BucketRule: Sendable, Equatable, Hashable {
    /// The limit's name, as in `RateLimit` fields.
    public let name: String
    /// Names the bucket within its group, whatever its numbers become.
    public let id: UInt32
    public let capacity: Int
    public let refill: Int
    public let periodMs: Int
    public let unit: Limit.Unit
    /// U: sub-units to a token.
    public let unitsPerToken: Int
    /// r: sub-units that flow in each millisecond.
    public let unitsPerMs: Int
    /// Sub-units of a full bucket.
    public let full: Int
    /// The lowest level a settlement may leave, ≤ 0.
    public let floor: Int

    /// Seconds in which the capacity flows in, at least 1: `w` of `RateLimit-Policy`.
    public let windowSeconds: Int

    /// 2^53.
    static let exactMax = 1 << 53
    /// A refill may be made slower by a part in this many.
    static let coarseUnitsMin = 100_000

    /// - Parameters:
    ///   - source: told apart from limits of the same name by it, see ``BucketGroup/Source``.
    ///   - debtMax: tokens that a settlement may overdraw.
    /// - Throws: when the numbers cannot be counted exactly. Where U would be too large it is coarsened, if that slows
    ///   the refill by no more than a part in 100 000.
    public init(_ limit: Limit, source: String = "", debtMax: Int = 0) throws(BucketRuleError) {
        for (what, value, least) in [
            ("capacity", limit.capacity, 1), ("refill", limit.refill, 1), ("period", limit.periodMs, 1),
            ("debt", debtMax, 0),
        ] where value < least {
            throw BucketRuleError(limit: limit.name, reason: .notPositive(what))
        }
        // One token more than there are, so that what never fits is a number too.
        let (tokens, overflow) = limit.capacity.addingReportingOverflow(max(1, debtMax))
        guard !overflow, tokens < Self.exactMax else { throw BucketRuleError(limit: limit.name, reason: .tooFine) }
        let divisor = Self.commonDivisor(limit.refill, limit.periodMs)
        var (units, rate) = (limit.periodMs / divisor, limit.refill / divisor)
        let unitsMax = (Self.exactMax - 1) / tokens
        guard rate < Self.exactMax else { throw BucketRuleError(limit: limit.name, reason: .tooFine) }
        if units > unitsMax {
            // Neither quotient can overflow: the first is below `rate`, the second at most `unitsMax`. Rounding the rate
            // down and then the units up makes the refill slower, never faster, by less than a part in the units.
            let coarse = units.dividingFullWidth(rate.multipliedFullWidth(by: unitsMax)).quotient
            let (quotient, rest) = rate.dividingFullWidth(coarse.multipliedFullWidth(by: units))
            let coarseUnits = rest > 0 ? quotient + 1 : quotient
            guard coarse > 0, coarseUnits >= Self.coarseUnitsMin else {
                throw BucketRuleError(limit: limit.name, reason: .tooFine)
            }
            (units, rate) = (coarseUnits, coarse)
        }
        self.name = limit.name
        self.id = StableHash.of(source + limit.name)
        self.capacity = limit.capacity
        self.refill = limit.refill
        self.periodMs = limit.periodMs
        self.unit = limit.unit
        self.unitsPerToken = units
        self.unitsPerMs = rate
        self.full = limit.capacity * units
        self.floor = -debtMax * units
        self.windowSeconds = Self.windowSeconds(limit)
    }

    private static func windowSeconds(_ limit: Limit) -> Int {
        let ms = limit.capacity.multipliedFullWidth(by: limit.periodMs)
        let divisor = limit.refill.multipliedReportingOverflow(by: 1_000)
        guard !divisor.overflow else { return 1 }
        guard ms.high < divisor.partialValue / 2 else { return .max }
        let (quotient, remainder) = divisor.partialValue.dividingFullWidth(ms)
        return max(1, remainder > 0 ? quotient + 1 : quotient)
    }

    private static func commonDivisor(_ a: Int, _ b: Int) -> Int {
        var (a, b) = (a, b)
        while b != 0 { (a, b) = (b, a % b) }
        return a
    }

    /// Sub-units that one request of this cost takes. A cost beyond the capacity is cut off just above it.
    @inlinable
    public func need(cost: Int) -> Int {
        switch self.unit {
        case .requests: self.unitsPerToken
        case .cost: min(max(0, cost), self.capacity + 1) * self.unitsPerToken
        }
    }
}
