import Domain
import TestKit
import Testing

@testable import Edge

/// Gateways that die, and a Redis that does: rows m and n, SPEC §4.
@Suite struct AttemptLossTests {
    /// An edge whose upstream holds back its first answer.
    private static func hold(
        policy: (inout IdempotencyPolicy) -> Void = { _ in }, _ body: (KeyedScene) async throws -> Void
    ) async throws {
        try await KeyedScene.with(
            { number, _ in
                let answer = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n\(number)"
                return number == 1 ? .init(.gate, .bytes(answer)) : .init(.bytes(answer))
            }, policy: policy, body)
    }

    @Test func `IK-23 (row m) after a gateway's death the outcome is unknown, and said to be`() async throws {
        try await Self.hold { scene in
            let other = try await TestEdge(
                upstreamPort: scene.upstream.port, realm: scene.edge.realm,
                configuration: { KeyedScene.configure(&$0) })
            let client = try other.client()
            client.send(scene.request(key: "k"))
            try await scene.expectExecutions(1)
            await other.stop()
            #expect(try scene.send(key: "k")?.code == "idempotency-in-progress", "its lease is not over")
            try await scene.expireLeases()
            for _ in 1...2 {
                let unknown = try scene.send(key: "k")
                #expect(unknown?.status == 409)
                #expect(unknown?.code == "idempotency-outcome-unknown")
                #expect(unknown?["x-should-retry"] == "false")
                #expect(unknown?.problem?["original_request_id"] as? String != nil)
            }
            #expect(scene.executions == 1)
        }
    }

    @Test func `IK-23 (row m) a late end of the first attempt is still stored`() async throws {
        try await Self.hold { scene in
            let client = try scene.edge.client()
            client.send(scene.request(key: "k"))
            try await scene.expectExecutions(1)
            #expect(try await scene.sendAfterLease(key: "k")?.code == "idempotency-outcome-unknown")
            scene.upstream.proceed()
            #expect(client.response()?.text == "1")
            #expect(try scene.send(key: "k")?.text == "1")
            #expect(scene.executions == 1)
        }
    }

    @Test func `IK-23 (row m) where the upstream honours keys, it is asked again, and only the new attempt counts`()
        async throws
    {
        try await Self.hold(policy: { $0.upstreamIdempotent = true }) { scene in
            let client = try scene.edge.client()
            client.send(scene.request(key: "k"))
            try await scene.expectExecutions(1)
            let second = try await scene.sendAfterLease(key: "k")
            #expect(second?.text == "2")
            #expect(second?.isReplay == false)
            #expect(scene.upstream.requests.map { $0["idempotency-key"] } == ["k", "k"])
            // The first attempt is no longer the owner: its answer goes to its client and is not stored.
            scene.upstream.proceed()
            #expect(client.response()?.text == "1")
            let replay = try scene.send(key: "k")
            #expect(replay?.text == "2")
            #expect(replay?.isReplay == true)
            #expect(scene.executions == 2)
        }
    }

    @Test func `IK-24 (row n) in flight is 409 and worth waiting for`() async throws {
        try await Self.hold { scene in
            let client = try scene.edge.client()
            client.send(scene.request(key: "k"))
            try await scene.expectExecutions(1)
            let conflict = try scene.send(key: "k")
            #expect(conflict?.status == 409)
            #expect(conflict?.code == "idempotency-in-progress")
            #expect(conflict?["retry-after"] == "1")
            scene.upstream.proceed()
            #expect(client.response()?.text == "1")
            #expect(try scene.send(key: "k")?.isReplay == true)
        }
    }

    @Test func `Redis away: a keyed request is 503 and not forwarded; afterwards its key is free and it counts once`()
        async throws
    {
        let redis = try await TestRedis.start()
        try await ScriptedUpstream.with { upstream in
            let realm = try await Realm(redis: redis)
            let tenant = try await realm.issue()
            let edge = try await TestEdge(
                upstreamPort: upstream.port, realm: realm,
                dependencies: { $0.redis = redis.configuration(commandDeadlineMs: 150) },
                configuration: { KeyedScene.configure(&$0) })
            func send() throws -> RawResponse? {
                try edge.post("/v1/jobs", as: tenant, fields: "Idempotency-Key: k\r\n")
            }
            // The key's records must be known: else its look-up fails first.
            try await eventually("a first answer") { try edge.get("/v1/a", as: tenant)?.status == 200 }
            let before = upstream.requests.count
            try await realm.expectMeters(tenant, ["jobs": before])
            try await redis.pause()
            let refused = try send()
            #expect(refused?.status == 503)
            #expect(refused?.code == "limiter-unavailable")
            #expect(refused?["retry-after"] != nil)
            #expect(upstream.requests.count == before)
            redis.resume()
            // The stalled call is executed now and takes the key; nothing was forwarded under it, so it is given back.
            try await eventually("the execution") { try send()?.status == 200 }
            #expect(upstream.requests.count == before + 1)
            try await eventually("a replay") { try send()?.isReplay == true }
            try await realm.expectMeters(tenant, ["jobs": before + 1])
            await edge.stop()
        }
    }
}
