/// How long to wait before the next attempt: a random time under a ceiling that doubles with every failure.
struct ReconnectBackoff {
    private let delayMinMs: Int
    private let delayMaxMs: Int
    private var failures = 0
    private var jitter: UInt64

    init(delayMinMs: Int, delayMaxMs: Int, seed: UInt64) {
        self.delayMinMs = RedisConfiguration.bounded(delayMinMs)
        self.delayMaxMs = max(self.delayMinMs, RedisConfiguration.bounded(delayMaxMs))
        self.jitter = seed
    }

    /// In `delayMinMs...delayMaxMs`. Already the first is random: when Redis restarts, every gateway starts here at once.
    mutating func nextDelayMs() -> Int {
        var ceilingMs = self.delayMinMs
        for _ in 0...self.failures where ceilingMs < self.delayMaxMs { ceilingMs *= 2 }
        ceilingMs = min(ceilingMs, self.delayMaxMs)
        self.failures = min(self.failures + 1, 62)
        let width = UInt64(ceilingMs - self.delayMinMs + 1)
        return self.delayMinMs + Int(self.nextRandom() % width)
    }

    /// The connection has proven itself: begin anew.
    mutating func reset() {
        self.failures = 0
    }

    /// SplitMix64.
    private mutating func nextRandom() -> UInt64 {
        self.jitter &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.jitter
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
