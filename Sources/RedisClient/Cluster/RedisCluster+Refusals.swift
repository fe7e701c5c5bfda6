import NIOCore

/// A command that no node could execute yet. It is encoded again when one can.
struct WaitingCommand {
    var waiter: RedisWaiter
    var slot: Int
    var dueNs: UInt64
    var deadlineNs: UInt64
    var refusals: UInt8
    /// What a node said; nil where none was connected.
    var error: RedisServerError?
}

extension RedisCluster {
    private static let lookMs: Int64 = 1

    /// A node did not execute a command. False where the error is the command's own, or its time is over.
    func refused(
        _ command: PendingCommand, _ waiter: RedisWaiter, _ error: RedisServerError, by link: RedisLink
    ) -> Bool {
        guard !self.isClosed, command.slot != Self.oneServer,
            let refusal = RedisRefusal(error, from: link.configuration.endpoint)
        else { return false }
        self.machine.doubt()
        var again = WaitingCommand(
            waiter: waiter, slot: Int(command.slot), dueNs: 0, deadlineNs: command.deadlineNs,
            refusals: command.refusals == .max ? .max : command.refusals + 1, error: error)
        let nowNs = NIODeadline.now().uptimeNanoseconds
        switch RedisRetryRule.decide(
            refusal, refusals: command.refusals, nowNs: nowNs, deadlineNs: command.deadlineNs)
        {
        case .surface:
            return false
        case .wait(let ns):
            again.dueNs = nowNs + ns
            return self.wait(again)
        case .follow(let endpoint, let slot, let asking):
            let target = self.link(to: endpoint)
            again.slot = slot
            if asking {
                self.ownCounters.asked += 1
            } else {
                self.ownCounters.moved += 1
                self.learn(slot, isOf: endpoint)
            }
            // A node that is only being connected to: its link's readiness sends the command, once more to whoever has
            // the slot by then.
            guard target.isReady else { return self.wait(again) }
            return target.sendAgain(again, asking: asking)
        }
    }

    /// A fresh command waits for its node's connection, at most for its own time.
    func wait(_ waiter: RedisWaiter, withinNs: UInt64, slot: Int) -> Bool {
        let nowNs = NIODeadline.now().uptimeNanoseconds
        let usualNs = RedisConfiguration.nanoseconds(ofMs: self.configuration.commandDeadlineMs)
        let deadlineNs = nowNs &+ (withinNs == 0 ? usualNs : withinNs)
        return self.wait(
            WaitingCommand(
                waiter: waiter, slot: slot, dueNs: nowNs, deadlineNs: deadlineNs, refusals: 0, error: nil))
    }

    private func wait(_ command: WaitingCommand) -> Bool {
        guard self.waiting.count < self.configuration.pendingCommandsMax else { return false }
        self.ownCounters.waited += 1
        self.waiting.append(command)
        self.armWaitTimer()
        return true
    }

    private func armWaitTimer() {
        guard self.waitTimer == nil, !self.waiting.isEmpty else { return }
        self.waitTimer = self.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(Self.lookMs)) { [weak self] in
            self?.waitTimer = nil
            self?.lookAtWaiting()
        }
    }

    /// Sends what can be sent now, and fails what has no time left. Waiters may send meanwhile.
    func lookAtWaiting() {
        guard !self.waiting.isEmpty else { return }
        let nowNs = NIODeadline.now().uptimeNanoseconds
        var before: [WaitingCommand] = []
        swap(&before, &self.waiting)
        var left: [WaitingCommand] = []
        for command in before {
            if nowNs >= command.deadlineNs {
                command.waiter.redisFailed(command.error.map { .serverError($0) } ?? .notConnected)
            } else if nowNs >= command.dueNs, let number = self.map.owner(command.slot),
                self.primaries[number].isReady
            {
                if !self.primaries[number].sendAgain(command, asking: false) {
                    command.waiter.redisFailed(command.error.map { .serverError($0) } ?? .notConnected)
                }
            } else {
                left.append(command)
            }
        }
        // A waiter that heard may have closed us.
        guard !self.isClosed else {
            for command in left { command.waiter.redisFailed(.notConnected) }
            return
        }
        self.waiting.insert(contentsOf: left, at: 0)
        self.armWaitTimer()
    }
}
