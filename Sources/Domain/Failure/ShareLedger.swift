// Who may spend how much of every limit while Redis is away, as Redis keeps it: the twin of lua/scripts/enrol.lua, which
// tests hold to it decision by decision. Gateways hold parts 1/d of every limit, and the parts of all of them together never
// exceed the whole: a part is granted only where there is room for it, and room is made only by gateways that have said
// that they hold less, that have left, or that have not been heard of for so long that they count as gone.
//
// A part is one of the flow (R/d) and of the capacity (C/d). The flow needs nothing else. The capacity is there once: a
// gateway starts with buckets that are full only if that much is in `unspent`, to which a gateway returns what it gave up
// without having spent of it; otherwise its buckets start empty. So a gateway that is killed and started again, or that
// takes the place of another, spends nothing that was spent before.

/// The parts of every limit that gateways hold for the time without Redis. Pure: time comes in.
public struct ShareLedger: Sendable, Equatable {
    /// What Redis knows of one gateway.
    public struct Holder: Sendable, Equatable {
        /// Of the last renewal that counted; an older one, come late, changes nothing.
        public var sequence: Int
        /// It holds at most 1/d; 0 for nothing.
        public var divisor: Int
        /// What it has returned in its life, as a part of the whole.
        public var returned: Double
        /// Whether full buckets were granted, and the gateway has not said yet that it heard so.
        public var isStockPending: Bool
        /// The run of Redis in which it was last heard of.
        public var run: String
        public var untilMs: Int
    }

    public private(set) var holders: [String: Holder] = [:]
    /// The run of Redis that keeps it, and since when that one does; empty while there is none.
    public private(set) var run = ""
    public private(set) var sinceMs = 0
    /// How much of the capacity nobody holds and nobody has spent, as a part of the whole.
    public private(set) var unspent = 0.0

    /// Parts are sums of doubles.
    static let tolerance = 1e-9
    /// Less is not worth having.
    static let divisorMax = 1_000_000

    public init() {}

    /// What all gateways hold together: never more than 1, but for those that came back after they had been given up.
    public var heldInAll: Double { self.holders.values.reduce(0) { $0 + Self.part($1.divisor) } }

    static func part(_ divisor: Int) -> Double { divisor > 0 ? 1 / Double(divisor) : 0 }

    /// A gateway says what it holds, and hears what it may.
    public mutating func renew(_ renewal: ShareRenewal, by id: String, nowMs: Int) -> ShareGrant {
        self.holders = self.holders.filter { $0.value.untilMs > nowMs }
        if self.run.isEmpty {
            self.unspent = 1
        } else if self.run != renewal.run {
            // It may be an older state: what was returned to it may have been granted since.
            self.unspent = 0
        }
        if self.run != renewal.run { (self.run, self.sinceMs) = (renewal.run, nowMs) }
        if let known = self.holders[id], renewal.sequence <= known.sequence { return self.grant(known) }
        guard renewal.keepMs > 0 else {
            if let known = self.holders.removeValue(forKey: id) { self.take(back: renewal, known) }
            return ShareGrant(divisor: 0, isStocked: false, gateways: self.holders.count)
        }
        let mine = self.told(renewal, by: id, nowMs: nowMs)
        self.holders[id] = mine
        return self.decide(mine, of: id, renewal, nowMs: nowMs)
    }

    /// It is certain that a gateway is dead: it holds nothing, and what it had of the capacity may be spent.
    public mutating func forget(_ id: String) { self.holders[id] = nil }

    // MARK: Parts

    /// The holder as it describes itself.
    private mutating func told(_ renewal: ShareRenewal, by id: String, nowMs: Int) -> Holder {
        var mine =
            self.holders[id]
            ?? Holder(
                sequence: 0, divisor: 0, returned: renewal.returned, isStockPending: false, run: "", untilMs: 0)
        if mine.run == renewal.run {
            self.take(back: renewal, mine)
        } else if mine.run.isEmpty {
            self.unspent = max(0, self.unspent - Self.part(renewal.divisor))
        }
        mine.returned = renewal.returned
        mine.sequence = renewal.sequence
        mine.divisor = renewal.divisor
        mine.isStockPending = false
        mine.run = renewal.run
        mine.untilMs = nowMs + renewal.keepMs
        return mine
    }

    /// What it gave up untouched, or was granted and never heard of, is there again.
    private mutating func take(back renewal: ShareRenewal, _ known: Holder) {
        guard known.run == renewal.run else { return }
        self.unspent += max(0, renewal.returned - known.returned)
        if known.isStockPending, renewal.divisor == 0 { self.unspent += Self.part(known.divisor) }
    }

    private mutating func decide(_ holder: Holder, of id: String, _ renewal: ShareRenewal, nowMs: Int) -> ShareGrant {
        let fair = self.holders.count
        var grant = self.grant(holder)
        if holder.divisor > 0, holder.divisor < fair {
            // Told to hold less; there is room for others once it says that it does.
            grant.divisor = fair
            return grant
        }
        guard holder.divisor != fair, nowMs - self.sinceMs >= renewal.settleMs else { return grant }
        let room = 1 - (self.heldInAll - Self.part(holder.divisor))
        guard room * Double(Self.divisorMax) >= 1 else { return grant }
        let divisor = max(fair, Self.roundedUp(1 / room - Self.tolerance))
        guard holder.divisor == 0 || divisor < holder.divisor else { return grant }
        var granted = holder
        granted.divisor = divisor
        if holder.divisor == 0, self.unspent + Self.tolerance >= Self.part(divisor) {
            self.unspent = max(0, self.unspent - Self.part(divisor))
            granted.isStockPending = true
        }
        self.holders[id] = granted
        return self.grant(granted)
    }

    private static func roundedUp(_ value: Double) -> Int {
        let whole = Int(value)
        return Double(whole) < value ? whole + 1 : whole
    }

    private func grant(_ holder: Holder) -> ShareGrant {
        ShareGrant(divisor: holder.divisor, isStocked: holder.isStockPending, gateways: self.holders.count)
    }
}

/// What a gateway says of itself.
public struct ShareRenewal: Sendable, Equatable {
    /// Rises with every renewal of one gateway.
    public var sequence: Int
    /// It holds 1/d, or did until it left; 0 for nothing.
    public var divisor: Int
    /// Capacity that it gave up in its life without having spent of it, as a part of the whole.
    public var returned: Double
    /// The run of Redis that it means.
    public var run: String
    /// How long it counts without another renewal; 0 when it leaves.
    public var keepMs: Int
    /// How long a Redis that is new hears gateways before it grants anything.
    public var settleMs: Int

    public init(sequence: Int, divisor: Int, returned: Double, run: String, keepMs: Int, settleMs: Int) {
        self.sequence = sequence
        self.divisor = divisor
        self.returned = returned
        self.run = run
        self.keepMs = keepMs
        self.settleMs = settleMs
    }
}

/// What Redis answers.
public struct ShareGrant: Sendable, Equatable {
    /// The gateway may hold 1/d from now on; 0 for nothing.
    public var divisor: Int
    /// Whether its first buckets are full.
    public var isStocked: Bool
    /// Gateways that count.
    public var gateways: Int

    public init(divisor: Int, isStocked: Bool, gateways: Int) {
        self.divisor = divisor
        self.isStocked = isStocked
        self.gateways = gateways
    }
}
