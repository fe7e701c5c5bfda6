import TestKit
import Testing

@testable import RedisClient

@Suite struct RedisLinkMachineTests {
    private func machine(seed: UInt64 = 1) -> RedisLinkMachine {
        var configuration = RedisConfiguration(endpoint: .unix(path: "/nowhere"))
        configuration.reconnectDelayMinMs = 10
        configuration.reconnectDelayMaxMs = 1_000
        return RedisLinkMachine(configuration: configuration, seed: seed)
    }

    @Test func `connect, set up, ready, lost, again`() throws {
        var machine = self.machine()
        #expect(machine.start() == .connect(generation: 1))
        #expect(machine.start() == .ignore)
        #expect(machine.connected(generation: 1) == .setUp)
        #expect(!machine.isReady)
        #expect(machine.setUpFinished(generation: 1, nowMs: 5) == .becomeReady)
        #expect(machine.isReady)
        guard case .retry(let delayMs, let wasReady) = machine.ended(generation: 1, nowMs: 6) else {
            Issue.record("no retry")
            return
        }
        #expect(wasReady)
        #expect((10...20).contains(delayMs))
        #expect(machine.reconnectDue(generation: 1) == .connect(generation: 2))
    }

    @Test func `what an earlier attempt reports is ignored`() {
        var machine = self.machine()
        _ = machine.start()
        _ = machine.ended(generation: 1, nowMs: 0)
        _ = machine.reconnectDue(generation: 1)
        #expect(machine.connected(generation: 1) == .discard)
        #expect(machine.ended(generation: 1, nowMs: 1) == .ignore)
        #expect(machine.attemptExpired(generation: 1, nowMs: 1) == .ignore)
        #expect(machine.reconnectDue(generation: 1) == .ignore)
        #expect(machine.connected(generation: 2) == .setUp)
        #expect(machine.setUpFinished(generation: 1, nowMs: 1) == .ignore)
        #expect(machine.setUpFinished(generation: 2, nowMs: 1) == .becomeReady)
    }

    @Test func `an attempt's timer does not end what became ready`() {
        var machine = self.machine()
        _ = machine.start()
        _ = machine.connected(generation: 1)
        _ = machine.setUpFinished(generation: 1, nowMs: 0)
        #expect(machine.attemptExpired(generation: 1, nowMs: 9) == .ignore)
        #expect(machine.isReady)
    }

    @Test func `closed is final`() {
        var machine = self.machine()
        _ = machine.start()
        #expect(machine.close() == .close)
        #expect(machine.close() == .ignore)
        #expect(machine.connected(generation: 1) == .discard)
        #expect(machine.ended(generation: 1, nowMs: 1) == .ignore)
        #expect(machine.reconnectDue(generation: 1) == .ignore)
        #expect(machine.start() == .ignore)
        #expect(machine.state == .closed)
    }

    @Test func `delays grow to their maximum, and only a connection that lasted resets them`() {
        var machine = self.machine()
        _ = machine.start()
        var delays: [Int] = []
        func lose(afterMs: UInt64) {
            let generation = machine.generation
            _ = machine.connected(generation: generation)
            _ = machine.setUpFinished(generation: generation, nowMs: 0)
            if case .retry(let delayMs, _) = machine.ended(generation: generation, nowMs: afterMs) {
                delays.append(delayMs)
            }
            _ = machine.reconnectDue(generation: generation)
        }
        for _ in 0..<40 { lose(afterMs: 1) }
        #expect(delays.allSatisfy { (10...1_000).contains($0) })
        #expect(delays.suffix(30).max() ?? 0 > 200)
        #expect(Set(delays.suffix(30)).count > 10)
        lose(afterMs: 1_000)
        #expect(delays.last ?? 0 <= 20)
    }

    @Test func `any order of events keeps one attempt at a time`() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix64(seed: seed)
        for _ in 0..<TestEffort.cases(200, full: 20_000) {
            var machine = self.machine(seed: random.next())
            var started: UInt64 = 0
            for step in 0..<60 {
                let generation = UInt64.random(in: 0...(started + 1), using: &random)
                let before = machine.state
                switch Int.random(in: 0..<8, using: &random) {
                case 0, 1:
                    let action = step == 0 ? machine.start() : machine.reconnectDue(generation: generation)
                    if case .connect(let next) = action {
                        #expect(next == started + 1, "seed \(seed)")
                        #expect(before == .idle || before == .waiting, "seed \(seed)")
                        started = next
                    }
                case 2, 3: if machine.connected(generation: generation) == .setUp { #expect(generation == started) }
                case 4: _ = machine.setUpFinished(generation: generation, nowMs: UInt64(step))
                case 5: _ = machine.ended(generation: generation, nowMs: UInt64(step))
                case 6: _ = machine.attemptExpired(generation: generation, nowMs: UInt64(step))
                default: if random.next() % 40 == 0 { _ = machine.close() }
                }
                #expect(machine.generation == started, "seed \(seed)")
                if before == .closed { #expect(machine.state == .closed, "seed \(seed)") }
            }
        }
    }
}
