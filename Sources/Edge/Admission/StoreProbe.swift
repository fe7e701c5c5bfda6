import Domain
import RedisClient

/// Asks a slow Redis, while nobody waits for the answer, whether it is well again.
final class StoreProbe: RedisWaiter {
    private let loop: EdgeLoop

    init(loop: EdgeLoop) {
        self.loop = loop
        super.init()
    }

    func send() {
        self.loop.counters.systemReads += 1
        let refused = self.loop.link.sendAnywhere(self) { output in
            RESPWriter.beginCommand(argumentCount: 1, into: &output)
            RESPWriter.append("PING", into: &output)
        }
        if refused != nil { self.loop.breaker.probeFailed(nowMs: self.loop.nowMs) }
    }

    override func redisReplied(_ reply: borrowing RedisReply) {
        self.loop.breaker.probeSucceeded()
        self.loop.noteStoreWell()
    }

    override func redisFailed(_ failure: RedisFailure) { self.loop.breaker.probeFailed(nowMs: self.loop.nowMs) }
}
