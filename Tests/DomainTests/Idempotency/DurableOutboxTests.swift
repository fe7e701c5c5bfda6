import Domain
import TestKit
import Testing

/// What PostgreSQL has still to be told of durable keys leaves only by its word.
struct DurableOutboxTests {
    static func claim(_ owner: Int) -> DurableClaim {
        DurableClaim(
            orgID: "org", environment: .live, apiKeyID: "",
            request: ClaimRequest(
                keyDigest: Array("k\(owner)".utf8), fingerprint: [], owner: Array("\(owner)".utf8), requestID: []),
            claimMs: 1_000, keepMs: 1_000, mayRepeat: false)
    }

    static func result(_ owner: Int, bytes: Int = 10) -> DurableSettlement {
        DurableSettlement(
            claim: Self.claim(owner),
            ending: .store(.response(status: 200, headers: [], body: [UInt8](repeating: 1, count: bytes))))
    }

    private static func bounds(_ change: (inout DurableOutbox.Bounds) -> Void) -> DurableOutbox.Bounds {
        var bounds = DurableOutbox.Bounds()
        change(&bounds)
        return bounds
    }

    @Test func `settlements leave in their order, a batch at a time, and only when they are confirmed`() {
        var outbox = DurableOutbox(Self.bounds { $0.batchMax = 2 })
        for owner in 1...3 { outbox.add(Self.result(owner), file: nil) }
        var batches = [outbox.take(), outbox.take()]
        #expect(batches[0] == [Self.result(1), Self.result(2)])
        #expect(batches[1].isEmpty, "one batch is under way at most")
        let givenUp = outbox.failed(.away)
        #expect(givenUp == nil)
        #expect(outbox.waiting == 3)
        batches = [outbox.take()]
        var confirmed = [outbox.confirmed()]
        batches.append(outbox.take())
        confirmed.append(outbox.confirmed())
        #expect(batches == [[Self.result(1), Self.result(2)], [Self.result(3)]])
        #expect(confirmed == [2, 1])
        #expect(outbox.waiting == 0)
        #expect(outbox.waitingBytes == 0)
    }

    @Test func `a batch is bounded in bytes, and one that is larger goes alone`() {
        var outbox = DurableOutbox(Self.bounds { $0.batchBytesMax = 1_000 })
        outbox.add(Self.result(1, bytes: 5_000), file: nil)
        outbox.add(Self.result(2), file: nil)
        var batch = outbox.take()
        #expect(batch.count == 1)
        _ = outbox.confirmed()
        batch = outbox.take()
        #expect(batch == [Self.result(2)])
    }

    @Test func `what PostgreSQL refuses is found by sending one after another, and alone given up`() {
        var outbox = DurableOutbox()
        for owner in 1...4 { outbox.add(Self.result(owner), file: owner) }
        let first = outbox.take()
        #expect(first.count == 4)
        let none = outbox.failed(.refused)
        #expect(none == nil)
        outbox.add(Self.result(5), file: 5)
        var givenUp: [DurableSettlement] = []
        var confirmed = 0
        for _ in 0..<5 {
            let batch = outbox.take()
            #expect(batch.count == 1)
            if batch == [Self.result(3)] {
                givenUp += [outbox.failed(.refused)].compactMap(\.self)
            } else {
                confirmed += outbox.confirmed()
            }
        }
        #expect(givenUp == [Self.result(3)])
        #expect(confirmed == 4)
        #expect(outbox.waiting == 0)
        #expect((1...5).allSatisfy { !outbox.needs(file: $0) })
    }

    @Test func `a claim that may come after its release is released once more`() {
        var outbox = DurableOutbox(Self.bounds { $0.againAfterMs = 5_000 })
        outbox.giveBack(Self.claim(1), file: 7, nowMs: 100)
        let release = DurableSettlement(claim: Self.claim(1), ending: .release)
        let first = outbox.take()
        #expect(first == [release])
        _ = outbox.confirmed()
        #expect(outbox.needs(file: 7), "it is not done")
        let (early, nothing) = (outbox.wake(nowMs: 5_099), outbox.take())
        #expect(!early)
        #expect(nothing.isEmpty)
        let (isDue, again) = (outbox.wake(nowMs: 5_100), outbox.take())
        #expect(isDue)
        #expect(again == [release])
        _ = outbox.confirmed()
        #expect(!outbox.needs(file: 7))
        #expect(outbox.waiting == 0)
    }

