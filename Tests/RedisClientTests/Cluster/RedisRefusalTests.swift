import NIOCore
import NIOPosix
import Testing

@testable import RedisClient

@Suite struct RedisRefusalTests {
    private let node = RedisConfiguration.Endpoint.tcp(host: "10.0.0.9", port: 7_000)

    private func read(_ message: String) -> RedisRefusal? {
        RedisRefusal(RedisServerError(message: message), from: self.node)
    }

    @Test func `redirections name slot and node`() {
        #expect(
            self.read("MOVED 3999 127.0.0.1:6381") == .moved(slot: 3_999, to: .tcp(host: "127.0.0.1", port: 6_381)))
        #expect(
            self.read("ASK 0 redis-2.internal:6379") == .ask(slot: 0, of: .tcp(host: "redis-2.internal", port: 6_379)))
        #expect(self.read("MOVED 16383 ::1:6381") == .moved(slot: 16_383, to: .tcp(host: "::1", port: 6_381)))
        // No host: another port of the node that says so.
        #expect(self.read("MOVED 1 :6381") == .moved(slot: 1, to: .tcp(host: "10.0.0.9", port: 6_381)))
    }

    @Test(arguments: [
        "TRYAGAIN Multiple keys request during rehashing of slot", "CLUSTERDOWN Hash slot not served",
        "CLUSTERDOWN The cluster is down", "LOADING Redis is loading the dataset in memory",
    ])
    func `what passes by itself is waited for`(message: String) {
        #expect(self.read(message) == .busy)
    }

    @Test(arguments: [
        "", "MOVED", "MOVED 1", "MOVED x 127.0.0.1:1", "MOVED 16384 127.0.0.1:1", "MOVED -1 127.0.0.1:1",
        "MOVED 1 127.0.0.1", "MOVED 1 127.0.0.1:0", "MOVED 1 127.0.0.1:65536", "MOVED 1 ?:6379", "MOVED 1 a:1 b",
        "ERR moved", "WRONGTYPE x", "NOSCRIPT x", "OOM x", "READONLY You can't write against a read only replica.",
    ])
    func `anything else is the command's own error`(message: String) {
        #expect(self.read(message) == nil)
    }

    // MARK: The rule

    private let there = RedisConfiguration.Endpoint.tcp(host: "b", port: 1)

    private func decide(_ refusal: RedisRefusal, after refusals: UInt8, nowMs: UInt64) -> RedisRetryRule.Decision {
        RedisRetryRule.decide(refusal, refusals: refusals, nowNs: nowMs * 1_000_000, deadlineNs: 50_000_000)
    }

    @Test func `redirections are followed at once, a few times`() {
        for refusals in UInt8(0)..<4 {
            #expect(
                self.decide(.moved(slot: 5, to: self.there), after: refusals, nowMs: 10)
                    == .follow(self.there, slot: 5, asking: false))
            #expect(
                self.decide(.ask(slot: 5, of: self.there), after: refusals, nowMs: 10)
                    == .follow(self.there, slot: 5, asking: true))
        }
        #expect(self.decide(.moved(slot: 5, to: self.there), after: 4, nowMs: 10) == .wait(ns: 8_000_000))
        #expect(self.decide(.ask(slot: 5, of: self.there), after: .max, nowMs: 10) == .wait(ns: 8_000_000))
    }

    @Test func `waits double up to a bound`() {
        let milliseconds: [UInt64] = [1, 2, 4, 8, 8, 8]
        for (refusals, wait) in milliseconds.enumerated() {
            #expect(self.decide(.busy, after: UInt8(refusals), nowMs: 0) == .wait(ns: wait * 1_000_000))
        }
    }

    @Test func `nothing outlives the command's deadline`() {
        #expect(self.decide(.busy, after: 0, nowMs: 49) == .surface, "it would wait until the deadline")
        #expect(self.decide(.busy, after: 9, nowMs: 41) == .wait(ns: 8_000_000))
        #expect(self.decide(.busy, after: 9, nowMs: 42) == .surface)
        #expect(self.decide(.moved(slot: 1, to: self.there), after: 0, nowMs: 50) == .surface)
        #expect(self.decide(.ask(slot: 1, of: self.there), after: 0, nowMs: 60) == .surface)
        // Whatever is refused, and however often: the sum of all waits ends before the deadline.
        var nowNs: UInt64 = 0
        var refusals: UInt8 = 0
        while case .wait(let ns) = RedisRetryRule.decide(
            .busy, refusals: refusals, nowNs: nowNs, deadlineNs: 50_000_000)
        {
            nowNs += ns
            refusals += 1
        }
        #expect(nowNs < 50_000_000 && nowNs >= 40_000_000)
    }

    @Test func `a command for one server in particular is never sent to another`() async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let node = self.node
        try await loop.submit {
            let configuration = RedisConfiguration(endpoint: node)
            let cluster = RedisCluster(eventLoop: loop, configuration: configuration, scripts: [], logger: nil)
            let link = RedisLink(eventLoop: loop, configuration: configuration)
            let waiter = RedisWaiter()
            let error = RedisServerError(message: "LOADING Redis is loading the dataset in memory")
            let anywhere = PendingCommand(waiter: waiter, deadlineNs: .max / 2, slot: 0)
            let here = PendingCommand(waiter: waiter, deadlineNs: .max / 2, slot: RedisCluster.oneServer)
            #expect(cluster.refused(anywhere, waiter, error, by: link))
            #expect(!cluster.refused(here, waiter, error, by: link))
            cluster.close()
        }.get()
    }
}
