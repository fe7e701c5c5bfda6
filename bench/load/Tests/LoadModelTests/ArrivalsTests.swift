import LoadModel
import Testing

struct ArrivalsTests {
    private func all(_ arrivals: Arrivals) -> [UInt64] {
        var arrivals = arrivals
        var due: [UInt64] = []
        while let next = arrivals.next() { due.append(next) }
        return due
    }

    @Test func `even arrivals are the rate times the duration, in order`() {
        let due = all(Arrivals(stages: [.init(rate: 1000, durationNs: 2_000_000_000)], isRandom: false))
        #expect(due.count == 2000)
        #expect(due.first == 0)
        #expect(due[1] == 1_000_000)
        #expect(due == due.sorted())
    }

    @Test func `steps change the rate where they begin`() {
        let due = all(
            Arrivals(
                stages: [
                    .init(rate: 100, durationNs: 1_000_000_000), .init(rate: 0, durationNs: 1_000_000_000),
                    .init(rate: 1000, durationNs: 1_000_000_000),
                ], isRandom: false))
        #expect(due.filter { $0 < 1_000_000_000 }.count == 100)
        #expect(due.filter { $0 >= 1_000_000_000 && $0 < 2_000_000_000 }.isEmpty)
        #expect(due.filter { $0 >= 2_000_000_000 }.count == 1000)
    }

    @Test func `threads share the rate without gaps`() {
        let stages = [Load.Stage(rate: 900, durationNs: 1_000_000_000)]
        let parts = (0..<3).flatMap { all(Arrivals(stages: stages, isRandom: false, thread: $0, threads: 3)) }
        #expect(parts.sorted().count == 900)
        #expect(
            zip(parts.sorted(), all(Arrivals(stages: stages, isRandom: false))).allSatisfy {
                $0 > $1 ? $0 - $1 < 2 : $1 - $0 < 2
            })
    }

    @Test(arguments: 1...5 as ClosedRange<UInt64>)
    func `random arrivals have the rate on average, and the same seed gives the same`(seed: UInt64) {
        let stages = [Load.Stage(rate: 2000, durationNs: 10_000_000_000)]
        let due = all(Arrivals(stages: stages, isRandom: true, seed: seed))
        #expect((19_000...21_000).contains(due.count), "seed \(seed): \(due.count)")
        #expect(due == due.sorted())
        #expect(due == all(Arrivals(stages: stages, isRandom: true, seed: seed)))
    }

    @Test func `a hot key gets its share, Zipf falls with the rank`() {
        var randomness = Randomness(seed: 3)
        func counts(_ choice: KeyChoice) -> [Int] {
            let choice = WeightedChoice(choice, keys: 10)
            var counts = Array(repeating: 0, count: 10)
            for _ in 0..<100_000 { counts[choice.draw(&randomness)] += 1 }
            return counts
        }
        let hot = counts(.hot(share: 0.9))
        #expect((89_000...91_000).contains(hot[0]))
        let zipf = counts(.zipf(exponent: 1))
        #expect((32_000...36_300).contains(zipf[0]), "1 / (1 + 1/2 + ... + 1/10) of all")
        #expect((1.8...2.2).contains(Double(zipf[0]) / Double(zipf[1])))
        #expect(counts(.uniform).allSatisfy { (9_000...11_000).contains($0) })
    }
}
