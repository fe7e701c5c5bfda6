import Domain
import HotStore
import NIOCore
import RedisClient
import TestKit
import Testing

/// Several requests in one call are decided as if they had come alone.
struct AdmissionBatchTests {
    private func client(_ name: String) async throws -> HotClient {
        let client = try await HotClient(TestRedis.shared(), prefix: "\(name)-\(UInt64.random(in: 0 ... .max)):")
        for org in ["one", "many"] { try await client.publish(org, tag: Plans.tag) }
        return client
    }

    /// Redis lets its keys expire by its own clock, whatever the test's says. Periods of minutes and hours, and a clock
    /// of the test's that goes as far with every round, keep that far away.
    private func plan(_ org: String) throws -> AdmissionPlan {
        let rules = [
            try Plans.rule("burst", 40, per: 3, 1_000_000),
            try Plans.rule("work", 90, per: 7, 60_000_000, unit: .cost),
        ]
        return Plans.plan(
            org: org,
            groups: [
                BucketGroup(scope: .key, subject: "key_1", source: .base, rules: rules),
                BucketGroup(
                    scope: .ip, subject: "", source: .base, rules: [try Plans.rule("address", 35, per: 1, 500_000)]),
            ],
            quotas: [.init(meter: "jobs", limit: 200, amount: 2)],
            leases: [.init(name: "flight", scope: .org, subject: org, source: .base, max: 25)], leaseMs: 3_000_000)
    }

    @Test func `a batch of n is n single requests, seen by each from its position`() async throws {
        let client = try await self.client("batch")
        let (one, many) = (try self.plan("one"), try self.plan("many"))
        var random = SplitMix64(seed: 7)
        var nowMs = Plans.nowMs
        for round in 0..<150 {
            nowMs += Int.random(in: 0...2_000_000, using: &random)
            let count = Int.random(in: 1...12, using: &random)
            let cost = Int.random(in: 0...9, using: &random)
            let ids = (0..<count).map { Array("\(round)-\($0)".utf8) }
            let batch = try await client.replies(
                to: [Plans.ask(many, count: count, cost: cost, leaseIDs: ids, address: "192.0.2.7")], nowMs: nowMs)
            let together = try #require(batch.first)
            for position in 0..<count {
                let singles = try await client.replies(
                    to: [Plans.ask(one, cost: cost, leaseIDs: [ids[position]], address: "192.0.2.7")], nowMs: nowMs)
                let alone = try #require(singles.first)
                #expect(together.isAdmitted(position) == alone.isAdmitted(0), "round \(round), \(position)")
                #expect(together.views(at: position) == alone.views(at: 0), "round \(round), \(position)")
                #expect(together.refusals(at: position) == alone.refusals(at: 0), "round \(round), \(position)")
            }
        }
        await client.close()
    }

    @Test func `entries of one call see what those before them took`() async throws {
        let client = try await self.client("entries")
        let rule = try Plans.rule("burst", 5, per: 1, 60_000)
        func plan(_ route: String, _ key: String) -> AdmissionPlan {
            Plans.plan(
                org: "one", groups: [BucketGroup(scope: .org, subject: "one", source: .base, rules: [rule])],
                quotas: [.init(meter: "jobs", limit: 4, amount: 1)], key: key, route: route)
        }
        let requests = [
            Plans.ask(plan("a", "k1"), count: 2), Plans.ask(plan("b", "k2")), Plans.ask(plan("c", "k1"), count: 3),
        ]
        let results = try await client.admit(requests, nowMs: Plans.nowMs)
        #expect(results.map(\.outcome) == [.admitted(2), .admitted(1), .admitted(1)])
        #expect(results.map(\.used) == [[2], [3], [4]])
        let again = try await client.admit(requests, nowMs: Plans.nowMs)
        #expect(again.map(\.outcome) == [.refused, .refused, .refused])
        await client.close()
    }

