import Domain
import TestKit
import Testing

/// The parts of all gateways together are never more than the whole, and what was spent is not granted again.
struct ShareLedgerTests {
    private static let settleMs = 2_000

    /// A gateway whose renewals are answered at once.
    private struct Member {
        let id: String
        var lease = ShareLease(intervalMs: 1_000, keepMs: 60_000)
        var isStocked = false

        mutating func renew(_ ledger: inout ShareLedger, run: String = "r", wereFull: Bool = true, atMs: Int) {
            let grant = ledger.renew(self.lease.renewal(run: run), by: self.id, nowMs: atMs)
            guard let change = self.lease.granted(grant) else { return }
            if self.lease.divisor == 0 { self.isStocked = change.isStocked }
            self.lease.changed(change, wereFull: wereFull)
        }

        mutating func leave(_ ledger: inout ShareLedger, run: String = "r", wereFull: Bool = true, atMs: Int) {
            self.lease.changed(self.lease.leaving(), wereFull: wereFull)
            _ = ledger.renew(self.lease.farewell(run: run), by: self.id, nowMs: atMs)
        }
    }

    /// A ledger with one gateway that holds everything, at 3000 ms.
    private static func settled() -> (ShareLedger, Member) {
        var (ledger, first) = (ShareLedger(), Member(id: "a"))
        for atMs in [1_000, 2_000, 3_000] { first.renew(&ledger, atMs: atMs) }
        return (ledger, first)
    }

    @Test func `a ledger that is new listens before it grants`() {
        var (ledger, first) = (ShareLedger(), Member(id: "a"))
        first.renew(&ledger, atMs: 1_000)
        first.renew(&ledger, atMs: 2_999)
        #expect(first.lease.divisor == 0)
        first.renew(&ledger, atMs: 3_000)
        #expect(first.lease.divisor == 1)
        #expect(first.isStocked)
    }

    @Test func `a newcomer waits until there is room, and gets full buckets from what was given up untouched`() {
        var (ledger, first) = Self.settled()
        var second = Member(id: "b")
        second.renew(&ledger, atMs: 3_100)
        #expect(second.lease.divisor == 0)
        first.renew(&ledger, atMs: 3_200)
        #expect(first.lease.divisor == 2)
        second.renew(&ledger, atMs: 3_300)
        #expect(second.lease.divisor == 0, "the first one has not said that it holds less")
        first.renew(&ledger, atMs: 3_400)
        second.renew(&ledger, atMs: 3_500)
        #expect(second.lease.divisor == 2)
        #expect(second.isStocked)
        #expect(ledger.unspent < 1e-6)
    }

    @Test func `what a gateway has spent of its part is not granted to another`() {
        var (ledger, first) = Self.settled()
        var second = Member(id: "b")
        second.renew(&ledger, atMs: 3_100)
        first.renew(&ledger, wereFull: false, atMs: 3_200)
        first.renew(&ledger, atMs: 3_300)
        second.renew(&ledger, atMs: 3_400)
        #expect(second.lease.divisor == 2)
        #expect(!second.isStocked, "its buckets fill from empty")
    }

    @Test func `a gateway that is killed takes its part along until it expires, and what it held full for good`() {
        var (ledger, _) = Self.settled()
        var heir = Member(id: "b")
        for atMs in [3_100, 10_000, 62_999] { heir.renew(&ledger, atMs: atMs) }
        #expect(heir.lease.divisor == 0)
        heir.renew(&ledger, atMs: 63_000)
        #expect(heir.lease.divisor == 1)
        #expect(!heir.isStocked)
    }

    @Test func `the part of one that is dead for certain is free at once, its capacity is not`() {
        var (ledger, _) = Self.settled()
        ledger.forget("a")
        var heir = Member(id: "b")
        heir.renew(&ledger, atMs: 3_100)
        #expect(heir.lease.divisor == 1)
        #expect(!heir.isStocked)
    }

