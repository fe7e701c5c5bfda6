import NIOCore

extension RedisLink {
    /// Sets the timer, unless it fires by then. One that waits for a stall, because nothing else was due, is too late for
    /// a command that comes after.
    func armDeadlineTimer(noLaterThanNs deadlineNs: UInt64) {
        if let timer = self.deadlineTimer {
            guard deadlineNs < self.deadlineTimerNs else { return }
            timer.cancel()
        }
        self.armDeadlineTimer(atNs: deadlineNs)
    }

    /// Sets the timer, which must not be running.
    private func armDeadlineTimer(atNs: UInt64) {
        self.deadlineTimerNs = atNs
        // It throws only on a loop that has shut down, where nothing is waited for any more.
        self.deadlineTimer = try? self.eventLoop.assumeIsolated().scheduleCallback(
            at: .uptimeNanoseconds(atNs), handler: RedisDeadlineTimer(self))
    }

    /// Fails the waiters whose time is over, gives up a connection that answers nothing, and sets the timer again if
    /// anything is still pending.
    func deadlineTimerFired() {
        self.deadlineTimer = nil
        let nowNs = NIODeadline.now().uptimeNanoseconds
        if self.isStalled(nowNs) {
            self.counters.stalls += 1
            let stalledMs = self.stallTimeoutNs / 1_000_000
            self.ended(
                self.machine.generation, "Redis answered nothing for \(stalledMs) ms", failing: .deadlineExceeded)
            return
        }
        let next = self.failExpired(nowNs)
        guard self.deadlineTimer == nil, let next else { return }
        self.armDeadlineTimer(atNs: next)
    }

    /// Fails what expired, and returns when to look again: the earliest deadline, or when the connection would count as
    /// stalled. The scan tolerates that waiters send, and even that they close the link.
    ///
    /// It covers all entries, for a command sent again keeps its old deadline in a new place. At most some twenty scans
    /// a second at the default deadline, of a ring that is nearly always short.
    private func failExpired(_ nowNs: UInt64) -> UInt64? {
        var earliest = UInt64.max
        var number = self.pending.start
        let end = self.pending.end
        while number < min(end, self.pending.end) {
            let deadlineNs = self.pending.liveDeadlineNs(number)
            if deadlineNs > nowNs {
                earliest = min(earliest, deadlineNs)
            } else if let waiter = self.pending.takeWaiter(number) {
                self.counters.deadlinesExceeded += 1
                let generation = self.machine.generation
                waiter.redisFailed(.deadlineExceeded)
                guard self.machine.isReady, generation == self.machine.generation else { return nil }
            }
            number += 1
        }
        guard let stallNs = self.stallTimeNs() else { return earliest == .max ? nil : earliest }
        return min(earliest, stallNs)
    }

    private func isStalled(_ nowNs: UInt64) -> Bool {
        guard let stallNs = self.stallTimeNs() else { return false }
        return nowNs >= stallNs
    }

    /// When the connection counts as stalled, unless the oldest command is answered; nil when nothing is pending.
    private func stallTimeNs() -> UInt64? {
        guard !self.pending.isEmpty else { return nil }
        return self.pending.sentNs(self.pending.start, usualNs: self.commandDeadlineNs) &+ self.stallTimeoutNs
    }
}

/// What the event loop calls: it holds a scheduled callback's handler, and must not hold the link.
private struct RedisDeadlineTimer: NIOScheduledCallbackHandler {
    private weak var link: RedisLink?

    init(_ link: RedisLink) {
        self.link = link
    }

    func handleScheduledCallback(eventLoop: some EventLoop) {
        self.link?.deadlineTimerFired()
    }
}
