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
}
