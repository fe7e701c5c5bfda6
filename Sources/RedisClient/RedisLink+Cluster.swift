import NIOCore

extension RedisLink {
    /// Whether the first connection ever is on its way, and nothing has gone wrong with it yet.
    var isConnectingFirst: Bool { self.state == .connecting && self.counters.connects == 0 && self.lastFailure == nil }

    /// Since when there is a connection, in milliseconds of the loop's clock.
    var readySinceMs: UInt64? {
        guard case .ready(let sinceMs) = self.machine.state else { return nil }
        return sinceMs
    }

    /// Sends a command that another node has not executed, under its old deadline. False when its waiter cannot encode it
    /// again, or there is no connection.
    ///
    /// - Parameter asking: the slot is on its way to this node, which serves it only to those who ask for it.
    func sendAgain(_ command: WaitingCommand, asking: Bool) -> Bool {
        guard self.refusal() == nil else { return false }
        let start = self.output.writerIndex
        if asking {
            RESPWriter.beginCommand(argumentCount: 1, into: &self.output)
            RESPWriter.append("ASKING", into: &self.output)
        }
        let before = self.output.writerIndex
        guard command.waiter.redisResend(into: &self.output), self.output.writerIndex > before else {
            self.output.moveWriterIndex(to: start)
            return false
        }
        if asking { self.acceptInternal(RedisWaiter()) }
        self.beginTurn()
        self.pending.append(
            PendingCommand(
                waiter: command.waiter, deadlineNs: command.deadlineNs,
                withinNs: self.remainingNs(until: command.deadlineNs), scriptEpoch: self.scriptEpoch,
                refusals: command.refusals, slot: UInt16(truncatingIfNeeded: command.slot)))
        self.armDeadlineTimer(noLaterThanNs: command.deadlineNs)
        return true
    }
}
