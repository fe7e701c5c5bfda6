import Domain
import RedisClient

/// Asks a slow Redis, while nobody waits for the answer, whether it is well again.
final class StoreProbe: RedisWaiter {
    private let loop: EdgeLoop
    private unowned let store: StoreAccess

    init(loop: EdgeLoop, store: StoreAccess) {
        self.loop = loop
        self.store = store
        super.init()
    }

    func send() {
        self.loop.counters.systemReads += 1
        let refused = self.loop.link.sendAnywhere(self, withinNs: UInt64(max(0, self.store.deadlineNs))) { output in
            RESPWriter.beginCommand(argumentCount: 1, into: &output)
            RESPWriter.append("PING", into: &output)
        }
        if refused != nil { self.store.breaker.probeFailed(nowMs: self.loop.nowMs) }
    }

    override func redisReplied(_ reply: borrowing RedisReply) {
        self.store.breaker.probeSucceeded()
        self.loop.noteStoreWell()
    }

    override func redisFailed(_ failure: RedisFailure) { self.store.breaker.probeFailed(nowMs: self.loop.nowMs) }
}
