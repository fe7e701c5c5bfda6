/// So many a second, and as many at once after a quiet second. A token bucket in integers: a token is a billion.
struct RateBound: Sendable {
    private let perSecond: Int
    private var level: Int
    private var lastNs: Int

    private static let token = 1_000_000_000

    init(perSecond: Int, nowNs: Int) {
        self.perSecond = perSecond
        self.level = perSecond * Self.token
        self.lastNs = nowNs
    }

    /// Takes one if there is one. A clock that goes back gives nothing.
    mutating func take(nowNs: Int) -> Bool {
        let elapsed = min(max(0, nowNs - self.lastNs), 1_000_000_000)
        self.lastNs = max(self.lastNs, nowNs)
        self.level = min(self.perSecond * Self.token, self.level + elapsed * self.perSecond)
        guard self.level >= Self.token else { return false }
        self.level -= Self.token
        return true
    }
}
