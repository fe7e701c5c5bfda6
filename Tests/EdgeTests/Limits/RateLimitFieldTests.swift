import Domain
import TestKit
import Testing

@testable import Edge

/// RL-1 to RL-8: what answers say about limits.
@Suite(.serialized) struct RateLimitFieldTests {
    private static let hour = 3_600_000

    private static func play(
        _ limits: [Limit], configuration adjust: (inout Configuration) -> Void = { _ in },
        _ body: (TestEdge, ScriptedUpstream, Tenant) async throws -> Void
    ) async throws {
        try await ScriptedUpstream.with { upstream in
            try await TestEdge.with(
                upstreamPort: upstream.port,
                configuration: {
                    $0.plans[0].limits = limits
                    adjust(&$0)
                }
            ) { edge in
                try await body(edge, upstream, edge.realm.issue())
            }
        }
    }

    private static func limit(
        _ name: String, _ capacity: Int, _ refill: Int = 1, per periodMs: Int = hour, scope: LimitScope = .key
    ) -> Limit {
        Limit(name: name, scope: scope, capacity: capacity, refill: refill, periodMs: periodMs)
    }

    @Test func `RL-1 RL-2 both fields are structured lists of integers, on success and on refusal`() async throws {
        let limits = [
            Self.limit("burst", 2, 100, per: 60_000), Self.limit("day", 100_000, 100_000, per: 86_400_000, scope: .org),
        ]
        try await Self.play(limits) { edge, _, _ in
            let client = try edge.client()
            var answers: [RawResponse] = []
            // After 600 ms there is another token; where that was before the third request, with another key.
            try await eventually("three requests for two tokens") {
                let tenant = try await edge.realm.issue()
                answers = (0..<3).compactMap { _ in client.exchange(RawRequest.get("/v1/a", as: tenant)) }
                return answers.map(\.status) == [200, 200, 429]
            }
            for (response, remaining) in zip(answers, [1, 0]) {
                let policies = try response.policies()
                // q / w is the rate that can be kept up: 2 tokens take ceil(2 * 60 s / 100).
                #expect(policies.map(\.item) == ["burst", "day"])
                #expect(policies.map(\.parameters.q) == [2, 100_000])
                #expect(policies.map(\.parameters.w) == [2, 86_400])
                #expect(try response.remaining("burst") == remaining)
                #expect(response["retry-after"] == nil)
                #expect(try response.limits().first?.parameters.t == nil || remaining == 0)
            }
            let refused = answers[2]
            #expect(try refused.policies().map(\.item) == ["burst", "day"])
            #expect(try refused.remaining("burst") == 0)
            #expect(try refused.limits().first?.parameters.t == 1)
        }
    }

