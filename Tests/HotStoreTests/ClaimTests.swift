import Domain
import HotStore
import RedisClient
import TestKit
import Testing

/// The life of an idempotency key in Redis (STANDARDS §1, the rows that the store decides).
struct ClaimTests {
    private let claimMs = 5_000

    private func client(_ name: String) async throws -> HotClient {
        let client = try await HotClient(TestRedis.shared(), prefix: "\(name)-\(UInt64.random(in: 0 ... .max)):")
        for org in ["o", "p"] { try await client.publish(org, tag: Plans.tag) }
        return client
    }

    private func plan(
        _ org: String = "o", capacity: Int = 100, isUpstreamIdempotent: Bool = false,
        scope: IdempotencyPolicy.Scope = .org, key: String = "key_1", retentionMs: Int = 86_400_000
    ) throws -> AdmissionPlan {
        let rules = [
            try Plans.rule("requests", capacity, per: 1, 86_400_000),
            try Plans.rule("work", 1_000, per: 1, 86_400_000, unit: .cost),
        ]
        return Plans.plan(
            org: org, groups: [BucketGroup(scope: .org, subject: org, source: .base, rules: rules)],
            quotas: [.init(meter: "jobs", limit: 100, amount: 1)],
            claims: .init(
                scope: scope, claimMs: self.claimMs, retentionMs: retentionMs,
                upstreamIdempotent: isUpstreamIdempotent), cost: 10, key: key)
    }

    private func outcome(
        _ client: HotClient, _ plan: AdmissionPlan, _ claim: ClaimRequest, atMs: Int = Plans.nowMs
    ) async throws -> AdmissionOutcome {
        try await client.admit(Plans.ask(plan, claim: claim), nowMs: atMs).outcome
    }

    private let response = StoredResult.response(
        status: 201, headers: Array("content-type: application/json\r\nx-bin: \u{0}\u{ff}\r\n".utf8),
        body: (0..<70_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })

