import Domain
import TestKit
import Testing

/// What gateways admit by themselves has a bound, whatever they do.
struct LocalSharesTests {
    private static let month = UsagePeriod(atMs: 0).month

    private static func plan(
        capacity: Int, refill: Int, periodMs: Int, quota: Int? = nil, leases: [AdmissionPlan.LeaseRule] = []
    ) throws -> AdmissionPlan {
        let rule = try BucketRule(
            Limit(name: "burst", scope: .key, capacity: capacity, refill: refill, periodMs: periodMs))
        return AdmissionPlan(
            orgID: "org", environment: .live, keyID: "key", lineageID: "key", routeID: "r",
            groups: [BucketGroup(scope: .key, subject: "key", source: .base, rules: [rule])],
            quotas: quota.map { [.init(meter: "jobs", limit: $0, amount: 1)] } ?? [], leases: leases)
    }

    @Test func `without a lease nothing is admitted`() throws {
        var shares = LocalShares()
        #expect(
            shares.admit(try Self.plan(capacity: 10, refill: 10, periodMs: 1_000), cost: 1, nowMs: 0, month: Self.month)
                == false)
    }

    @Test func `caps on requests in flight need the fleet's count`() throws {
        var shares = LocalShares()
        shares.share(among: 1, isStocked: true, nowMs: 0)
        let lease = AdmissionPlan.LeaseRule(name: "c", scope: .org, subject: "org", source: .base, max: 5)
        let plan = try Self.plan(capacity: 10, refill: 10, periodMs: 1_000, leases: [lease])
        #expect(shares.admit(plan, cost: 1, nowMs: 0, month: Self.month) == false)
    }

    @Test func `a share is the limit divided by those who share, rounded down`() throws {
        let plan = try Self.plan(capacity: 20, refill: 1, periodMs: 3_600_000)
        for sharers in 1...25 {
            var shares = LocalShares()
            shares.share(among: sharers, isStocked: true, nowMs: 0)
            let admitted = (0..<40).count { _ in shares.admit(plan, cost: 1, nowMs: 1_000, month: Self.month) }
            #expect(admitted == 20 / sharers)
        }
    }

    @Test func `a share refills with its part of the flow, and is not refilled by a clock that steps back`() throws {
        let plan = try Self.plan(capacity: 4, refill: 1_000, periodMs: 1_000)
        var shares = LocalShares()
        shares.share(among: 2, isStocked: true, nowMs: 0)
        #expect((0..<10).count { _ in shares.admit(plan, cost: 1, nowMs: 100, month: Self.month) } == 2)
        #expect(shares.admit(plan, cost: 1, nowMs: 101, month: Self.month) == false)
        #expect(shares.admit(plan, cost: 1, nowMs: 102, month: Self.month) == true)
        #expect(shares.admit(plan, cost: 1, nowMs: 50, month: Self.month) == false)
        #expect(shares.admit(plan, cost: 1, nowMs: 103, month: Self.month) == false)
        #expect(shares.admit(plan, cost: 1, nowMs: 104, month: Self.month) == true)
    }

    @Test func `a quota is spent from a share of what was left when Redis said so last`() throws {
        let plan = try Self.plan(capacity: 1_000, refill: 1, periodMs: 1_000, quota: 100)
        var shares = LocalShares()
        shares.share(among: 3, isStocked: true, nowMs: 0)
        #expect((0..<50).count { _ in shares.admit(plan, cost: 1, quotaUsed: [70], nowMs: 0, month: Self.month) } == 10)
        shares.count(-2, of: "jobs", plan, month: UsagePeriod(atMs: 0).month)
        #expect((0..<50).count { _ in shares.admit(plan, cost: 1, quotaUsed: [70], nowMs: 0, month: Self.month) } == 2)
    }

    @Test func `of a quota that Redis has not spoken of nothing is spent`() throws {
        let plan = try Self.plan(capacity: 1_000, refill: 1, periodMs: 1_000, quota: 100)
        var shares = LocalShares()
        shares.share(among: 1, isStocked: true, nowMs: 0)
        #expect(shares.admit(plan, cost: 1, nowMs: 0, month: Self.month) == false)
    }

    @Test func `buckets that were not granted full fill from empty, at the share's rate and to the share's size`()
        throws
    {
        let plan = try Self.plan(capacity: 10, refill: 10, periodMs: 1_000)
        var shares = LocalShares()
        shares.share(among: 2, isStocked: false, nowMs: 1_000)
        #expect(shares.admit(plan, cost: 1, nowMs: 1_000, month: Self.month) == false)
        #expect(shares.admit(plan, cost: 1, nowMs: 1_199, month: Self.month) == false)
        #expect(shares.admit(plan, cost: 1, nowMs: 1_200, month: Self.month) == true)
        #expect((0..<10).count { _ in shares.admit(plan, cost: 1, nowMs: 9_000, month: Self.month) } == 5)
    }

    @Test func `a share that changes keeps the tokens that are there, as far as it holds them`() throws {
        let plan = try Self.plan(capacity: 12, refill: 1, periodMs: 3_600_000)
        var shares = LocalShares()
        func take() -> Int { (0..<20).count { _ in shares.admit(plan, cost: 1, nowMs: 10, month: Self.month) } }
        shares.share(among: 4, isStocked: true, nowMs: 0)
        #expect(shares.admit(plan, cost: 1, nowMs: 1, month: Self.month) == true)
        // More of the whole is more room for tokens, not more tokens.
        #expect(shares.share(among: 1, isStocked: false, nowMs: 2) == false)
        #expect(take() == 2)
        var other = LocalShares()
        other.share(among: 1, isStocked: true, nowMs: 0)
        #expect(other.admit(plan, cost: 1, nowMs: 1, month: Self.month) == true)
        other.share(among: 3, isStocked: false, nowMs: 2)
        #expect((0..<20).count { _ in other.admit(plan, cost: 1, nowMs: 10, month: Self.month) } == 4)
        // A bucket that nobody has touched goes through the same changes.
        var fresh = LocalShares()
        for (ms, sharers) in [(0, 1), (1, 6), (2, 1)] { fresh.share(among: sharers, isStocked: true, nowMs: ms) }
        #expect((0..<20).count { _ in fresh.admit(plan, cost: 1, nowMs: 10, month: Self.month) } == 2)
    }

    @Test func `after more changes than are remembered nothing is taken for full`() throws {
        let plan = try Self.plan(capacity: 100, refill: 1, periodMs: 3_600_000)
        var shares = LocalShares()
        for ms in 0..<100 { shares.share(among: 1 + ms % 2, isStocked: true, nowMs: ms) }
        #expect(shares.admit(plan, cost: 1, nowMs: 100, month: Self.month) == false)
    }

    @Test func `it says what it may spend and what it has spent, for each absence of Redis`() throws {
        let plan = try Self.plan(capacity: 10, refill: 10, periodMs: 1_000)
        let rule = plan.groups[0].rules[0]
        let name = LocalShares.LimitName(routeID: "r", limit: "burst")
        var shares = LocalShares()
        #expect(shares.bound(rule, nowMs: 0) == 0)
        shares.share(among: 2, isStocked: true, nowMs: 0)
        #expect(shares.bound(rule, nowMs: 50_000) == 5)
        shares.storeIsAway(true, nowMs: 60_000)
        for _ in 0..<7 { _ = shares.admit(plan, cost: 1, nowMs: 60_000, month: Self.month) }
        #expect(shares.admit(plan, cost: 1, nowMs: 61_000, month: Self.month) == true)
        #expect(shares.bound(rule, nowMs: 61_000) == 10)
        #expect(shares.spent[name]?.tokens == 6)
        shares.storeIsAway(false, nowMs: 62_000)
        #expect(shares.bound(rule, nowMs: 90_000) == 15, "of the last absence")
        #expect(shares.spent[name]?.tokens == 6)
        #expect(shares.admit(plan, cost: 1, nowMs: 90_000, month: Self.month) == true)
        #expect(shares.spent[name]?.tokens == 1)
        #expect(shares.bound(rule, nowMs: 90_000) == 5)
    }

    @Test func `a table that is full refuses, until buckets in it are full again`() throws {
        var shares = LocalShares(entriesMax: 2)
        shares.share(among: 1, isStocked: true, nowMs: 0)
        let rule = try BucketRule(Limit(name: "a", scope: .ip, capacity: 2, refill: 1, periodMs: 1_000))
        let plan = AdmissionPlan(
            orgID: "org", environment: .live, keyID: "key", lineageID: "key", routeID: "r",
            groups: [BucketGroup(scope: .ip, subject: "", source: .base, rules: [rule])])
        #expect(shares.admit(plan, cost: 1, address: "1.1.1.1", nowMs: 10_000, month: Self.month) == true)
        #expect(shares.admit(plan, cost: 1, address: "1.1.1.2", nowMs: 10_000, month: Self.month) == true)
        #expect(shares.admit(plan, cost: 1, address: "1.1.1.3", nowMs: 10_000, month: Self.month) == false)
        #expect(shares.admit(plan, cost: 1, address: "1.1.1.3", nowMs: 11_010, month: Self.month) == true)
        #expect(shares.count <= 2)
    }

    /// Gateways come and go through outages at random; they share what they leased.
    @Test func `over any time all sharers together stay below capacity and flow`() throws {
        let seeds = TestEffort.isFull ? 2_000 : 100
        for seed in 0..<UInt64(seeds) {
            var random = SplitMix64(seed: seed)
            let capacity = Int.random(in: 1...50, using: &random)
            let refill = Int.random(in: 1...30, using: &random)
            let plan = try Self.plan(capacity: capacity, refill: refill, periodMs: 1_000)
            let rule = plan.groups[0].rules[0]
            let sharers = Int.random(in: 1...6, using: &random)
            var all = (0..<sharers).map { _ in LocalShares() }
            for index in all.indices { all[index].share(among: sharers, isStocked: true, nowMs: 0) }
            var now = 1_000_000
            let start = now
            var admitted = 0
            for _ in 0..<500 {
                // Redis is away, or back, for a while; the levels live on either way.
                if Int.random(in: 0..<20, using: &random) == 0 { now += Int.random(in: 0...3_000, using: &random) }
                now += Int.random(in: 0...20, using: &random)
                let index = Int.random(in: 0..<sharers, using: &random)
                if all[index].admit(plan, cost: 1, nowMs: now, month: Self.month) { admitted += 1 }
                #expect(admitted <= LocalShares.bound(rule, ms: now - start), "seed \(seed)")
            }
        }
    }
}
