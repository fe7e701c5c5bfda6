// Scripts survive SCRIPT FLUSH, and a restart of Redis between two commands. Redis answers a call of a script it has lost
// with NOSCRIPT and does nothing, so the call may be repeated. The first NOSCRIPT of an epoch appends a SCRIPT LOAD for
// every script, and then the call again, to the same output: Redis works in order, so nothing has to be waited for. Calls
// that were under way at that time fail too, but find their scripts on the way already and are only sent again.

import Logging
import NIOCore

extension RedisLink {
    /// Somebody may flush the scripts again between our SCRIPT LOAD and the call: so often we try.
    private static let resendsMax: UInt8 = 8

    /// Makes a script part of every set-up, and loads it now if there is a connection. A script known already is not
    /// loaded twice.
    public func register(_ script: RedisScript) {
        self.eventLoop.preconditionInEventLoop()
        guard !self.scripts.contains(script) else { return }
        self.scripts.append(script)
        if self.machine.isReady { self.load(script) }
    }

    /// Sends a command again that was refused with NOSCRIPT. False when it cannot be, and the error has to surface.
    func resend(_ command: PendingCommand, _ waiter: RedisWaiter) -> Bool {
        guard !command.isInternal, !self.scripts.isEmpty else { return false }
        if command.scriptEpoch == self.scriptEpoch { self.reloadScripts() }
        guard command.resends < Self.resendsMax else { return false }
        let before = self.output.writerIndex
        guard waiter.redisResend(into: &self.output), self.output.writerIndex > before else {
            self.output.moveWriterIndex(to: before)
            return false
        }
        self.counters.resends += 1
        self.beginTurn()
        self.pending.append(
            PendingCommand(
                waiter: waiter, deadlineNs: command.deadlineNs, withinNs: self.remainingNs(until: command.deadlineNs),
                scriptEpoch: self.scriptEpoch, resends: command.resends + 1, refusals: command.refusals,
                slot: command.slot))
        self.armDeadlineTimer(noLaterThanNs: command.deadlineNs)
        return true
    }

    private func reloadScripts() {
        self.scriptEpoch &+= 1
        self.counters.scriptReloads += 1
        for script in self.scripts { self.load(script) }
    }

    private func load(_ script: RedisScript) {
        RESPWriter.beginCommand(argumentCount: 3, into: &self.output)
        RESPWriter.append("SCRIPT", into: &self.output)
        RESPWriter.append("LOAD", into: &self.output)
        RESPWriter.append(script.source, into: &self.output)
        self.acceptInternal(RedisScriptLoadWaiter(link: self, script: script))
    }
}

/// Waits for a SCRIPT LOAD in the midst of traffic. Its failure shows in the calls of the script; here it is only logged.
private final class RedisScriptLoadWaiter: RedisWaiter {
    private let link: RedisLink
    private let script: RedisScript

    init(link: RedisLink, script: RedisScript) {
        self.link = link
        self.script = script
    }

    override func redisFailed(_ failure: RedisFailure) {
        guard case .serverError(let error) = failure else { return }
        self.link.logger?.error(
            "Redis did not load a script",
            metadata: ["script": "\(self.script.name)", "error": "\(error)"])
    }
}

extension RedisReply {
    /// `-NOSCRIPT No matching script. Please use EVAL.`
    var isNoScriptError: Bool {
        self.kind == .error && self.withBytes { $0.starts(with: "NOSCRIPT".utf8) }
    }
}
