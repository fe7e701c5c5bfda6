import TestKit
import Testing

@testable import Edge

/// What thousands of orgs have used is told to Redis little by little, and all of it.
struct UsageBacklogTests {
    /// A backlog that knows counters of several orgs: counter n is of org n modulo `orgs`.
    private static func make(counters: Int, orgs: Int) -> UsageBacklog {
        var backlog = UsageBacklog()
        for counter in 0..<counters { backlog.append(org: "org_\(counter % orgs)") }
        return backlog
    }

    private static func sendAll(_ backlog: inout UsageBacklog) -> [UsageBacklog.Call] {
        var calls: [UsageBacklog.Call] = []
        while let call = backlog.next() { calls.append(call) }
        return calls
    }

    @Test func `no more than 32 calls are on their way, and answers make room`() {
        var backlog = Self.make(counters: 1_000, orgs: 1_000)
        backlog.allChanged()
        let first = Self.sendAll(&backlog)
        #expect(first.count == 32)
        #expect(backlog.waiting == 968 && !backlog.wantsMore)
        for call in first[..<15] { backlog.ended(call, isConfirmed: true) }
        #expect(!backlog.wantsMore)
        backlog.ended(first[15], isConfirmed: true)
        #expect(backlog.wantsMore)
        #expect(Self.sendAll(&backlog).count == 16)
    }

    @Test func `no more than 256 counters are on their way, of one org or of many`() {
        for orgs in [1, 3, 100] {
            var backlog = Self.make(counters: 5_000, orgs: orgs)
            backlog.allChanged()
            let calls = Self.sendAll(&backlog)
            #expect(calls.reduce(0) { $0 + $1.counters.count } == 256)
            for call in calls { #expect(Set(call.counters.map { $0 % orgs }).count == 1) }
        }
    }

    @Test func `orgs take turns in the order in which they changed`() {
        var backlog = Self.make(counters: 6, orgs: 3)
        for counter in [4, 2, 0, 1] { backlog.changed(counter) }
        #expect(Self.sendAll(&backlog).map { $0.counters.sorted() } == [[1, 4], [2], [0]])
        #expect(backlog.next() == nil && backlog.waiting == 0 && backlog.callsUnderWay == 3)
    }

    @Test func `what changes while it is on its way waits again, once`() {
        var backlog = Self.make(counters: 1, orgs: 1)
        backlog.changed(0)
        backlog.changed(0)
        #expect(backlog.waiting == 1)
        let calls = Self.sendAll(&backlog)
        #expect(calls.count == 1)
        backlog.changed(0)
        #expect(backlog.waiting == 1)
        backlog.ended(calls[0], isConfirmed: true)
        #expect(Self.sendAll(&backlog).map(\.counters) == [[0]])
    }

    @Test func `an org's counters are told in the order in which they changed, and those that failed last`() {
        var backlog = Self.make(counters: 300, orgs: 1)
        for counter in (0..<300).reversed() { backlog.changed(counter) }
        let first = Self.sendAll(&backlog)
        #expect(first.map(\.counters) == [(44..<300).reversed()])
        backlog.ended(first[0], isConfirmed: false)
        let second = [backlog.next() ?? backlog.nextRetry()].compactMap(\.self)
        #expect(second.first.map { Array($0.counters.prefix(46)) } == (0..<44).reversed() + [299, 298])
    }

    @Test func `orgs that cannot be told keep nobody back`() {
        var backlog = Self.make(counters: 1_000, orgs: 1_000)
        backlog.allChanged()
        // Those of a node that is away: every call ends at once.
        while let call = backlog.next() { backlog.ended(call, isConfirmed: false) }
        #expect(backlog.retries == 1_000 && backlog.waiting == 1_000 && !backlog.wantsMore)
        backlog.append(org: "org_healthy")
        backlog.changed(1_000)
        let call = backlog.next()
        #expect(call?.counters == [1_000] && call?.isRetry == false)
        // More of what has failed changes nothing, and waits no second time.
        backlog.changed(7)
        #expect(backlog.next() == nil && backlog.retries == 1_000)
        let retry = backlog.nextRetry()
        #expect(retry?.counters == [0] && retry?.isRetry == true)
    }

    @Test func `an org that was told again is one of many`() throws {
        var backlog = Self.make(counters: 2, orgs: 2)
        backlog.allChanged()
        for call in Self.sendAll(&backlog) { backlog.ended(call, isConfirmed: false) }
        let retry = backlog.nextRetry()
        backlog.ended(try #require(retry), isConfirmed: true)
        backlog.changed(0)
        #expect(Self.sendAll(&backlog).map(\.counters) == [[0]])
        #expect(backlog.retries == 1)
    }

    @Test func `what another journal's calls did not tell means nothing`() {
        var backlog = Self.make(counters: 3, orgs: 3)
        backlog.allChanged()
        let calls = Self.sendAll(&backlog)
        backlog.startOver()
        #expect(backlog.count == 0 && backlog.callsUnderWay == 3)
        backlog.append(org: "org_9")
        backlog.ended(calls[2], isConfirmed: false)
        backlog.ended(calls[1], isConfirmed: true)
        #expect(backlog.waiting == 0 && backlog.callsUnderWay == 1)
    }

    /// Against a model that knows nothing of orgs and turns: the set of counters whose last value nobody has confirmed.
    @Test(arguments: 1...20) func `in any order of events everything is told in the end, within the bounds`(seed: Int) {
        var random = SplitMix64(seed: UInt64(seed))
        let orgs = Int.random(in: 1...400, using: &random)
        var backlog = UsageBacklog()
        var unconfirmed: Set<Int> = []
        var underWay: [UsageBacklog.Call] = []
        func step(_ event: Int) {
            switch event {
            case 0: backlog.append(org: "org_\(Int.random(in: 0..<orgs, using: &random))")
            case 1, 2:
                guard backlog.count > 0 else { return }
                let counter = Int.random(in: 0..<backlog.count, using: &random)
                backlog.changed(counter)
                unconfirmed.insert(counter)
            case 3:
                guard let call = backlog.next() ?? backlog.nextRetry() else { return }
                #expect(!call.counters.isEmpty)
                unconfirmed.subtract(call.counters)
                underWay.append(call)
            default:
                guard let place = underWay.indices.randomElement(using: &random) else { return }
                let call = underWay.remove(at: place)
                let isConfirmed = event == 4
                backlog.ended(call, isConfirmed: isConfirmed)
                if !isConfirmed { unconfirmed.formUnion(call.counters) }
            }
            #expect(backlog.waiting == unconfirmed.count)
            #expect(backlog.unconfirmed == unconfirmed.count + underWay.reduce(0) { $0 + $1.counters.count })
            #expect(backlog.callsUnderWay == underWay.count && underWay.count <= UsageBacklog.callsMax)
            #expect(underWay.reduce(0) { $0 + $1.counters.count } <= UsageBacklog.countersMax)
        }
        for _ in 0..<5_000 { step(Int.random(in: 0...5, using: &random)) }
        while !unconfirmed.isEmpty || !underWay.isEmpty {
            let before = unconfirmed.count + underWay.count
            step(3)
            if before == unconfirmed.count + underWay.count || underWay.count == UsageBacklog.callsMax { step(4) }
        }
        #expect(backlog.next() == nil && backlog.retries == 0)
    }
}
