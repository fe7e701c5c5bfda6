import Domain
import HotStore
import RedisClient
import TestKit
import Testing

@testable import Edge

/// The main job, end to end at the edge: a key, limits, idempotency, meters, over real sockets and a real Redis.
@Suite struct GatedTests {
    static func routes(_ configuration: inout Configuration) {
        var plan = Plan(code: "FREE", name: "Free")
        plan.limits = [
            Limit(name: "burst", scope: .key, capacity: 3, refill: 1, periodMs: 3_600_000),
            Limit(name: "org", scope: .org, capacity: 100, refill: 1, periodMs: 1_000),
        ]
        configuration.plans = [plan]
        var jobs = Route(id: "jobs", path: "/v1/jobs", upstream: "up")
        jobs.idempotency = IdempotencyPolicy()
        jobs.meters = [
            MeterRule(meter: "requests", quantity: .fixed(1)),
            MeterRule(meter: "jobs", quantity: .fixed(1), when: .success),
            MeterRule(meter: "units", quantity: .responseHeader("x-job-units"), when: .success),
        ]
        configuration.routes.append(jobs)
    }

    @Test func `a gated request is limited, metered and forwarded with its identity`() async throws {
        let redis = try await TestRedis.shared().connect(scripts: HotScripts.control)
        var key = PublishedKey()
        try await key.publish(to: redis)
        let upstream = try await ScriptedUpstream { _ in .ok("done", fields: "X-Job-Units: 5\r\n") }
        let edge = try await TestEdge(upstreamPort: upstream.port, change: Self.routes)
        let client = try RawClient(port: edge.port)
        let request = "POST /v1/jobs HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(key.key)\r\nContent-Length: 2\r\n\r\n{}"
        for remaining in [2, 1, 0] {
            let response = try #require(client.exchange(request))
            #expect(response.status == 200)
            #expect(response["ratelimit"]?.contains("\"burst\";r=\(remaining)") == true)
        }
        let refused = try #require(client.exchange(request))
        #expect(refused.status == 429)
        #expect(refused["retry-after"] != nil)
        #expect(upstream.requests.count == 3)
        #expect(upstream.requests.first?["x-tollgate-org"] == key.org.orgID)
        #expect(upstream.requests.first?["authorization"] == nil)
        let names = try await redis.command("KEYS", .text("tg:m:{\(key.org.orgID)}*")).elements ?? []
        try await eventually("units are settled") {
            let fields = try await redis.command("HGETALL", .text(names.first?.text ?? ""))
            return PrincipalRecordCodec.fields(fields).contains { $0.key.contains(":units:") && $0.value == "15" }
        }
        await edge.stop()
        await upstream.stop()
    }

    @Test func `the same key and body is answered once by the upstream`() async throws {
        let redis = try await TestRedis.shared().connect(scripts: HotScripts.control)
        var key = PublishedKey()
        try await key.publish(to: redis)
        let upstream = try await ScriptedUpstream { _ in .ok("job", fields: "X-Up: 1\r\n") }
        let edge = try await TestEdge(upstreamPort: upstream.port, change: Self.routes)
        let client = try RawClient(port: edge.port)
        func request(_ body: String) -> String {
            """
            POST /v1/jobs HTTP/1.1\r\nHost: a\r\nX-API-Key: \(key.key)\r\nIdempotency-Key: "k1"\r\n\
            Content-Length: \(body.utf8.count)\r\n\r\n\(body)
            """
        }
        let first = try #require(client.exchange(request("{}")))
        #expect(first.status == 200)
        try await eventually("the result is stored") {
            client.exchange(request("{}"))?["idempotent-replayed"] == "true"
        }
        let again = try #require(client.exchange(request("{}")))
        #expect(again.text == "job")
        #expect(again["x-up"] == "1")
        #expect(again["idempotent-original-request"] == first["x-request-id"])
        let other = try #require(client.exchange(request("{1}")))
        #expect(other.status == 422)
        #expect(upstream.requests.count == 1)
        await edge.stop()
        await upstream.stop()
    }

    @Test func `a revoked key is refused on the very next request`() async throws {
        let redis = try await TestRedis.shared().connect(scripts: HotScripts.control)
        var key = PublishedKey()
        try await key.publish(to: redis)
        let upstream = try await ScriptedUpstream { _ in .ok("ok") }
        let edge = try await TestEdge(upstreamPort: upstream.port, change: Self.routes)
        let client = try RawClient(port: edge.port)
        let request = "GET /v1/jobs HTTP/1.1\r\nHost: a\r\nX-API-Key: \(key.key)\r\n\r\n"
        #expect(client.exchange(request)?.status == 200)
        try await key.publish(to: redis) { record, _ in record.status = .revoked }
        let refused = try #require(client.exchange(request))
        #expect(refused.status == 401)
        #expect(refused.text.contains("api-key-revoked"))
        #expect(upstream.requests.count == 1)
        await edge.stop()
        await upstream.stop()
    }
}