    @Test func `one that stops hands over what it has not touched`() {
        for wereFull in [true, false] {
            var (ledger, first) = Self.settled()
            first.leave(&ledger, wereFull: wereFull, atMs: 3_100)
            var heir = Member(id: "b")
            heir.renew(&ledger, atMs: 3_200)
            #expect(heir.lease.divisor == 1)
            #expect(heir.isStocked == wereFull)
        }
    }

    @Test func `a grant whose answer was lost is granted again, once`() {
        var (ledger, first) = Self.settled()
        first.leave(&ledger, atMs: 3_100)
        var heir = Member(id: "b")
        _ = ledger.renew(heir.lease.renewal(run: "r"), by: "b", nowMs: 3_200)
        heir.lease.unanswered()
        heir.renew(&ledger, atMs: 3_300)
        #expect(heir.lease.divisor == 1)
        #expect(heir.isStocked)
        #expect(ledger.unspent < 1e-6)
    }

    @Test func `a renewal that comes late changes nothing`() {
        var (ledger, first) = Self.settled()
        let late = first.lease.renewal(run: "r")
        first.lease.unanswered()
        var second = Member(id: "b")
        second.renew(&ledger, atMs: 3_100)
        for atMs in [3_200, 3_300] { first.renew(&ledger, atMs: atMs) }
        second.renew(&ledger, atMs: 3_400)
        let before = ledger
        _ = ledger.renew(late, by: "a", nowMs: 3_400)
        #expect(ledger == before)
    }

    @Test func `a Redis that restarted hears everybody before anybody gets more`() {
        var (ledger, first) = Self.settled()
        var second = Member(id: "b")
        second.renew(&ledger, atMs: 3_100)
        for atMs in [3_200, 3_300] { first.renew(&ledger, atMs: atMs) }
        second.renew(&ledger, atMs: 3_400)
        ledger = ShareLedger()
        first.renew(&ledger, run: "s", atMs: 4_000)
        var third = Member(id: "c")
        third.renew(&ledger, run: "s", atMs: 4_100)
        second.renew(&ledger, run: "s", atMs: 5_000)
        #expect([first, second, third].map(\.lease.divisor) == [2, 3, 0])
        third.renew(&ledger, run: "s", atMs: 6_100)
        #expect(third.lease.divisor == 0)
        for atMs in [6_200, 6_300] {
            first.renew(&ledger, run: "s", atMs: atMs)
            second.renew(&ledger, run: "s", atMs: atMs)
        }
        third.renew(&ledger, run: "s", atMs: 6_400)
        #expect([first, second, third].map(\.lease.divisor) == [3, 3, 3])
    }

    @Test func `nothing was granted in this life, nothing is held`() {
        #expect(ShareLease().divisor == 0)
        var lease = ShareLease()
        #expect(lease.granted(ShareGrant(divisor: 1, isStocked: true, gateways: 1)) == nil, "it has not asked")
    }

    // MARK: Everything at once

    /// Gateways start, stop, die and spend, renewals are lost, late and out of order: one bucket of all the capacity and all
    /// the flow would have admitted what they admit.
    @Test func `parts are never more than the whole, and all gateways admit no more than one bucket would`() throws {
        for seed in 0..<UInt64(TestEffort.cases(300, full: 10_000)) {
            var run = try ShareRun(seed: seed)
            for _ in 0..<400 {
                run.step()
                if let problem = run.problem {
                    Issue.record("seed \(seed) at \(run.nowMs) ms: \(problem)")
                    return
                }
            }
        }
    }
}

private struct ShareRun {
    private struct Gateway {
        let id: String
        var lease = ShareLease(intervalMs: 500, keepMs: 1_000_000_000)
        var shares = LocalShares()
        var awaits: Int?
    }

    private struct Message {
        let id: String
        let renewal: ShareRenewal
    }

    private var random: SplitMix64
    private var ledger = ShareLedger()
    private var gateways: [Gateway] = []
    private var messages: [Message] = []
    private var started = 0
    private let plan: AdmissionPlan
    private let rule: BucketRule
    private var level: Int
    private(set) var nowMs = 1_000
    private(set) var problem: String?

