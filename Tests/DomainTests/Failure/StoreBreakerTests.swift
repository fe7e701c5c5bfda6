import Domain
import Testing

/// A slow Redis costs a few requests their patience, and no more.
struct StoreBreakerTests {
    private static func breaker() -> StoreBreaker {
        StoreBreaker(failuresMax: 3, pauseMinMs: 100, pauseMaxMs: 400, seed: 7)
    }

    /// Fails until it is open.
    private static func opened(atMs: Int) -> StoreBreaker {
        var breaker = self.breaker()
        for _ in 0..<3 { _ = breaker.failed(nowMs: atMs) }
        return breaker
    }

    /// When the next probe is due, found by asking.
    private static func probeAt(_ breaker: StoreBreaker, from: Int) -> Int {
        (from..<(from + 10_000)).first { now in
            var copy = breaker
            return copy.probeDue(nowMs: now)
        } ?? -1
    }

    @Test func `it opens after so many failures in a row, once`() {
        var breaker = Self.breaker()
        #expect(breaker.failed(nowMs: 0) == false)
        #expect(breaker.failed(nowMs: 0) == false)
        #expect(breaker.allowsRequests)
        #expect(breaker.failed(nowMs: 0) == true)
        #expect(!breaker.allowsRequests)
        #expect(breaker.failed(nowMs: 1) == false)
        #expect(breaker.openings == 1)
    }

    @Test func `an answer in between starts the count again`() {
        var breaker = Self.breaker()
        for _ in 0..<10 {
            #expect(breaker.failed(nowMs: 0) == false)
            #expect(breaker.failed(nowMs: 0) == false)
            breaker.succeeded()
        }
        #expect(breaker.allowsRequests)
    }

    @Test func `late answers do not close it, the probe does`() {
        var breaker = Self.opened(atMs: 1_000)
        breaker.succeeded()
        #expect(!breaker.allowsRequests)
        #expect(breaker.probeDue(nowMs: 2_000) == true)
        breaker.succeeded()
        #expect(!breaker.allowsRequests)
        breaker.probeSucceeded()
        #expect(breaker.allowsRequests)
    }

    @Test func `one probe at a time`() {
        var breaker = Self.opened(atMs: 0)
        #expect(breaker.probeDue(nowMs: 0) == false)
        #expect(breaker.probeDue(nowMs: 500) == true)
        #expect(breaker.probeDue(nowMs: 5_000) == false)
    }

    @Test func `pauses double up to their bound, less at most half of jitter`() {
        var breaker = Self.opened(atMs: 0)
        var now = 0
        for pause in [100, 200, 400, 400, 400] {
            let due = Self.probeAt(breaker, from: now)
            #expect(due - now >= pause / 2 && due - now <= pause)
            #expect(breaker.probeDue(nowMs: due) == true)
            breaker.probeFailed(nowMs: due)
            now = due
        }
        #expect(breaker.openings == 1)
    }

    @Test func `after it closed it needs as many failures as before, and starts with the shortest pause`() {
        var breaker = Self.opened(atMs: 0)
        #expect(breaker.probeDue(nowMs: 100) == true)
        breaker.probeFailed(nowMs: 100)
        #expect(breaker.probeDue(nowMs: 1_000) == true)
        breaker.probeSucceeded()
        #expect(breaker.failed(nowMs: 1_000) == false)
        #expect(breaker.failed(nowMs: 1_000) == false)
        #expect(breaker.failed(nowMs: 1_000) == true)
        #expect(Self.probeAt(breaker, from: 1_000) <= 1_100)
        #expect(breaker.openings == 2)
    }

    @Test func `what comes when nobody waits for it changes nothing`() {
        var breaker = Self.breaker()
        let before = breaker
        breaker.probeSucceeded()
        breaker.probeFailed(nowMs: 5)
        #expect(breaker.probeDue(nowMs: 5) == false)
        #expect(breaker == before)
    }
}