    @Test func `row f: a stored response comes back byte for byte, cheap and not counted`() async throws {
        let client = try await self.client("claim-f")
        let plan = try self.plan()
        #expect(try await self.outcome(client, plan, Plans.claim()) == .admitted(1))
        #expect(
            try await client.settle(
                Settlement(guard: .claim(Plans.claim(), .store(self.response))), plan: plan, nowMs: Plans.nowMs))
        let again = try await client.admit(
            Plans.ask(plan, claim: Plans.claim(owner: "o2", request: "r2")), nowMs: Plans.nowMs + 1)
        #expect(again.outcome == .replay(self.response, first: Array("r".utf8)))
        let rules = plan.groups[0].rules
        // One token of the bucket that counts requests, nothing of the one that counts cost, nothing of the quota.
        #expect(again.levels[0] / rules[0].unitsPerToken == 98)
        #expect(again.levels[1] / rules[1].unitsPerToken == 990)
        #expect(again.used == [1])
        await client.close()
    }

    @Test func `a replay is served with an empty bucket`() async throws {
        let client = try await self.client("claim-empty")
        let plan = try self.plan(capacity: 1)
        _ = try await self.outcome(client, plan, Plans.claim())
        _ = try await client.settle(
            Settlement(guard: .claim(Plans.claim(), .store(self.response))), plan: plan, nowMs: Plans.nowMs)
        let first = Array("r".utf8)
        #expect(try await self.outcome(client, plan, Plans.claim()) == .replay(self.response, first: first))
        #expect(try await self.outcome(client, plan, Plans.claim("other")) == .refused)
        await client.close()
    }

    @Test func `row n and o: in flight is a conflict, another fingerprint a reuse, in any state`() async throws {
        let client = try await self.client("claim-n")
        let plan = try self.plan()
        _ = try await self.outcome(client, plan, Plans.claim())
        let (first, other) = (Array("r".utf8), Plans.claim(fingerprint: "g", owner: "o2"))
        #expect(try await self.outcome(client, plan, Plans.claim(owner: "o2")) == .inProgress(first: first))
        #expect(try await self.outcome(client, plan, other) == .keyReused(first: first))
        _ = try await client.settle(
            Settlement(guard: .claim(Plans.claim(), .store(self.response))), plan: plan, nowMs: Plans.nowMs)
        #expect(try await self.outcome(client, plan, other) == .keyReused(first: first))
        await client.close()
    }

    @Test func `row b: a released key runs afresh`() async throws {
        let client = try await self.client("claim-b")
        let plan = try self.plan()
        _ = try await self.outcome(client, plan, Plans.claim())
        #expect(
            try await client.settle(
                Settlement(guard: .claim(Plans.claim(), .release)), plan: plan, nowMs: Plans.nowMs))
        #expect(try await self.outcome(client, plan, Plans.claim(fingerprint: "g")) == .admitted(1))
        await client.close()
    }

    @Test func `row d and i: a stored failure and an unreplayable result come back as such`() async throws {
        let client = try await self.client("claim-d")
        let plan = try self.plan()
        let results: [StoredResult] = [
            .failure(status: 502, slug: "upstream-connection-lost"),
            .unreplayable(status: 200, length: 1 << 33, sha256: Array(0..<32)),
        ]
        for (index, result) in results.enumerated() {
            let claim = Plans.claim("k\(index)")
            _ = try await self.outcome(client, plan, claim)
            _ = try await client.settle(
                Settlement(guard: .claim(claim, .store(result))), plan: plan, nowMs: Plans.nowMs)
            #expect(try await self.outcome(client, plan, claim) == .replay(result, first: Array("r".utf8)))
        }
        await client.close()
    }

    @Test func `IK-9 a refusal leaves no claim`() async throws {
        let client = try await self.client("claim-ik9")
        let plan = try self.plan(capacity: 1)
        _ = try await self.outcome(client, plan, Plans.claim("first"))
        #expect(try await self.outcome(client, plan, Plans.claim()) == .refused)
        #expect(
            try await self.outcome(client, plan, Plans.claim(fingerprint: "g"), atMs: Plans.nowMs + 86_400_000)
                == .admitted(1))
        await client.close()
    }

    @Test func `row m: whose holder has gone is unknown, or taken over where the upstream is idempotent`() async throws
    {
        let client = try await self.client("claim-m")
        let lateMs = Plans.nowMs + self.claimMs
        let month = UsagePeriod(atMs: lateMs).month
        for isIdempotent in [false, true] {
            let plan = try self.plan(isUpstreamIdempotent: isIdempotent)
            let (mine, theirs) = (
                Plans.claim("k\(isIdempotent)"), Plans.claim("k\(isIdempotent)", owner: "o2", request: "r2")
            )
            _ = try await self.outcome(client, plan, mine)
            #expect(
                try await self.outcome(client, plan, theirs, atMs: lateMs - 1) == .inProgress(first: mine.requestID))
            let late = try await self.outcome(client, plan, theirs, atMs: lateMs)
            #expect(late == (isIdempotent ? .admitted(1) : .outcomeUnknown(first: mine.requestID)))
            // The first holder comes back: it may complete what nobody took over, and nothing else.
            let settled = try await client.settle(
                Settlement(
                    guard: .claim(mine, .store(self.response)),
                    quotas: [.init(meter: "tokens", amount: 5, month: month)]),
                plan: plan, nowMs: lateMs)
            #expect(settled == !isIdempotent)
        }
        let tokens = try await client.command(
            "GET", .text(client.keyspace.quota(org: "o", .live, meter: "tokens", month: month)))
        #expect(tokens.integer == 5, "one of the two settlements counted")
        await client.close()
    }

    @Test func `a heartbeat keeps a claim and a lease, for their owner only`() async throws {
        let client = try await self.client("claim-heartbeat")
        var plan = try self.plan()
        plan = AdmissionPlan(
            orgID: plan.orgID, environment: .live, keyID: plan.keyID, lineageID: plan.lineageID, routeID: plan.routeID,
            groups: plan.groups, leases: [.init(name: "flight", scope: .org, subject: "o", source: .base, max: 1)],
            leaseMs: self.claimMs, claims: plan.claims)
        let (claim, halfMs) = (Plans.claim(), Plans.nowMs + self.claimMs / 2)
        _ = try await client.admit(Plans.ask(plan, leaseIDs: [[7]], claim: claim), nowMs: Plans.nowMs)
        #expect(
            try await client.heartbeat(plan, claim: Plans.claim(owner: "x"), leaseID: [8], nowMs: halfMs) == [0, 0])
        #expect(try await client.heartbeat(plan, claim: claim, leaseID: [7], nowMs: halfMs) == [1, 1])
        let lateMs = Plans.nowMs + self.claimMs + 1
        let other = try await client.admit(Plans.ask(plan, leaseIDs: [[9]], claim: Plans.claim("k2")), nowMs: lateMs)
        #expect(other.outcome == .refused)
        #expect(other.leases == [1])
        _ = try await client.settle(
            Settlement(guard: .claim(claim, .release), leaseID: [7]), plan: plan, nowMs: lateMs)
        #expect(try await client.heartbeat(plan, claim: claim, leaseID: [7], nowMs: lateMs) == [0, 0])
        let after = try await client.admit(Plans.ask(plan, leaseIDs: [[9]], claim: Plans.claim("k2")), nowMs: lateMs)
        #expect(after.outcome == .admitted(1))
        await client.close()
    }

    @Test func `IK-7 and IK-8: keys are the org's, or the API key's where the route says so`() async throws {
        let client = try await self.client("claim-scope")
        let first = Plans.claim().requestID
        _ = try await self.outcome(client, try self.plan(), Plans.claim())
        #expect(try await self.outcome(client, try self.plan("p"), Plans.claim()) == .admitted(1))
        #expect(try await self.outcome(client, try self.plan(key: "key_2"), Plans.claim()) == .inProgress(first: first))
        let apart = try self.plan(scope: .apiKey)
        #expect(try await self.outcome(client, apart, Plans.claim()) == .admitted(1))
        #expect(
            try await self.outcome(client, try self.plan(scope: .apiKey, key: "key_2"), Plans.claim()) == .admitted(1))
        await client.close()
    }

    @Test func `IK-28 a key is forgotten after its retention`() async throws {
        let client = try await self.client("claim-ttl")
        let nowMs = try await TokenBucketTests.redisNowMs(client)
        let plan = try self.plan(retentionMs: 30)
        let period = UsagePeriod(atMs: nowMs)
        let request = Plans.ask(plan, claim: Plans.claim())
        #expect(try await client.admit([request], nowMs: 0, period: period).first?.outcome == .admitted(1))
        _ = try await client.settle(
            Settlement(guard: .claim(Plans.claim(), .store(self.response))), plan: plan, nowMs: 0)
        try await eventually("the key's end") {
            try await client.admit([request], nowMs: 0, period: period).first?.outcome == .admitted(1)
        }
        await client.close()
    }
}
