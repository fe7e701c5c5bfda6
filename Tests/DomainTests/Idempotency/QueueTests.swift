import Testing

@testable import Domain

@Suite struct QueueTests {
    @Test func `it agrees with an array, whoever joins and leaves`() {
        for seed in UInt64(1)...50 {
            var state = seed
            func next(_ bound: UInt64) -> Int {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Int((state >> 33) % bound)
            }
            var queue = Queue<Int>()
            var model: [Int] = []
            for step in 0..<2_000 {
                switch next(5) {
                case 0, 1:
                    queue.append(step)
                    model.append(step)
                case 2:
                    let some = (0..<next(4)).map { step * 10 + $0 }
                    queue.append(contentsOf: some)
                    model.append(contentsOf: some)
                case 3 where !model.isEmpty:
                    let place = next(UInt64(model.count))
                    queue[place] = -step
                    model[place] = -step
                default:
                    for _ in 0..<min(next(6), model.count) { #expect(queue.removeFirst() == model.removeFirst()) }
                }
                #expect(queue.count == model.count)
                #expect(queue.isEmpty == model.isEmpty)
                #expect(queue.first == model.first)
            }
            #expect(queue.indices.map { queue[$0] } == model)
        }
    }

    @Test func `what has left is let go of`() {
        final class Thing: Sendable {}
        var queue = Queue<Thing>()
        weak var first: Thing?
        do {
            let thing = Thing()
            first = thing
            queue.append(thing)
        }
        for _ in 0..<10 { queue.append(Thing()) }
        #expect(first != nil)
        _ = queue.removeFirst()
        #expect(first == nil)
    }
}