    @Test func `RL-3 Retry-After is not before t, and retry-after-ms is exact`() async throws {
        let limits = [Self.limit("half", 1, 1, per: 30_300), Self.limit("minute", 1, 1, per: 61_000)]
        try await Self.play(limits) { edge, _, tenant in
            let client = try edge.client()
            _ = client.exchange(RawRequest.get("/v1/a", as: tenant))
            let refused = try #require(client.exchange(RawRequest.get("/v1/a", as: tenant)))
            let seconds = try #require(refused["retry-after"].flatMap { Int($0) })
            let milliseconds = try #require(refused["retry-after-ms"].flatMap { Int($0) })
            #expect(seconds == (milliseconds + 999) / 1_000)
            #expect((1...61).contains(seconds))
            for item in try refused.limits() { #expect(item.parameters.t ?? 0 <= seconds) }
            #expect(refused.problem?["retry_after_ms"] as? Int == milliseconds)
            #expect(refused.problem?["violated_policies"] as? [String] == ["half", "minute"])
            #expect(refused["cache-control"] == "no-store")
        }
    }

    @Test func `RL-4 who waits as long as was said gets in`() async throws {
        try await Self.play([Self.limit("burst", 1, 1, per: 400)]) { edge, _, tenant in
            let client = try edge.client()
            #expect(client.exchange(RawRequest.get("/v1/a", as: tenant))?.status == 200)
            var refused = try #require(client.exchange(RawRequest.get("/v1/a", as: tenant)))
            try await eventually("a request that has to wait") {
                if refused.status == 429 { return true }
                refused = try #require(client.exchange(RawRequest.get("/v1/a", as: tenant)))
                return false
            }
            let waitMs = try #require(refused["retry-after-ms"].flatMap { Int($0) })
            #expect((1...400).contains(waitMs))
            let until = try await edge.realm.nowMs() + waitMs
            try await eventually("the time that was said") { try await edge.realm.nowMs() >= until }
            #expect(client.exchange(RawRequest.get("/v1/a", as: tenant))?.status == 200)
        }
    }

    @Test func `RL-5 a refused request takes nothing from any bucket`() async throws {
        try await Self.play([Self.limit("small", 2), Self.limit("large", 50, scope: .org)]) { edge, upstream, tenant in
            let client = try edge.client()
            for _ in 0..<2 { #expect(client.exchange(RawRequest.get("/v1/a", as: tenant))?.status == 200) }
            for _ in 0..<20 {
                let refused = try #require(client.exchange(RawRequest.get("/v1/a", as: tenant)))
                #expect(refused.status == 429)
                #expect(try refused.remaining("large") == 48)
                #expect(refused.problem?["violated_policies"] as? [String] == ["small"])
            }
            #expect(upstream.requests.count == 2)
        }
    }

    @Test func `RL-6 nobody learns of limits from a 401 or 403`() async throws {
        try await Self.play([Self.limit("burst", 5)], configuration: { $0.route("v1") { $0.scopes = ["s"] } }) {
            edge, _, tenant in
            let answers = try [
                edge.get("/v1/a", as: tenant), edge.exchange("GET /v1/a HTTP/1.1\r\nHost: a\r\n\r\n"),
            ]
            #expect(answers.map { $0?.status } == [403, 401])
            for answer in answers {
                #expect(answer?.fields.contains { $0.name.contains("ratelimit") } == false)
            }
        }
    }

    @Test func `RL-7 X-RateLimit-Reset is the second at which the bucket is full`() async throws {
        try await Self.play([Self.limit("burst", 10, 1, per: 600_000), Self.limit("roomy", 1_000, scope: .org)]) {
            edge, _, tenant in
            let client = try edge.client()
            for used in 1...3 {
                let before = try await edge.realm.nowMs()
                let response = try #require(client.exchange(RawRequest.get("/v1/a", as: tenant)))
                let after = try await edge.realm.nowMs()
                #expect(response["x-ratelimit-limit"] == "10")
                #expect(response["x-ratelimit-remaining"] == "\(10 - used)")
                let reset = try #require(response["x-ratelimit-reset"].flatMap { Int($0) })
                // Refill since the first request makes it a little sooner, never later.
                #expect(reset <= (after + used * 600_000 + 999) / 1_000)
                #expect(reset >= (before + used * 600_000) / 1_000 - 60)
                if used == 1 { #expect(reset >= (before + 600_000 + 999) / 1_000) }
            }
        }
    }

    @Test func `the older fields can be left out`() async throws {
        try await Self.play([Self.limit("burst", 10)], configuration: { $0.edge.legacyRateLimitFields = false }) {
            edge, _, tenant in
            let response = try edge.get("/v1/a", as: tenant)
            #expect(response?["ratelimit"] != nil)
            #expect(response?.fields.contains { $0.name.hasPrefix("x-ratelimit") } == false)
        }
    }

    @Test func `RL-8 a long wait is told as it is`() async throws {
        try await Self.play([Self.limit("hour", 1)]) { edge, _, tenant in
            let client = try edge.client()
            _ = client.exchange(RawRequest.get("/v1/a", as: tenant))
            let refused = client.exchange(RawRequest.get("/v1/a", as: tenant))
            let seconds = refused?["retry-after"].flatMap { Int($0) } ?? 0
            #expect((3_500...3_600).contains(seconds))
        }
    }

    @Test func `a route without limits says nothing of any`() async throws {
        try await Self.play([]) { edge, _, tenant in
            let response = try edge.get("/v1/a", as: tenant)
            #expect(response?.status == 200)
            #expect(response?.fields.contains { $0.name.contains("ratelimit") } == false)
        }
    }

    @Test func `PD-2 the document says which limit and keeps its title`() async throws {
        try await Self.play([Self.limit("burst", 1)]) { edge, _, tenant in
            let client = try edge.client()
            _ = client.exchange(RawRequest.get("/v1/a", as: tenant))
            let documents = (0..<2).compactMap { _ in client.exchange(RawRequest.get("/v1/a", as: tenant))?.problem }
            #expect(documents.count == 2)
            #expect(Set(documents.compactMap { $0["title"] as? String }).count == 1)
            #expect(documents.allSatisfy { ($0["detail"] as? String)?.contains("'burst'") == true })
            #expect(documents.allSatisfy { $0["type"] as? String == "urn:tollgate:problem:rate-limit-exceeded" })
        }
    }
}