    @Test func `nothing is taken in beyond the bounds`() {
        var outbox = DurableOutbox(
            Self.bounds {
                $0.entriesMax = 2
                $0.bytesMax = 1_000
            })
        #expect(!outbox.hasRoom(for: Self.result(1, bytes: 1_000)))
        outbox.add(Self.result(1), file: nil)
        _ = outbox.take()
        #expect(outbox.hasRoom(for: Self.result(2)))
        outbox.add(Self.result(2), file: nil)
        #expect(!outbox.hasRoom(for: Self.result(3)), "what is under way counts too")
        _ = outbox.confirmed()
        #expect(outbox.hasRoom(for: Self.result(3)))
    }

    /// Whatever PostgreSQL does, and whenever the process dies: each settlement was confirmed, given up by PostgreSQL's word,
    /// or lies in a file that is kept. And those of one claim are told in the order in which they came.
    @Test func `a settlement is confirmed, refused, or in a file, at every moment`() {
        for seed in 0..<UInt64(TestEffort.cases(300, full: 20_000)) {
            var random = SplitMix64(seed: seed)
            var outbox = DurableOutbox(
                Self.bounds {
                    $0.batchMax = 3
                    $0.againAfterMs = 10
                })
            var (taken, done, nowMs) = (0, Set<Int>(), 0)
            var file: [Int: Int] = [:]
            var told: [Int] = []
            for _ in 0..<60 {
                nowMs += 1
                switch Int.random(in: 0..<5, using: &random) {
                case 0, 1:
                    taken += 1
                    file[taken] = taken / 4
                    outbox.add(Self.result(taken), file: taken / 4)
                case 2: _ = outbox.wake(nowMs: nowMs)
                default:
                    let batch = outbox.take()
                    guard !batch.isEmpty else { continue }
                    let owners = batch.compactMap { Int(String(decoding: $0.claim.request.owner, as: UTF8.self)) }
                    // Every seventh cannot be stored.
                    if Bool.random(using: &random) {
                        _ = outbox.failed(.away)
                    } else if owners.contains(where: { $0 % 7 == 0 }) {
                        if outbox.failed(.refused) != nil { done.formUnion(owners) }
                    } else {
                        let confirmed = outbox.confirmed()
                        #expect(confirmed == owners.count)
                        done.formUnion(owners)
                        told += owners
                    }
                }
                for owner in 1...max(1, taken) where owner <= taken && !done.contains(owner) {
                    #expect(outbox.needs(file: file[owner] ?? -1), "seed \(seed)")
                }
            }
            #expect(told == told.sorted(), "seed \(seed)")
            #expect(outbox.waiting == taken - done.count, "seed \(seed)")
        }
    }

    @Test func `what a file keeps that is not to be relied on goes to another, the rest stays where it is`() {
        var outbox = DurableOutbox(
            Self.bounds {
                $0.batchMax = 2
                $0.againAfterMs = 10
            })
        for owner in 1...4 { outbox.add(Self.result(owner), file: owner % 2) }
        outbox.giveBack(Self.claim(5), file: 1, nowMs: 0)
        _ = outbox.take()
        var written: [DurableSettlement] = []
        outbox.rewrite(file: 1) { settlement in
            // No room for the third.
            guard settlement != Self.result(3) else { return nil }
            written.append(settlement)
            return 7
        }
        let release = DurableSettlement(claim: Self.claim(5), ending: .release)
        #expect(written == [Self.result(1), release, release])
        #expect([0, 1, 7].map { outbox.entries(in: $0) } == [2, 1, 3])
        var told: [DurableSettlement] = []
        _ = outbox.confirmed()
        _ = outbox.wake(nowMs: 10)
        while case let batch = outbox.take(), !batch.isEmpty {
            told += batch
            _ = outbox.confirmed()
        }
        #expect(told == [Self.result(3), Self.result(4), release, release])
        #expect([0, 1, 7].allSatisfy { !outbox.needs(file: $0) })
        #expect(outbox.waiting == 0)
        #expect(outbox.waitingBytes == 0)
    }

