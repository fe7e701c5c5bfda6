/// A command sent, or about to be, whose reply has not come.
struct PendingCommand {
    /// nil: the waiter has been told of its deadline. The entry stays, to swallow the reply in its turn.
    var waiter: RedisWaiter?
    /// On the event loop's clock.
    var deadlineNs: UInt64
    /// The link's own: set-up and scripts. It does not expire; a connection that leaves it unanswered is given up.
    var isInternal = false
    /// How long it was given, where that is not what the link gives; else 0.
    var withinNs: UInt64 = 0
    /// How often scripts had been loaded again when this was sent.
    var scriptEpoch: UInt32 = 0
    var resends: UInt8 = 0
    /// In a cluster: how often nodes refused it, and the slot of its keys.
    var refusals: UInt8 = 0
    var slot: UInt16 = 0
}

/// The commands without a reply, oldest first. Redis answers in order, so this is all the bookkeeping there is.
///
/// Entries have sequence numbers that never repeat: a scan that calls out survives whatever the callee does to the ring.
/// Grows by doubling and keeps its memory; the link bounds it.
struct PendingRing: ~Copyable {
    private var slots: UnsafeMutablePointer<PendingCommand>
    private var capacity: Int
    /// The oldest entry's number; equals `end` when the ring is empty.
    private(set) var start = 0
    /// The number the next entry will get.
    private(set) var end = 0

    init(capacity: Int = 256) {
        self.capacity = 1
        while self.capacity < capacity { self.capacity *= 2 }
        self.slots = .allocate(capacity: self.capacity)
    }

    deinit {
        for number in self.start..<self.end { (self.slots + (number & (self.capacity - 1))).deinitialize(count: 1) }
        self.slots.deallocate()
    }

    var count: Int { self.end - self.start }
    var isEmpty: Bool { self.start == self.end }

    mutating func append(_ command: consuming PendingCommand) {
        if self.count == self.capacity { self.grow() }
        (self.slots + (self.end & (self.capacity - 1))).initialize(to: command)
        self.end += 1
    }

    mutating func popFirst() -> PendingCommand? {
        guard self.start < self.end else { return nil }
        let command = (self.slots + (self.start & (self.capacity - 1))).move()
        self.start += 1
        return command
    }

    /// The deadline of entry `number`, which must be in `start..<end`; `UInt64.max` when it cannot expire.
    func liveDeadlineNs(_ number: Int) -> UInt64 {
        let slot = self.slots + (number & (self.capacity - 1))
        return slot.pointee.waiter == nil || slot.pointee.isInternal ? .max : slot.pointee.deadlineNs
    }

    /// When entry `number` was sent, where the link gives every command `usualNs`.
    func sentNs(_ number: Int, usualNs: UInt64) -> UInt64 {
        let slot = self.slots + (number & (self.capacity - 1))
        return slot.pointee.deadlineNs &- (slot.pointee.withinNs == 0 ? usualNs : slot.pointee.withinNs)
    }

    /// Leaves entry `number`, which must be in `start..<end`, without its waiter.
    mutating func takeWaiter(_ number: Int) -> RedisWaiter? {
        self.slots[number & (self.capacity - 1)].waiter.take()
    }

    private mutating func grow() {
        let grown = UnsafeMutablePointer<PendingCommand>.allocate(capacity: self.capacity * 2)
        for number in self.start..<self.end {
            let slot = self.slots + (number & (self.capacity - 1))
            (grown + (number & (self.capacity * 2 - 1))).moveInitialize(from: slot, count: 1)
        }
        self.slots.deallocate()
        self.slots = grown
        self.capacity *= 2
    }
}
