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

    /// Waits until the edge has leased its share of the limits.
    private static func expectLease(_ edge: TestEdge) async throws {
        try await eventually("a lease") { await edge.count("local_sharers") > 0 }
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
            try await Self.expectLease(edge)
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
            try await Self.expectLease(edge)
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
            // Limits are Redis's to forget; what was served is not.
            try await edge.realm.expectMeters(tenant, ["requests": 6])
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

    /// An edge that gives Redis a tenth of a second.
    private static func impatient(
        stallTimeoutMs: Int = 20_000, configuration adjust: @escaping (inout Configuration) -> Void = { _ in },
        _ body: (TestRedis, TestEdge, ScriptedUpstream, Tenant) async throws -> Void
    ) async throws {
        let redis = try await TestRedis.start()
        try await ScriptedUpstream.with { upstream in
            let realm = try await Realm(redis: redis)
            let edge = try await TestEdge(
                upstreamPort: upstream.port, realm: realm,
                dependencies: {
                    $0.redis.commandDeadlineMs = 100
                    $0.redis.stallTimeoutMs = stallTimeoutMs
                    $0.redis.connectTimeoutMs = 500
                },
                configuration: {
                    $0.route("v1") { $0.meters = [MeterRule(meter: "requests", quantity: .fixed(1))] }
                    adjust(&$0)
                })
            do {
                let tenant = try await realm.issue()
                try await eventually("a first answer") {
                    try edge.get("/v1/a", as: tenant)?.status == 200
                }
                try await Self.expectLease(edge)
                try await body(redis, edge, upstream, tenant)
            } catch {
                redis.resume()
                await edge.stop()
                throw error
            }
            await edge.stop()
        }
    }

    @Test func `a Redis that hangs is not waited for beyond the deadline, and then not at all, until it answers`()
        async throws
    {
        try await Self.impatient { redis, edge, upstream, tenant in
            let client = try edge.client()
            let before = upstream.requests.count
            try await redis.pause()
            for _ in 0..<50 { #expect(client.exchange(RawRequest.get("/v1/a", as: tenant))?.status == 200) }
            // The first few found out; the others were decided at once.
            #expect(await edge.count("store_breaker_openings_total") == 1)
            #expect(await edge.count("admissions_unanswered_total") <= 6)
            #expect(await edge.count("loops_without_store") == 1)
            redis.resume()
            try await eventually("recovery by itself") { await edge.count("loops_without_store") == 0 }
            let decided = await edge.count("admissions_admitted_total")
            try await eventually("a decision by Redis") {
                #expect(client.exchange(RawRequest.get("/v1/a", as: tenant))?.status == 200)
                return await edge.count("admissions_admitted_total") > decided
            }
            let served = upstream.requests.count
            #expect(served > before + 50)
            try await edge.realm.expectMeters(tenant, ["requests": served])
            #expect(await edge.count("requests_unsettled") == 0)
        }
    }

    @Test func `deny answers 503 while Redis hangs, and nothing of it is counted`() async throws {
        try await Self.impatient(configuration: { $0.route("v1") { $0.storeFailure = .deny } }) {
            redis, edge, upstream, tenant in
            let client = try edge.client()
            let before = upstream.requests.count
            try await redis.pause()
            for _ in 0..<20 {
                let response = client.exchange(RawRequest.get("/v1/a", as: tenant))
                #expect(response?.code == "limiter-unavailable")
                #expect(response?["retry-after"] == "1")
            }
            #expect(upstream.requests.count == before)
            redis.resume()
            try await eventually("recovery by itself") {
                client.exchange(RawRequest.get("/v1/a", as: tenant))?.status == 200
            }
            try await edge.realm.expectMeters(tenant, ["requests": upstream.requests.count])
        }
    }

    @Test func `a route's own deadline holds for it alone, and so does its breaker`() async throws {
        // The link would wait for 20 s; the route does not.
        let redis = try await TestRedis.start()
        try await ScriptedUpstream.with { upstream in
            let realm = try await Realm(redis: redis)
            let edge = try await TestEdge(
                upstreamPort: upstream.port, realm: realm,
                configuration: {
                    $0.route("v1") {
                        $0.storeDeadlineMs = 100
                        $0.storeFailure = .deny
                    }
                    var patient = Route(id: "v2", path: "/v2/**", upstream: "up")
                    patient.storeFailure = .deny
                    $0.routes.append(patient)
                })
            do {
                let tenant = try await realm.issue()
                let (quick, patient) = (try edge.client(), try edge.client())
                #expect(quick.exchange(RawRequest.get("/v1/a", as: tenant))?.status == 200)
                #expect(patient.exchange(RawRequest.get("/v2/a", as: tenant))?.status == 200)
                try await redis.pause()
                patient.send(RawRequest.get("/v2/a", as: tenant))
                for _ in 0..<10 {
                    #expect(quick.exchange(RawRequest.get("/v1/a", as: tenant))?.code == "limiter-unavailable")
                }
                #expect(await edge.count("store_breaker_openings_total") == 1)
                redis.resume()
                #expect(patient.response()?.status == 200, "it waited, and its breaker is closed")
                try await eventually("recovery by itself") {
                    quick.exchange(RawRequest.get("/v1/a", as: tenant))?.status == 200
                }
                #expect(await edge.count("store_breaker_openings_total") == 1)
            } catch {
                redis.resume()
                await edge.stop()
                throw error
            }
            await edge.stop()
        }
    }

    /// A deny route with a deadline of 2 s, before a Redis whose every answer takes 0.8 s once `slow` is set.
    private static func slow(
        _ body: (SlowRelay, TestEdge, ScriptedUpstream, Tenant) async throws -> Void
    ) async throws {
        let redis = try await TestRedis.start()
        let relay = try await SlowRelay.start(to: redis.socketPath)
        try await ScriptedUpstream.with { upstream in
            let realm = try await Realm(redis: redis)
            let edge = try await TestEdge(
                upstreamPort: upstream.port, realm: realm,
                dependencies: {
                    $0.redis.endpoint = .tcp(host: "127.0.0.1", port: relay.port)
                    $0.redis.commandDeadlineMs = 2_000
                },
                configuration: { $0.route("v1") { $0.storeFailure = .deny } })
            do {
                try await body(relay, edge, upstream, realm.issue())
            } catch {
                await edge.stop()
                throw error
            }
            await edge.stop()
        }
        await relay.stop()
    }

    @Test func `a request waits for one deadline in all, look-up of its key and decision together`() async throws {
        try await Self.slow { relay, edge, upstream, known in
            let client = try edge.client()
            #expect(client.exchange(RawRequest.get("/v1/a", as: known))?.status == 200)
            relay.delay(ms: 800)
            // Its key is cached: one answer, within the deadline.
            #expect(client.exchange(RawRequest.get("/v1/a", as: known))?.status == 200)
            // Three answers, each within the deadline, and all of them not.
            let cold = try await edge.realm.issue()
            #expect(client.exchange(RawRequest.get("/v1/a", as: cold))?.code == "limiter-unavailable")
            #expect(upstream.requests.count == 2)
            // The last of the three had too little time for Redis to be judged by.
            #expect(await edge.count("store_breaker_openings_total") == 0)
            // What was read is kept.
            try await eventually("a decision") { client.exchange(RawRequest.get("/v1/a", as: cold))?.status == 200 }
        }
    }

    @Test func `a key whose claim was made behind a lost answer is free again`() async throws {
        try await Self.impatient(
            stallTimeoutMs: 500, configuration: { $0.route("v1") { $0.idempotency = IdempotencyPolicy() } }
        ) { redis, edge, upstream, tenant in
            let client = try edge.client()
            let before = upstream.requests.count
            let keyed = RawRequest.post("/v1/a", as: tenant, fields: "Idempotency-Key: lost\r\n")
            try await redis.pause()
            for _ in 0..<4 { #expect(client.exchange(keyed)?.code == "limiter-unavailable") }
            // Long enough for the connection to be given up, with the claims still in its socket.
            try await eventually("another attempt to connect") { await edge.server.readiness().loopsWithRedis == 0 }
            redis.resume()
            try await eventually("the execution") { client.exchange(keyed)?.status == 200 }
            try await eventually("the replay") { client.exchange(keyed)?["idempotent-replayed"] == "true" }
            #expect(upstream.requests.count == before + 1)
            try await edge.realm.expectMeters(tenant, ["requests": before + 1])
        }
    }

    @Test func `two gateways share a limit while Redis is away, and admit no more than all of it`() async throws {
        let redis = try await Self.durable()
        try await ScriptedUpstream.with { upstream in
            let realm = try await Realm(redis: redis)
            var edges: [TestEdge] = []
            for _ in 0..<2 {
                edges.append(
                    try await TestEdge(
                        upstreamPort: upstream.port, realm: realm,
                        configuration: { configuration in
                            configuration.plans[0].limits = [
                                Limit(name: "burst", scope: .key, capacity: 21, refill: 1, periodMs: 3_600_000)
                            ]
                            configuration.route("v1") {
                                $0.meters = [MeterRule(meter: "requests", quantity: .fixed(1))]
                            }
                        }))
            }
            let tenant = try await realm.issue()
            for edge in edges {
                #expect(try edge.get("/v1/a", as: tenant)?.status == 200)
                try await eventually("a lease of half") { await edge.count("local_sharers") == 2 }
            }
            try await redis.kill()
            for edge in edges { try await Self.expectAway(edge) }
            var served = 0
            for round in 0..<40 {
                if try edges[round % 2].get("/v1/a", as: tenant)?.status == 200 { served += 1 }
            }
            #expect(served == 20)
            try await redis.restart()
            try await realm.expectMeters(tenant, ["requests": 2 + served])
            for edge in edges { await edge.stop() }
        }
    }

    @Test func `a gateway that takes another's place spends nothing that was spent before, and says so`() async throws {
        let redis = try await Self.durable()
        try await ScriptedUpstream.with { upstream in
            let realm = try await Realm(redis: redis)
            func start() async throws -> TestEdge {
                try await TestEdge(
                    upstreamPort: upstream.port, realm: realm,
                    configuration: { configuration in
                        configuration.plans[0].limits = [
                            Limit(name: "burst", scope: .key, capacity: 20, refill: 1, periodMs: 3_600_000)
                        ]
                    })
            }
            let tenant = try await realm.issue()
            let first = try await start()
            #expect(try first.get("/v1/a", as: tenant)?.status == 200)
            try await Self.expectLease(first)
            try await redis.kill()
            try await Self.expectAway(first)
            for _ in 0..<5 { #expect(try first.get("/v1/a", as: tenant)?.status == 200) }
            #expect(await first.value("local_bound_tokens", route: "v1", limit: "burst").map { Int($0) } == 20)
            #expect(await first.value("local_spent_tokens", route: "v1", limit: "burst") == 5)
            try await redis.restart()
            #expect(await first.server.redisReady(withinMs: 20_000))
            await first.server.shutdown(drainMs: 10_000)
            let second = try await start()
            #expect(await second.count("local_sharers") == 0)
            #expect(try second.get("/v1/a", as: tenant)?.status == 200)
            try await Self.expectLease(second)
            try await redis.kill()
            try await Self.expectAway(second)
            #expect(try second.get("/v1/a", as: tenant)?.code == "limiter-unavailable")
            #expect(await second.value("local_spent_tokens", route: "v1", limit: "burst") == 0)
            await second.stop()
        }
    }
}
