import NIOCore

/// Tasks waiting for a link to become ready. Lives on the link's loop.
final class RedisReadiness {
    private let link: RedisLink
    private var waiting: [Int: CheckedContinuation<Void, any Error>] = [:]
    private var nextNumber = 0

    init(_ link: RedisLink) {
        self.link = link
    }

    func add(_ continuation: CheckedContinuation<Void, any Error>, timeoutMs: Int) {
        guard !self.link.isReady else { return continuation.resume() }
        guard self.link.state != .closed else { return continuation.resume(throwing: RedisFailure.notConnected) }
        let number = self.nextNumber
        self.nextNumber += 1
        self.waiting[number] = continuation
        _ = self.link.eventLoop.assumeIsolated().scheduleTask(
            in: .milliseconds(Int64(RedisConfiguration.bounded(timeoutMs)))
        ) {
            guard let late = self.waiting.removeValue(forKey: number) else { return }
            late.resume(throwing: self.failure(afterMs: timeoutMs))
        }
    }

    func stateChanged(_ state: RedisLinkState) {
        guard state == .ready || state == .closed else { return }
        let all = self.waiting
        self.waiting = [:]
        for continuation in all.values {
            if state == .ready {
                continuation.resume()
            } else {
                continuation.resume(throwing: RedisFailure.notConnected)
            }
        }
    }

    private func failure(afterMs: Int) -> RedisConnectError {
        RedisConnectError(
            endpoint: self.link.configuration.endpoint, timeoutMs: afterMs,
            reason: self.link.lastFailure ?? "the server has not answered yet")
    }
}