    /// The same rules in as few words as possible: an array, of which a batch is cut off and put back.
    private struct Model {
        struct Entry: Equatable {
            var settlement: DurableSettlement
            var file: Int
            var isSuspect = false
        }
        var bounds: DurableOutbox.Bounds
        var queue: [Entry] = []
        var underWay: [Entry] = []
        var again: [(atMs: Int, entry: Entry)] = []

        var all: [Entry] { self.underWay + self.queue + self.again.map(\.entry) }

        mutating func take() -> [DurableSettlement] {
            guard self.underWay.isEmpty else { return [] }
            var bytes = 0
            while let next = self.queue.first,
                self.underWay.isEmpty
                    || (self.underWay.count < self.bounds.batchMax && bytes < self.bounds.batchBytesMax
                        && !next.isSuspect && !self.underWay[0].isSuspect)
            {
                bytes += next.settlement.byteCount
                self.underWay.append(self.queue.removeFirst())
            }
            return self.underWay.map(\.settlement)
        }

        mutating func failed(_ failure: DurableOutbox.Failure) -> DurableSettlement? {
            defer { self.underWay = [] }
            if failure == .refused, self.underWay.count == 1 { return self.underWay[0].settlement }
            for var entry in self.underWay.reversed() {
                entry.isSuspect = entry.isSuspect || failure == .refused
                self.queue.insert(entry, at: 0)
            }
            return nil
        }
    }

    @Test func `it does what the simple model does`() {
        for seed in 0..<UInt64(TestEffort.cases(300, full: 20_000)) {
            var random = SplitMix64(seed: seed)
            var model = Model(
                bounds: Self.bounds {
                    $0.batchMax = Int.random(in: 1...6, using: &random)
                    $0.batchBytesMax = Int.random(in: 1...600, using: &random)
                    $0.againAfterMs = 7
                })
            var outbox = DurableOutbox(model.bounds)
            for step in 0..<120 {
                switch Int.random(in: 0..<12, using: &random) {
                case 0, 1, 2, 3:
                    let settlement = Self.result(step, bytes: Int.random(in: 0..<200, using: &random))
                    outbox.add(settlement, file: step / 10)
                    model.queue.append(.init(settlement: settlement, file: step / 10))
                case 4:
                    outbox.giveBack(Self.claim(step), file: step / 10, nowMs: step)
                    let entry = Model.Entry(
                        settlement: .init(claim: Self.claim(step), ending: .release), file: step / 10)
                    model.queue.append(entry)
                    model.again.append((step + 7, entry))
                case 5:
                    let due = model.again.filter { $0.atMs <= step }.map(\.entry)
                    model.again.removeAll { $0.atMs <= step }
                    model.queue += due
                    let woke = outbox.wake(nowMs: step)
                    #expect(woke == !due.isEmpty)
                case 6:
                    let file = Int.random(in: 0..<12, using: &random)
                    outbox.rewrite(file: file) { $0.byteCount % 2 == 0 ? 100 + step : nil }
                    func move(_ entry: inout Model.Entry) {
                        if entry.file == file, entry.settlement.byteCount % 2 == 0 { entry.file = 100 + step }
                    }
                    for index in model.queue.indices { move(&model.queue[index]) }
                    for index in model.underWay.indices { move(&model.underWay[index]) }
                    for index in model.again.indices { move(&model.again[index].entry) }
                case 7, 8, 9:
                    let (batch, expected) = (outbox.take(), model.take())
                    #expect(batch == expected, "seed \(seed), step \(step)")
                case 10:
                    let count = outbox.confirmed()
                    #expect(count == model.underWay.count)
                    model.underWay = []
                default:
                    let failure = Bool.random(using: &random) ? DurableOutbox.Failure.refused : .away
                    let (givenUp, expected) = (outbox.failed(failure), model.failed(failure))
                    #expect(givenUp == expected, "seed \(seed), step \(step)")
                }
                let all = model.all
                #expect(outbox.waiting == all.count, "seed \(seed), step \(step)")
                #expect(outbox.waitingBytes == all.reduce(0) { $0 + $1.settlement.byteCount })
                for file in Array(0..<12) + [100 + step] {
                    #expect(outbox.entries(in: file) == all.count { $0.file == file }, "seed \(seed), step \(step)")
                }
            }
        }
    }
}
