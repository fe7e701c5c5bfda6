/// Who holds which connection, who waits. No connections, no clock, no threads: the pool does what it answers.
///
/// Waiters are served first come, first served: an idle connection exists only while nobody waits.
struct PoolMachine<Slot, Waiter: Equatable> {
    enum OnWant {
        case lease(Slot)
        case wait
        case refuseFull
        case refuseClosed
    }

    enum OnRelease {
        case hand(Slot, to: Waiter)
        case park
        case disconnect(Slot)
    }

    private var idle: [Slot]
    private var waiting: [Waiter] = []
    private var isClosed = false
    private let waitersMax: Int

    init(slots: [Slot], waitersMax: Int) {
        self.idle = slots
        self.waitersMax = waitersMax
    }

    var waiterCount: Int { self.waiting.count }
    var idleCount: Int { self.idle.count }

    /// The most recently used connection is given first, so that the others may stay unconnected.
    mutating func want(by waiter: Waiter) -> OnWant {
        guard !self.isClosed else { return .refuseClosed }
        if let slot = self.idle.popLast() { return .lease(slot) }
        guard self.waiting.count < self.waitersMax else { return .refuseFull }
        self.waiting.append(waiter)
        return .wait
    }

    mutating func release(_ slot: Slot) -> OnRelease {
        guard !self.isClosed else { return .disconnect(slot) }
        guard self.waiting.isEmpty else { return .hand(slot, to: self.waiting.removeFirst()) }
        self.idle.append(slot)
        return .park
    }

    /// A waiter gives up. False if it is no longer waiting: it has been handed a connection.
    mutating func giveUp(_ waiter: Waiter) -> Bool {
        guard let index = self.waiting.firstIndex(of: waiter) else { return false }
        self.waiting.remove(at: index)
        return true
    }

    /// Connections to disconnect and waiters to refuse.
    mutating func close() -> (idle: [Slot], waiting: [Waiter]) {
        defer { (self.isClosed, self.idle, self.waiting) = (true, [], []) }
        return (self.idle, self.waiting)
    }
}
