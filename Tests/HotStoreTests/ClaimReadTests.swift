import Domain
import HotStore
import RedisClient
import TestKit
import Testing

/// Idempotency claims as operators see them, on claims that the data path's own scripts have made.
struct ClaimReadTests {
    private func plan() -> AdmissionPlan {
        Plans.plan(
            org: "o", groups: [],
            claims: .init(scope: .org, claimMs: 3_600_000, retentionMs: 86_400_000, upstreamIdempotent: false))
    }

    @Test func `a claim is found while it runs, when it is done, and forgotten only then`() async throws {
        let prefix = "claims-\(UInt64.random(in: 0 ... .max)):"
        let client = try await HotClient(TestRedis.shared(), prefix: prefix)
        try await client.publish("o", tag: Plans.tag)
        let redis = try await TestRedis.shared().connect()
        let claims = Claims(redis: redis, keyspace: Keyspace(prefix: prefix))
        let time = try await redis.command("TIME").elements ?? []
        let nowMs = Int(time.first?.integer ?? 0) * 1_000

        #expect(try await claims.find(org: "o", .live, sha256Hex: "k") == nil)
        #expect(try await claims.expire(org: "o", .live, sha256Hex: "k") == .none)
        #expect(
            try await client.admit(Plans.ask(self.plan(), claim: Plans.claim()), nowMs: nowMs).outcome == .admitted(1))
        let running = try #require(try await claims.find(org: "o", .live, sha256Hex: "k"))
        #expect((running.state, running.requestID, running.fingerprint) == (.running, "r", "f"))
        #expect(running.responseStatus == nil)
        #expect(running.expiresAtMs == Int64(nowMs + 86_400_000))
        #expect(try await claims.find(org: "o", .test, sha256Hex: "k") == nil)
        #expect(try await claims.find(org: "o", .live, sha256Hex: "k", keyID: "key_1") == nil)
        #expect(try await claims.expire(org: "o", .live, sha256Hex: "k") == .running)

        let result = StoredResult.response(status: 201, headers: Array("a: b\r\n".utf8), body: Array("hello".utf8))
        let settlement = Settlement(guard: .claim(Plans.claim(), .store(result)))
        #expect(try await client.settle(settlement, plan: self.plan(), nowMs: nowMs))
        let done = try #require(try await claims.find(org: "o", .live, sha256Hex: "k"))
        #expect((done.state, done.responseStatus, done.responseBytes) == (.completed, 201, 5))
        #expect(try await claims.expire(org: "o", .live, sha256Hex: "k") == .expired)
        #expect(try await claims.find(org: "o", .live, sha256Hex: "k") == nil)
        #expect(
            try await client.admit(Plans.ask(self.plan(), claim: Plans.claim()), nowMs: nowMs).outcome == .admitted(1))
        await redis.close()
        await client.close()
    }

    @Test func `a claim whose gateway went away is told as unknown, and may be forgotten`() async throws {
        let prefix = "claims-\(UInt64.random(in: 0 ... .max)):"
        let client = try await HotClient(TestRedis.shared(), prefix: prefix)
        try await client.publish("o", tag: Plans.tag)
        let redis = try await TestRedis.shared().connect()
        let claims = Claims(redis: redis, keyspace: Keyspace(prefix: prefix))
        let time = try await redis.command("TIME").elements ?? []
        // Claimed two hours ago, with a lease of one.
        let nowMs = (Int(time.first?.integer ?? 0) - 7_200) * 1_000
        #expect(
            try await client.admit(Plans.ask(self.plan(), claim: Plans.claim()), nowMs: nowMs).outcome == .admitted(1))
        #expect(try await claims.find(org: "o", .live, sha256Hex: "k")?.state == .unknown)
        #expect(try await claims.expire(org: "o", .live, sha256Hex: "k") == .expired)
        await redis.close()
        await client.close()
    }

    @Test
    func `a claim that was ended as its gateway's is unknown, until the gateway, only slow, prolongs or settles it`()
        async throws
    {
        let prefix = "claims-\(UInt64.random(in: 0 ... .max)):"
        let client = try await HotClient(TestRedis.shared(), prefix: prefix)
        try await client.publish("o", tag: Plans.tag)
        let redis = try await TestRedis.shared().connect()
        let keyspace = Keyspace(prefix: prefix)
        let claims = Claims(redis: redis, keyspace: keyspace)
        let time = try await redis.command("TIME").elements ?? []
        // Claimed two hours ago, with a lease of one.
        let nowMs = Int(time.first?.integer ?? 0) * 1_000
        let thenMs = nowMs - 7_200_000
        let ask = Plans.ask(self.plan(), claim: Plans.claim())
        #expect(try await client.admit(ask, nowMs: thenMs).outcome == .admitted(1))
        let work = OpenWork(redis: redis, keyspace: keyspace)
        let found = try await work.look(isEnding: true)
        #expect((found.claims, found.overdueClaims, found.endedClaims) == (0, 1, 1))
        #expect(try await claims.find(org: "o", .live, sha256Hex: "k")?.state == .unknown)
        #expect(try await work.look(isEnding: true) == OpenWork.Count())
        let result = StoredResult.response(status: 201, headers: [], body: Array("hello".utf8))
        let settlement = Settlement(guard: .claim(Plans.claim(), .store(result)))
        #expect(try await client.settle(settlement, plan: self.plan(), nowMs: nowMs))
        #expect(try await claims.find(org: "o", .live, sha256Hex: "k")?.state == .completed)
        await redis.close()
        await client.close()
    }
}
