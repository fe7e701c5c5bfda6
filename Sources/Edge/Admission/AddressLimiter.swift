import Domain
import HTTPWire

/// The limit on one client address before anything is known of it, kept by each loop in memory: it keeps floods of bad
/// keys away from Redis and PostgreSQL. Off unless configured.
struct AddressLimiter {
    private struct Level {
        var tokens: Double
        var atMs: Int
    }

    private let limit: Limit?
    private let perMs: Double
    private var levels: GenerationCache<IPAddress, Level>

    /// Addresses remembered by one loop; a forgotten one starts full.
    private static let addressesMax = 65_536

    init(_ limit: Limit?, loops: Int) {
        self.limit = limit
        // Each loop enforces its share; the kernel spreads an address's connections over the loops.
        self.perMs = limit.map { Double($0.refill) / Double($0.periodMs) / Double(max(1, loops)) } ?? 0
        self.levels = GenerationCache(capacity: Self.addressesMax)
    }

    mutating func admits(_ address: IPAddress, nowMs: Int) -> Bool {
        guard let limit else { return true }
        // An IPv6 customer has a whole /64.
        let subject = address.masked(ipv4: 32, ipv6: 64)
        let capacity = Double(limit.capacity)
        var level = self.levels.find(subject) ?? Level(tokens: capacity, atMs: nowMs)
        level.tokens = min(capacity, level.tokens + Double(nowMs - level.atMs) * self.perMs)
        level.atMs = nowMs
        let admitted = level.tokens >= 1
        if admitted { level.tokens -= 1 }
        self.levels.insert(level, for: subject)
        return admitted
    }
}
