import NIOCore

/// Tasks waiting until Redis is reached. Lives on the router's loop.
final class RedisReadiness {
    private let router: RedisRouter
    private var waiting: [Int: CheckedContinuation<Void, any Error>] = [:]
    private var nextNumber = 0

    init(_ router: RedisRouter) {
        self.router = router
    }

    func add(_ continuation: CheckedContinuation<Void, any Error>, timeoutMs: Int) {
        guard !self.router.isReady else { return continuation.resume() }
        guard self.router.state != .closed else { return continuation.resume(throwing: RedisFailure.notConnected) }
        let number = self.nextNumber
        self.nextNumber += 1
        self.waiting[number] = continuation
        _ = self.router.eventLoop.assumeIsolated().scheduleTask(
            in: .milliseconds(Int64(RedisConfiguration.bounded(timeoutMs)))
        ) {
            guard let late = self.waiting.removeValue(forKey: number) else { return }
            late.resume(throwing: self.failure(afterMs: timeoutMs))
        }
    }

    func stateChanged() {
        let state = self.router.state
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
            place: self.router.configuration.place, timeoutMs: afterMs,
            reason: self.router.lastFailure ?? "the server has not answered yet")
    }
}
