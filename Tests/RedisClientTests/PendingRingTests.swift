import TestKit
import Testing

@testable import RedisClient

@Suite struct PendingRingTests {
    @Test func `first in, first out, through growth and wrap-around`() {
        var random = SplitMix64(seed: 7)
        var ring = PendingRing(capacity: 2)
        var (expected, next): ([UInt64], UInt64) = ([], 0)
        for _ in 0..<5_000 {
            if random.next() % 5 < 3 {
                ring.append(PendingCommand(waiter: RedisWaiter(), deadlineNs: next))
                expected.append(next)
                next += 1
            } else {
                let popped = ring.popFirst()?.deadlineNs
                #expect(popped == (expected.isEmpty ? nil : expected.removeFirst()))
            }
            let count = ring.count
            #expect(count == expected.count)
        }
    }

    @Test func `an entry without its waiter keeps its place, and neither holds the waiter nor expires`() {
        var ring = PendingRing()
        weak var released: RedisWaiter?
        do {
            let waiter = RedisWaiter()
            released = waiter
            ring.append(PendingCommand(waiter: waiter, deadlineNs: 5))
            ring.append(PendingCommand(waiter: RedisWaiter(), deadlineNs: 6))
        }
        let start = ring.start
        var taken = ring.takeWaiter(start)
        #expect(taken != nil)
        taken = nil
        #expect(released == nil)
        let (live, given, count) = (ring.liveDeadlineNs(start), ring.sentNs(start, usualNs: 2), ring.count)
        #expect(live == .max)
        #expect(given == 3)
        #expect(count == 2)
        let isEmptySlot = ring.popFirst()?.waiter == nil
        #expect(isEmptySlot)
    }
}
