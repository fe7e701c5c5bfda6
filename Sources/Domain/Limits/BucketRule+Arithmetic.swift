// The arithmetic of one bucket. It is written once here; the scripts in lua/ compute the levels in the same way and leave
// everything derived from a level to this file.

extension BucketRule {
    /// The level at `nowMs` of a bucket that had `level` at `sinceMs`. A clock that stepped back adds nothing.
    @inlinable
    public func refilled(_ level: Int, sinceMs: Int, nowMs: Int) -> Int {
        guard nowMs > sinceMs else { return min(level, self.full) }
        let (gain, isHuge) = (nowMs - sinceMs).multipliedReportingOverflow(by: self.unitsPerMs)
        return isHuge || gain >= self.full - level ? self.full : level + gain
    }

    /// How many of `count` requests of `need` sub-units each fit one after another.
    @inlinable
    public func fitting(_ count: Int, need: Int, level: Int) -> Int {
        guard need > 0 else { return level < 0 ? 0 : count }
        return level < 0 ? 0 : min(count, level / need)
    }

    /// Whole tokens that are there.
    @inlinable
    public func remaining(_ level: Int) -> Int { level <= 0 ? 0 : level / self.unitsPerToken }

    /// Milliseconds until one token more is there; 0 when full.
    @inlinable
    public func msToNext(_ level: Int) -> Int {
        level < self.full ? self.ms(for: (self.remaining(level) + 1) * self.unitsPerToken - level) : 0
    }

    /// Milliseconds until the bucket is full.
    @inlinable
    public func msToFull(_ level: Int) -> Int { self.ms(for: self.full - level) }

    /// Milliseconds until `need` fits: 0 when it does, −1 when it never will.
    @inlinable
    public func msToFit(_ need: Int, level: Int) -> Int {
        if need > self.full { return -1 }
        return level < need ? self.ms(for: need - level) : 0
    }

    /// The level after a settlement took `delta` sub-units more (or gave back, below 0).
    @inlinable
    public func settled(_ level: Int, delta: Int) -> Int { max(self.floor, min(self.full, level - delta)) }

    /// Sub-units to take when a cost turned out other than reserved; below 0 to give back.
    @inlinable
    public func correction(_ cost: Settlement.CostCorrection) -> Int {
        guard self.unit == .cost else { return 0 }
        // An overrun counts whole, though not beyond what a floor could show.
        let most = self.capacity - self.floor / self.unitsPerToken
        return (min(max(0, cost.actual), most) - min(max(0, cost.reserved), self.capacity)) * self.unitsPerToken
    }

    /// Milliseconds in which so many sub-units flow in, rounded up.
    @inlinable
    func ms(for units: Int) -> Int {
        units <= 0 ? 0 : (units - 1) / self.unitsPerMs + 1
    }
}
