import Domain
import HotStore
import RedisClient
import TestKit
import Testing

/// STANDARDS §9, TB-2 to TB-10, against a real Redis.
struct TokenBucketTests {
    private func client(_ name: String) async throws -> HotClient {
        let client = try await HotClient(TestRedis.shared(), prefix: "\(name)-\(UInt64.random(in: 0 ... .max)):")
        try await client.publish("o", tag: Plans.tag)
        return client
    }

    @Test func `TB-2 a wait is exact to one millisecond`() async throws {
        let client = try await self.client("tb2")
        let plan = try Plans.simple(org: "o", capacity: 20, per: 100, periodMs: 60_000)
        let start = Plans.nowMs
        #expect(try await client.admit(Plans.ask(plan, count: 21), nowMs: start).outcome == .admitted(20))
        let refused = try await client.replies(to: [Plans.ask(plan)], nowMs: start)
        #expect(refused.first?.refusals(at: 0) == [.bucket(name: "burst", scope: .key, waitMs: 600)])
        #expect(try await client.admit(Plans.ask(plan), nowMs: start + 599).outcome == .refused)
        #expect(try await client.admit(Plans.ask(plan), nowMs: start + 600).outcome == .admitted(1))
        await client.close()
    }

    @Test func `TB-3 of 100 concurrent callers exactly 10 pass`() async throws {
        let server = try await TestRedis.shared()
        let prefix = "tb3-\(UInt64.random(in: 0 ... .max)):"
        let plan = try Plans.simple(org: "o", capacity: 10, per: 1, periodMs: 86_400_000)
        var clients: [HotClient] = []
        for _ in 0..<4 { clients.append(try await HotClient(server, prefix: prefix)) }
        try await clients[0].publish("o", tag: Plans.tag)
        let period = UsagePeriod(atMs: try await Self.redisNowMs(clients[0]))
        let admitted = try await withThrowingTaskGroup(of: Int.self) { group in
            for index in 0..<100 {
                let client = clients[index % clients.count]
                group.addTask {
                    let results = try await client.admit([Plans.ask(plan)], nowMs: 0, period: period)
                    return results == [] || results.first?.outcome != .admitted(1) ? 0 : 1
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(admitted == 10)
        for client in clients { await client.close() }
    }

    static func redisNowMs(_ client: HotClient) async throws -> Int {
        let time = try await client.command("TIME").elements ?? []
        return Int(time.first?.integer ?? 0) * 1_000
    }

    @Test func `TB-4 a second bucket that denies leaves the first untouched`() async throws {
        let client = try await self.client("tb4")
        let groups = [
            BucketGroup(
                scope: .key, subject: "key_1", source: .base, rules: [try Plans.rule("wide", 100, per: 1, 1_000)]),
            BucketGroup(
                scope: .org, subject: "o", source: .base, rules: [try Plans.rule("narrow", 1, per: 1, 60_000)]),
        ]
        let plan = Plans.plan(org: "o", groups: groups, quotas: [.init(meter: "jobs", limit: 9, amount: 1)])
        let first = try await client.admit(Plans.ask(plan), nowMs: Plans.nowMs)
        let before = try await self.dump(client)
        let second = try await client.admit(Plans.ask(plan), nowMs: Plans.nowMs)
        #expect(first.outcome == .admitted(1))
        #expect(second.outcome == .refused)
        #expect(second.levels == first.levels)
        #expect(try await self.dump(client) == before, "a refusal writes nothing")
        await client.close()
    }

    /// Every key with its bytes and its time of expiry.
    private func dump(_ client: HotClient) async throws -> [String: [RedisValue]] {
        var all: [String: [RedisValue]] = [:]
        for name in try await self.names(client) {
            all[name] = [
                try await client.command("DUMP", .text(name)), try await client.command("PEXPIRETIME", .text(name)),
            ]
        }
        return all
    }

    private func names(_ client: HotClient) async throws -> [String] {
        let reply = try await client.command("KEYS", .text("\(client.keyspace.prefix)*"))
        return (reply.elements ?? []).compactMap(\.text)
    }

    @Test func `TB-5 a cost beyond the capacity never fits and has no wait`() async throws {
        let client = try await self.client("tb5")
        let plan = try Plans.simple(org: "o", capacity: 10, unit: .cost)
        for cost in [11, 1_000_000_007] {
            let reply = try await client.replies(to: [Plans.ask(plan, cost: cost)], nowMs: Plans.nowMs).first
            #expect(reply?.refusals(at: 0) == [.bucket(name: "burst", scope: .key, waitMs: -1)])
        }
        #expect(try await client.admit(Plans.ask(plan, cost: 10), nowMs: Plans.nowMs).outcome == .admitted(1))
        await client.close()
    }

    @Test func `TB-6 a clock that steps back grants nothing and freezes nothing`() async throws {
        let client = try await self.client("tb6")
        let plan = try Plans.simple(org: "o", capacity: 10, per: 1, periodMs: 1_000)
        let start = Plans.nowMs
        #expect(try await client.admit(Plans.ask(plan, count: 10), nowMs: start).outcome == .admitted(10))
        #expect(try await client.admit(Plans.ask(plan), nowMs: start - 5_000).outcome == .refused)
        #expect(try await client.admit(Plans.ask(plan), nowMs: start + 1_000).outcome == .admitted(1))
        #expect(try await client.admit(Plans.ask(plan, count: 2), nowMs: start - 4_000).outcome == .refused)
        #expect(try await client.admit(Plans.ask(plan), nowMs: start + 2_000).outcome == .admitted(1))
        // With tokens left, the level is what it was.
        let other = Plans.plan(
            org: "o",
            groups: [
                BucketGroup(
                    scope: .key, subject: "other", source: .base, rules: [try Plans.rule("burst", 10, per: 1, 1_000)])
            ])
        _ = try await client.admit(Plans.ask(other), nowMs: start)
        #expect(try await client.admit(Plans.ask(other), nowMs: start - 5_000).levels == [8_000])
        await client.close()
    }

    @Test func `TB-7 every key of a limit expires, and then the bucket is full`() async throws {
        let client = try await self.client("tb7")
        let rule = try Plans.rule("burst", 10, per: 1, 60_000)
        let plan = Plans.plan(
            org: "o", groups: [BucketGroup(scope: .key, subject: "key_1", source: .base, rules: [rule])],
            quotas: [.init(meter: "jobs", limit: 100, amount: 1)],
            leases: [.init(name: "flight", scope: .org, subject: "o", source: .base, max: 5)],
            claims: .init(scope: .org, claimMs: 1_000, retentionMs: 60_000, upstreamIdempotent: false))
        let nowMs = try await Self.redisNowMs(client)
        let period = UsagePeriod(atMs: nowMs)
        let request = Plans.ask(plan, leaseIDs: [[1]], claim: Plans.claim())
        _ = try await client.admit([request], nowMs: 0, period: period)
        _ = try await client.settle(
            Settlement(guard: .mark(id: [9], keepMs: 600_000)), plan: plan, nowMs: nowMs)
        // The version is a record: it stays.
        let kept = client.keyspace.prefix + "v:"
        var expiring = 0
        for name in try await self.names(client) where !name.hasPrefix(kept) {
            let ttl = try await client.command("PTTL", .text(name)).integer ?? -1
            #expect(ttl > 0, "\(name)")
            expiring += 1
        }
        #expect(expiring == 5, "bucket group, quota, lease set, claim and mark")

        let group = client.keyspace.group(org: "o", .live, .key, subject: "key_1", .base)
        try await client.command("PEXPIRE", .text(group), 1)
        try await eventually("the group's expiry") {
            try await client.command("EXISTS", .text(group)).integer == 0
        }
        let results = try await client.admit(
            [Plans.ask(plan, count: 4, leaseIDs: [[2], [3], [4], [5]])], nowMs: 0, period: period)
        #expect(results.first?.levels == [rule.full - 4 * rule.unitsPerToken])
        await client.close()
    }

    @Test func `TB-8 a second settlement changes nothing`() async throws {
        let client = try await self.client("tb8")
        let plan = try Plans.simple(org: "o", capacity: 100, per: 1, periodMs: 86_400_000, unit: .cost)
        _ = try await client.admit(Plans.ask(plan, cost: 40), nowMs: Plans.nowMs)
        let settlement = Settlement(
            guard: .mark(id: [1], keepMs: 60_000),
            quotas: [.init(meter: "tokens", amount: 25, month: 202_511)], cost: .init(reserved: 40, actual: 25))
        #expect(try await client.settle(settlement, plan: plan, nowMs: Plans.nowMs))
        #expect(try await self.remaining(client, plan) == 75)
        let before = try await self.dump(client)
        #expect(try await !client.settle(settlement, plan: plan, nowMs: Plans.nowMs))
        #expect(try await self.dump(client) == before)
        await client.close()
    }

    private func remaining(_ client: HotClient, _ plan: AdmissionPlan) async throws -> Int? {
        let level = try await client.admit(Plans.ask(plan, cost: 0), nowMs: Plans.nowMs).levels.first
        return level.map { $0 / plan.groups[0].rules[0].unitsPerToken }
    }

    @Test func `TB-9 an overrun makes debt down to the floor, and blocks until it is paid`() async throws {
        let client = try await self.client("tb9")
        let plan = try Plans.simple(org: "o", capacity: 100, per: 1, periodMs: 1_000, unit: .cost, debtMax: 50)
        _ = try await client.admit(Plans.ask(plan, cost: 10), nowMs: Plans.nowMs)
        let settlement = Settlement(
            guard: .mark(id: [1], keepMs: 60_000), cost: .init(reserved: 10, actual: 200))
        #expect(try await client.settle(settlement, plan: plan, nowMs: Plans.nowMs))
        let reply = try await client.replies(to: [Plans.ask(plan, cost: 1)], nowMs: Plans.nowMs).first
        #expect(reply?.levels == [-50 * plan.groups[0].rules[0].unitsPerToken])
        #expect(reply?.refusals(at: 0) == [.bucket(name: "burst", scope: .key, waitMs: 51_000)])
        #expect(try await client.admit(Plans.ask(plan, cost: 1), nowMs: Plans.nowMs + 50_999).outcome == .refused)
        #expect(try await client.admit(Plans.ask(plan, cost: 1), nowMs: Plans.nowMs + 51_000).outcome == .admitted(1))
        await client.close()
    }

    @Test(arguments: [(10, 10), (4, 4), (1_000, 10)])
    func `TB-10 a changed capacity keeps the level, clamped`(capacity: Int, expected: Int) async throws {
        let client = try await self.client("tb10")
        let old = try Plans.simple(org: "o", capacity: 30, per: 1, periodMs: 1_000)
        _ = try await client.admit(Plans.ask(old, count: 20), nowMs: Plans.nowMs)
        // Another refill, so another unit too.
        let new = try Plans.simple(org: "o", capacity: capacity, per: 7, periodMs: 61_001)
        let result = try await client.admit(Plans.ask(new, count: 1), nowMs: Plans.nowMs)
        let rule = new.groups[0].rules[0]
        #expect(result.levels == [(expected - 1) * rule.unitsPerToken])
        await client.close()
    }

    @Test func `a lease holds to its last millisecond`() async throws {
        let client = try await self.client("lease")
        let plan = Plans.plan(
            org: "o", groups: [], leases: [.init(name: "flight", scope: .org, subject: "o", source: .base, max: 1)],
            leaseMs: 5_000)
        func outcome(_ id: UInt8, _ nowMs: Int) async throws -> AdmissionOutcome {
            try await client.admit(Plans.ask(plan, leaseIDs: [[id]]), nowMs: nowMs).outcome
        }
        #expect(try await outcome(1, Plans.nowMs) == .admitted(1))
        let refused = try await client.replies(to: [Plans.ask(plan, leaseIDs: [[2]])], nowMs: Plans.nowMs + 4_999)
        #expect(refused.first?.refusals(at: 0) == [.inFlight(name: "flight", scope: .org, max: 1)])
        #expect(try await outcome(3, Plans.nowMs + 5_000) == .admitted(1))
        await client.close()
    }

    @Test func `a bucket keeps its level while gateways with other limits take turns`() async throws {
        let client = try await self.client("turns")
        func plan(_ names: [String]) throws -> AdmissionPlan {
            let rules = try names.map { try Plans.rule($0, 10, per: 1, 3_600_000) }
            return Plans.plan(
                org: "o", groups: [BucketGroup(scope: .key, subject: "key_1", source: .base, rules: rules)])
        }
        let (old, new) = (try plan(["a", "b"]), try plan(["a", "c"]))
        var admitted = 0
        for turn in 0..<40 {
            let outcome = try await client.admit(Plans.ask(turn % 2 == 0 ? old : new), nowMs: Plans.nowMs).outcome
            admitted += outcome == .admitted(1) ? 1 : 0
        }
        #expect(admitted == 10, "bucket a is common to both")
        await client.close()
    }
}
