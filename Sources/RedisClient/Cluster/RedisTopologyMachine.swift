/// When to ask a node of the cluster for its topology, without sockets and without a clock.
struct RedisTopologyMachine: Equatable {
    /// Something said that what is known may be wrong.
    private var isDoubted = true
    private var isAsking = false
    private var askedMs: UInt64?

    /// While slots have no node that can be reached, and after a redirection. A redirection has corrected its own slot
    /// already, so it is not worth a question each.
    static let doubtedIntervalMs: UInt64 = 100
    /// Otherwise: a new replica, a node that left.
    static let calmIntervalMs: UInt64 = 10_000

    /// A redirection came, or a node was lost.
    mutating func doubt() { self.isDoubted = true }

    /// Whether to ask now; if so the question counts as asked, and `answered` or `failed` must follow.
    ///
    /// - Parameter isWhole: every slot has a node that can be reached.
    mutating func isDue(nowMs: UInt64, isWhole: Bool) -> Bool {
        guard !self.isAsking else { return false }
        let interval = self.isDoubted || !isWhole ? Self.doubtedIntervalMs : Self.calmIntervalMs
        if let askedMs, nowMs < askedMs + interval { return false }
        self.isAsking = true
        self.isDoubted = false
        self.askedMs = nowMs
        return true
    }

    mutating func answered() { self.isAsking = false }

    mutating func failed() {
        self.isAsking = false
        self.isDoubted = true
    }
}