    @Test func `a stale entry does not disturb its neighbours`() async throws {
        let client = try await self.client("stale")
        let plan = try Plans.simple(org: "one", capacity: 5)
        let other = try self.plan("many")
        let ids = [[UInt8(1)]]
        let results = try await client.admit(
            [
                Plans.ask(plan), Plans.ask(other, leaseIDs: ids, address: "::1", tag: "0:gone"),
                Plans.ask(plan, count: 9),
            ], nowMs: Plans.nowMs)
        #expect(results.map(\.outcome) == [.admitted(1), .stale, .admitted(4)])
        #expect(
            try await client.admit(Plans.ask(try Plans.simple(org: "unknown", capacity: 1)), nowMs: Plans.nowMs)
                .outcome == .stale)
        await client.close()
    }

    @Test func `a quota known from responses only lets requests pass while something is left`() async throws {
        let client = try await self.client("quota")
        let plan = Plans.plan(org: "one", groups: [], quotas: [.init(meter: "tokens", limit: 5, amount: 0)])
        let month = UsagePeriod(atMs: Plans.nowMs).month
        #expect(try await client.admit(Plans.ask(plan, count: 3), nowMs: Plans.nowMs).outcome == .admitted(3))
        for (tokens, expected) in [(4, AdmissionOutcome.admitted(3)), (1, .refused), (1, .refused), (-2, .admitted(3))]
        {
            let settlement = Settlement(
                guard: .none, quotas: [.init(meter: "tokens", amount: tokens, month: month)])
            _ = try await client.settle(settlement, plan: plan, nowMs: Plans.nowMs)
            let reply = try await client.replies(to: [Plans.ask(plan, count: 3)], nowMs: Plans.nowMs).first
            #expect(reply.map { AdmissionResult($0).outcome } == expected)
            let used = reply?.used.first ?? 0
            #expect(
                reply?.refusals(at: 2) == (used < 5 ? [] : [.quota(meter: "tokens", limit: 5, used: used)]))
        }
        await client.close()
    }

    @Test func `a call for a month that is over decides nothing and tells the time`() async throws {
        let client = try await self.client("month")
        let plan = Plans.plan(org: "one", groups: [], quotas: [.init(meter: "jobs", limit: 9, amount: 1)])
        let november = UsagePeriod(atMs: Plans.nowMs)
        for nowMs in [november.monthStartMs - 1, november.monthEndMs] {
            let replies = try await client.replies(
                to: [Plans.ask(plan), Plans.ask(plan)], nowMs: nowMs, period: november)
            #expect(replies.map(\.outcome) == [.periodOver, .periodOver])
            #expect(replies.map(\.nowMs) == [nowMs, nowMs])
        }
        for nowMs in [november.monthStartMs, november.monthEndMs - 1] {
            #expect(
                try await client.admit([Plans.ask(plan)], nowMs: nowMs, period: november).first?.outcome == .admitted(1)
            )
        }
        await client.close()
    }

    @Test func `a template's own call is the same bytes as a call of one entry`() throws {
        let plan = Plans.plan(
            org: "one",
            groups: [
                BucketGroup(
                    scope: .key, subject: "key_1", source: .base,
                    rules: [try Plans.rule("a", 5, per: 1, 10), try Plans.rule("b", 50, per: 1, 10, unit: .cost)])
            ])
        let template = AdmissionTemplate(
            plan, versionTag: Plans.tag, keyspace: Keyspace(), period: UsagePeriod(atMs: Plans.nowMs))
        for (count, cost, nowMs) in [(1, nil, 0), (17, nil, 0), (1, 7, 0), (512, 3, Plans.nowMs), (1, 1, 0)] {
            var (whole, pieces) = (ByteBuffer(string: "x"), ByteBuffer(string: "x"))
            template.append(count: count, cost: cost, nowMs: nowMs, into: &whole)
            var call = AdmissionCall(nowMs: nowMs)
            call.add(template, AdmissionEntry(count: count, cost: cost))
            call.append(into: &pieces)
            #expect(whole == pieces)
        }
        let november = ByteBuffer.encoded(template)
        template.period = UsagePeriod(atMs: Plans.nowMs + 30 * 86_400_000)
        #expect(ByteBuffer.encoded(template) != november)
    }
}

extension ByteBuffer {
    static func encoded(_ template: AdmissionTemplate) -> ByteBuffer {
        var buffer = ByteBuffer()
        template.append(count: 1, into: &buffer)
        return buffer
    }
}
