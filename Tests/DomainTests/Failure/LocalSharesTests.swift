import Domain
import TestKit
import Testing

/// What gateways admit by themselves has a bound, whatever they do.
struct LocalSharesTests {
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
        #expect(shares.admit(try Self.plan(capacity: 10, refill: 10, periodMs: 1_000), cost: 1, nowMs: 0) == false)
    }

    @Test func `caps on requests in flight need the fleet's count`() throws {
        var shares = LocalShares()
        shares.sharers = 1
        let lease = AdmissionPlan.LeaseRule(name: "c", scope: .org, subject: "org", source: .base, max: 5)
        let plan = try Self.plan(capacity: 10, refill: 10, periodMs: 1_000, leases: [lease])
        #expect(shares.admit(plan, cost: 1, nowMs: 0) == false)
    }

    @Test func `a share is the limit divided by those who share, rounded down`() throws {
        let plan = try Self.plan(capacity: 20, refill: 1, periodMs: 3_600_000)
        for sharers in 1...25 {
            var shares = LocalShares()
            shares.sharers = sharers
            let admitted = (0..<40).count { _ in shares.admit(plan, cost: 1, nowMs: 1_000) }
            #expect(admitted == 20 / sharers)
        }
    }

    @Test func `a share refills with its part of the flow, and is not refilled by a clock that steps back`() throws {
        let plan = try Self.plan(capacity: 4, refill: 1_000, periodMs: 1_000)
        var shares = LocalShares()
        shares.sharers = 2
        #expect((0..<10).count { _ in shares.admit(plan, cost: 1, nowMs: 100) } == 2)
        #expect(shares.admit(plan, cost: 1, nowMs: 101) == false)
        #expect(shares.admit(plan, cost: 1, nowMs: 102) == true)
        #expect(shares.admit(plan, cost: 1, nowMs: 50) == false)
        #expect(shares.admit(plan, cost: 1, nowMs: 103) == false)
        #expect(shares.admit(plan, cost: 1, nowMs: 104) == true)
    }

    @Test func `a quota is spent from a share of what was left when Redis said so last`() throws {
        let plan = try Self.plan(capacity: 1_000, refill: 1, periodMs: 1_000, quota: 100)
        var shares = LocalShares()
        shares.sharers = 3
        #expect((0..<50).count { _ in shares.admit(plan, cost: 1, quotaUsed: [70], nowMs: 0) } == 10)
        shares.count(-2, of: "jobs", plan, month: UsagePeriod(atMs: 0).month)
        #expect((0..<50).count { _ in shares.admit(plan, cost: 1, quotaUsed: [70], nowMs: 0) } == 2)
    }

    @Test func `a table that is full refuses, until buckets in it are full again`() throws {
        var shares = LocalShares(entriesMax: 2)
        shares.sharers = 1
        let rule = try BucketRule(Limit(name: "a", scope: .ip, capacity: 2, refill: 1, periodMs: 1_000))
        let plan = AdmissionPlan(
            orgID: "org", environment: .live, keyID: "key", lineageID: "key", routeID: "r",
            groups: [BucketGroup(scope: .ip, subject: "", source: .base, rules: [rule])])
        #expect(shares.admit(plan, cost: 1, address: "1.1.1.1", nowMs: 10_000) == true)
        #expect(shares.admit(plan, cost: 1, address: "1.1.1.2", nowMs: 10_000) == true)
        #expect(shares.admit(plan, cost: 1, address: "1.1.1.3", nowMs: 10_000) == false)
        #expect(shares.admit(plan, cost: 1, address: "1.1.1.3", nowMs: 11_001) == true)
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
            for index in all.indices { all[index].sharers = sharers }
            var now = 1_000_000
            let start = now
            var admitted = 0
            for _ in 0..<500 {
                // Redis is away, or back, for a while; the levels live on either way.
                if Int.random(in: 0..<20, using: &random) == 0 { now += Int.random(in: 0...3_000, using: &random) }
                now += Int.random(in: 0...20, using: &random)
                let index = Int.random(in: 0..<sharers, using: &random)
                if all[index].admit(plan, cost: 1, nowMs: now) { admitted += 1 }
                #expect(admitted <= LocalShares.bound(rule, ms: now - start), "seed \(seed)")
            }
        }
    }
}
