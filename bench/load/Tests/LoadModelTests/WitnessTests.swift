import LoadModel
import Testing

struct WitnessTests {
    private let second: UInt64 = 1_000_000_000

    /// A bucket that decides at the moment of sending, seen through answers that take `latencyNs`.
    private func seen(
        _ limit: AllowedRate, everyNs: UInt64, count: Int, latencyNs: UInt64, cheats: (Int) -> Bool? = { _ in nil }
    ) -> BucketWitness {
        var witness = BucketWitness(limit)
        var level = limit.capacity
        for number in 0..<count {
            let at = UInt64(number) * everyNs
            if number > 0 { level = min(limit.capacity, level + limit.refillPerSecond * Double(everyNs) / 1e9) }
            let isAdmitted = cheats(number) ?? (level >= 1)
            if isAdmitted { level -= 1 }
            witness.saw(
                isAdmitted: isAdmitted, isReplay: false, sentNs: at, answeredNs: at + latencyNs,
                inFlight: Int(latencyNs / everyNs))
        }
        return witness
    }

    @Test func `TB an honest bucket is not accused`() {
        for latencyNs in [0, 1_000_000, 300_000_000] as [UInt64] {
            let witness = seen(
                .init(scope: .key, capacity: 20, refillPerSecond: 10), everyNs: 20_000_000, count: 1000,
                latencyNs: latencyNs)
            #expect(witness.excess == 0)
            #expect(witness.wronglyRefused == 0)
            #expect(witness.admitted > 200)
            #expect(witness.refused > 700)
        }
    }

    @Test func `TB too many admitted are counted`() {
        let witness = seen(
            .init(scope: .key, capacity: 20, refillPerSecond: 10), everyNs: 20_000_000, count: 1000, latencyNs: 1000,
            cheats: { $0 % 2 == 0 ? true : nil })
        #expect(witness.excess > 200)
    }

    @Test func `TB refusals by a bucket that must be full are counted`() {
        let witness = seen(
            .init(scope: .key, capacity: 20, refillPerSecond: 10), everyNs: 20_000_000, count: 1000, latencyNs: 1000,
            cheats: { $0 > 500 ? false : nil })
        #expect(witness.wronglyRefused > 350)
        #expect(witness.excess == 0)
    }

    @Test func `IK equal replays are a promise kept`() {
        var book = ReplayBook()
        let group = book.begin(kind: 0, key: 0, serial: 1, repetitions: 3)
        #expect(book.takeDue(kind: 0) == nil, "the original has no answer yet")
        book.answered(group, status: 201, hash: 7, isReplay: false, isDecided: true)
        #expect(book.takeDue(kind: 0) == group)
        book.answered(group, status: 201, hash: 7, isReplay: true, isDecided: true)
        #expect(book.takeDue(kind: 0) == group)
        book.answered(group, status: 201, hash: 7, isReplay: true, isDecided: true)
        #expect(book.takeDue(kind: 0) == nil)
        #expect((book.originals, book.replays) == (1, 2))
        #expect(book.check()?.isMet == true)
    }

    @Test func `IK a second execution and another answer are told`() {
        var book = ReplayBook()
        let group = book.begin(kind: 0, key: 0, serial: 1, repetitions: 3)
        book.answered(group, status: 201, hash: 7, isReplay: false, isDecided: true)
        book.answered(group, status: 201, hash: 8, isReplay: true, isDecided: true)
        book.answered(group, status: 201, hash: 7, isReplay: false, isDecided: true)
        #expect((book.different, book.executedAgain) == (1, 1))
        #expect(book.check()?.isMet == false)
    }

    @Test func `IK an original that a limit refused is not repeated`() {
        var book = ReplayBook()
        let group = book.begin(kind: 0, key: 0, serial: 1, repetitions: 3)
        book.answered(group, status: 429, hash: 7, isReplay: false, isDecided: false)
        #expect(book.takeDue(kind: 0) == nil)
        #expect(book.check()?.isMet == true)
    }
}
