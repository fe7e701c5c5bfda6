import Domain
import RedisClient
import TestKit
import Testing

@testable import Edge

/// SPEC §4: Redis away, empty, without its scripts.
@Suite(.serialized) struct StoreFailureTests {
    private static func play(
        _ redis: TestRedis, configuration adjust: @escaping (inout Configuration) -> Void = { _ in },
        _ body: (TestEdge, ScriptedUpstream, Tenant) async throws -> Void
    ) async throws {
        try await ScriptedUpstream.with { upstream in
            try await TestEdge.with(
                upstreamPort: upstream.port, realm: Realm(redis: redis),
                configuration: { configuration in
                    configuration.plans[0].limits = [
                        Limit(name: "burst", scope: .key, capacity: 20, refill: 1, periodMs: 3_600_000)
                    ]
                    configuration.route("v1") { $0.meters = [MeterRule(meter: "requests", quantity: .fixed(1))] }
                    adjust(&configuration)
                }
            ) { edge in
                try await body(edge, upstream, edge.realm.issue())
            }
        }
    }

    private static func durable() async throws -> TestRedis {
        var options = TestRedis.Options()
        options.isAppendOnly = true
        return try await TestRedis.start(options)
    }

    /// Waits until the edge has noticed that its Redis is gone.
    private static func expectAway(_ edge: TestEdge) async throws {
        try await eventually("Redis's absence") { await edge.server.readiness().loopsWithRedis == 0 }
    }

    @Test func `deny refuses while Redis is away, and goes on when it is back`() async throws {
        let redis = try await Self.durable()
        try await Self.play(redis, configuration: { $0.route("v1") { $0.storeFailure = .deny } }) {
            edge, upstream, tenant in
            let client = try edge.client()
            #expect(client.exchange(RawRequest.get("/v1/a", as: tenant))?.status == 200)
            try await redis.kill()
            try await Self.expectAway(edge)
            for _ in 0..<3 {
                let response = client.exchange(RawRequest.get("/v1/a", as: tenant))
                #expect(response?.status == 503)
                #expect(response?.code == "limiter-unavailable")
                #expect(response?["retry-after"] == "1")
            }
            #expect(upstream.requests.count == 1)
            try await redis.restart()
            #expect(await edge.server.redisReady(withinMs: 20_000))
            #expect(client.exchange(RawRequest.get("/v1/a", as: tenant))?.status == 200)
            try await edge.realm.expectMeters(tenant, ["requests": 2])
        }
    }

    @Test func `local goes on from memory within the limits, and its usage is settled when Redis is back`() async throws
    {
        let redis = try await Self.durable()
        try await Self.play(redis) { edge, upstream, tenant in
            let client = try edge.client()
            #expect(client.exchange(RawRequest.get("/v1/a", as: tenant))?.status == 200)
            try await redis.kill()
            try await Self.expectAway(edge)
            let statuses = (0..<30).map { _ in client.exchange(RawRequest.get("/v1/a", as: tenant))?.status ?? 0 }
            let served = statuses.count { $0 == 200 }
            #expect(served == 20)
            #expect(statuses.allSatisfy { [200, 429, 503].contains($0) })
            #expect(await edge.count("admissions_local_total") == 20)
            try await redis.restart()
            try await edge.realm.expectMeters(tenant, ["requests": 1 + served])
            #expect(upstream.requests.count == 1 + served)
        }
    }

    @Test func `a keyed request is never decided without Redis`() async throws {
        let redis = try await Self.durable()
        try await Self.play(redis, configuration: { $0.route("v1") { $0.idempotency = IdempotencyPolicy() } }) {
            edge, upstream, tenant in
            let client = try edge.client()
            let keyed = RawRequest.post("/v1/a", as: tenant, fields: "Idempotency-Key: k\r\n")
            #expect(client.exchange(keyed)?.status == 200)
            try await redis.kill()
            try await Self.expectAway(edge)
            #expect(client.exchange(keyed)?.code == "limiter-unavailable")
            #expect(client.exchange(RawRequest.post("/v1/a", as: tenant))?.status == 200)
            try await redis.restart()
            #expect(await edge.server.redisReady(withinMs: 20_000))
            // The first result may have been on its way when Redis died; it is sent again.
            try await eventually("the replay") { client.exchange(keyed)?["idempotent-replayed"] == "true" }
            #expect(upstream.requests.count == 2)
        }
    }

    @Test func `a key that is not cached cannot be judged without Redis`() async throws {
        let redis = try await Self.durable()
        try await Self.play(redis) { edge, upstream, tenant in
            try await redis.kill()
            try await Self.expectAway(edge)
            let response = try edge.get("/v1/a", as: tenant)
            #expect(response?.status == 503)
            #expect(response?["retry-after"] != nil)
            #expect(upstream.connections == 0)
        }
    }

    @Test func `a Redis that comes back empty starts limits full and keeps counting`() async throws {
        let redis = try await TestRedis.start()
        try await Self.play(redis) { edge, _, tenant in
            let client = try edge.client()
            for _ in 0..<5 { #expect(client.exchange(RawRequest.get("/v1/a", as: tenant))?.status == 200) }
            try await redis.restart()
            #expect(await edge.server.redisReady(withinMs: 20_000))
            // Its records are gone too; they are published again, as the outbox does.
            var again = tenant
            again.org.version += 1
            try await eventually("the records are published") { (try? await edge.realm.publish(again)) != nil }
            let response = try #require(client.exchange(RawRequest.get("/v1/a", as: tenant)))
            #expect(response.status == 200)
            #expect(try response.remaining("burst") == 19)
            try await edge.realm.expectMeters(tenant, ["requests": 1])
        }
    }

    @Test func `TB-12 scripts that are flushed under load come back without anybody noticing`() async throws {
        let redis = try await TestRedis.start()
        try await Self.play(
            redis,
            configuration: {
                $0.plans[0].limits = []
                $0.plans[0].concurrency = [ConcurrencyLimit(name: "flight", scope: .key, max: 1_000)]
            }
        ) { edge, upstream, tenant in
            let clients = try (0..<20).map { _ in try edge.client() }
            for _ in 0..<20 {
                for client in clients { client.send(RawRequest.get("/v1/a", as: tenant)) }
                _ = try await edge.realm.connection.command("SCRIPT", "FLUSH")
                for client in clients { #expect(client.response()?.status == 200) }
            }
            #expect(upstream.requests.count == 400)
            try await edge.realm.expectMeters(tenant, ["requests": 400])
        }
    }

    @Test func `a Redis that hangs delays nobody beyond the deadline`() async throws {
        let redis = try await TestRedis.start()
        try await ScriptedUpstream.with { upstream in
            let realm = try await Realm(redis: redis)
            let edge = try await TestEdge(
                upstreamPort: upstream.port, realm: realm, dependencies: { $0.redis.commandDeadlineMs = 100 })
            let tenant = try await realm.issue()
            let client = try edge.client()
            try await eventually("a first answer") {
                client.exchange(RawRequest.get("/v1/a", as: tenant))?.status == 200
            }
            let served = upstream.requests.count
            try await redis.pause()
            let response = client.exchange(RawRequest.get("/v1/a", as: tenant))
            redis.resume()
            // It may have been counted already, so it is not decided a second time.
            #expect(response?.code == "limiter-unavailable")
            #expect(upstream.requests.count == served)
            await edge.stop()
        }
    }
}