    init(seed: UInt64) throws {
        self.random = SplitMix64(seed: seed)
        self.rule = try BucketRule(
            Limit(
                name: "burst", scope: .key, capacity: Int.random(in: 1...40, using: &self.random),
                refill: Int.random(in: 1...30, using: &self.random), periodMs: 1_000))
        self.plan = AdmissionPlan(
            orgID: "o", environment: .live, keyID: "k", lineageID: "k", routeID: "r",
            groups: [BucketGroup(scope: .key, subject: "k", source: .base, rules: [self.rule])])
        self.level = self.rule.full
    }

    private mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<max(1, bound), using: &self.random) }

    mutating func step() {
        let passed = self.below(10) == 0 ? self.below(4_000) : self.below(300)
        self.nowMs += passed
        self.level = min(self.rule.full, self.level + passed * self.rule.unitsPerMs)
        switch self.below(12) {
        case 0 where self.gateways.count < 5:
            self.started += 1
            self.gateways.append(Gateway(id: "g\(self.started)"))
        case 1 where self.gateways.count > 1 && self.below(3) == 0:
            let dead = self.gateways.remove(at: self.below(self.gateways.count))
            if self.below(2) == 0 { self.ledger.forget(dead.id) }
        case 2 where self.gateways.count > 1 && self.below(3) == 0:
            self.leave(self.below(self.gateways.count))
        case 3 where !self.messages.isEmpty: self.deliver(self.below(self.messages.count))
        case 4, 5, 6: self.spend()
        default:
            guard !self.gateways.isEmpty else { return }
            self.renew(self.below(self.gateways.count))
        }
        let held = self.gateways.reduce(0.0) { $0 + ($1.lease.divisor > 0 ? 1 / Double($1.lease.divisor) : 0) }
        if held > 1 + 1e-6 { self.problem = "\(held) of the whole is held" }
    }

    private mutating func renew(_ index: Int) {
        if self.gateways[index].awaits != nil { self.gateways[index].lease.unanswered() }
        let renewal = self.gateways[index].lease.renewal(run: "r")
        self.gateways[index].awaits = renewal.sequence
        self.messages.append(Message(id: self.gateways[index].id, renewal: renewal))
        if self.below(4) > 0 { self.deliver(self.messages.count - 1) }
    }

    private mutating func leave(_ index: Int) {
        var gateway = self.gateways.remove(at: index)
        let change = gateway.lease.leaving()
        let wereFull = gateway.shares.share(among: 0, isStocked: false, nowMs: self.nowMs)
        gateway.lease.changed(change, wereFull: wereFull)
        self.messages.append(Message(id: gateway.id, renewal: gateway.lease.farewell(run: "r")))
    }

    private mutating func deliver(_ number: Int) {
        let message = self.messages.remove(at: number)
        let grant = self.ledger.renew(message.renewal, by: message.id, nowMs: self.nowMs)
        guard let index = self.gateways.firstIndex(where: { $0.id == message.id }),
            self.gateways[index].awaits == message.renewal.sequence, self.below(5) > 0
        else { return }
        self.gateways[index].awaits = nil
        guard let change = self.gateways[index].lease.granted(grant) else { return }
        let wereFull = self.gateways[index].shares.share(
            among: change.divisor, isStocked: change.isStocked, nowMs: self.nowMs)
        self.gateways[index].lease.changed(change, wereFull: wereFull)
    }

    private mutating func spend() {
        guard !self.gateways.isEmpty else { return }
        let index = self.below(self.gateways.count)
        for _ in 0..<self.below(20)
        where self.gateways[index].shares.admit(self.plan, cost: 1, nowMs: self.nowMs, month: 1) {
            self.level -= self.rule.unitsPerToken
        }
        if self.level < 0 { self.problem = "\(-self.level) sub-units of \(self.rule.unitsPerToken) too much" }
    }
}
