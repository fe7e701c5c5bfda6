import Domain
import TestKit
import Testing

@testable import Edge

/// PD-1 to PD-3: the documents of everything that one edge refuses.
@Suite(.serialized) struct ProblemTests {
    /// Requests that are refused, each for another reason, with the code expected.
    private static func refusals(_ tenant: Tenant, scoped: Tenant) -> [(code: ProblemCode, request: String)] {
        let key = tenant.authorization
        func get(_ target: String, _ fields: String = "") -> String {
            "GET \(target) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n"
        }
        return [
            (.malformedRequest, "GET /open/a HTTP/1.1\r\n\r\n"),
            (.multipleCredentials, get("/v1/a", key + "X-API-Key: x\r\n")), (.credentialsMissing, get("/v1/a")),
            (.apiKeyInvalid, get("/v1/a", "X-API-Key: nonsense\r\n")), (.insufficientScope, get("/scoped/a", key)),
            (.featureNotAvailable, get("/feature/a", key)), (.routeNotFound, get("/nowhere")),
            (.methodNotAllowed, "PUT /scoped/a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"),
            (.uriTooLong, get("/open/" + String(repeating: "a", count: 9_000))),
            (.headerFieldsTooLarge, get("/open/a", "X: " + String(repeating: "a", count: 40_000) + "\r\n")),
            (.expectationFailed, get("/open/a", "Expect: tea\r\n")),
            (.notImplemented, "BREW / HTTP/1.1\r\nHost: a\r\n\r\n"),
            (.httpVersionNotSupported, "GET / HTTP/3.0\r\nHost: a\r\n\r\n"),
            (.contentTooLarge, "POST /open/a HTTP/1.1\r\nHost: a\r\nContent-Length: 200\r\n\r\n"),
            (.idempotencyKeyMissing, "POST /keyed/a HTTP/1.1\r\nHost: a\r\n\(key)Content-Length: 0\r\n\r\n"),
            (
                .idempotencyKeyInvalid,
                "POST /keyed/a HTTP/1.1\r\nHost: a\r\n\(key)Idempotency-Key: a b\r\nContent-Length: 0\r\n\r\n"
            ),
            (.costInvalid, get("/costly/a", key + "X-Cost: x\r\n")),
            (.costExceedsCapacity, get("/costly/a", key + "X-Cost: 50\r\n")),
            (.upstreamConnectFailed, get("/dead/a")), (.upstreamUnavailable, get("/none/a")),
        ]
    }

    private static func configure(_ configuration: inout Configuration, dead: Int) {
        configuration.errors.baseURI = "https://errors.example/"
        configuration.upstreams.append(
            Upstream(name: "dead", endpoints: [ListenAddress(host: "127.0.0.1", port: dead)]))
        configuration.upstreams.append(Upstream(name: "none", endpoints: []))
        configuration.route("open") { $0.bodyBytesMax = 100 }
        var scoped = Route(id: "scoped", path: "/scoped/**", upstream: "up")
        scoped.methods = ["GET", "POST"]
        scoped.scopes = ["s"]
        var feature = Route(id: "feature", path: "/feature/**", upstream: "up")
        feature.feature = "f"
        var keyed = Route(id: "keyed", path: "/keyed/**", upstream: "up")
        keyed.idempotency = IdempotencyPolicy()
        keyed.idempotency?.required = true
        var costly = Route(id: "costly", path: "/costly/**", upstream: "up")
        costly.cost = .header(name: "X-Cost", otherwise: 1, max: 100)
        costly.limits = [Limit(name: "units", scope: .key, capacity: 10, refill: 1, periodMs: 1_000, unit: .cost)]
        var dead = Route(id: "dead", path: "/dead/**", upstream: "dead")
        dead.authentication = .none
        var none = Route(id: "none", path: "/none/**", upstream: "none")
        none.authentication = .none
        configuration.routes += [scoped, feature, keyed, costly, dead, none]
    }

    @Test func `PD-1 PD-2 PD-3 every refusal is a problem document of one form`() async throws {
        let closed = try RawListener(backlog: nil)
        defer { withExtendedLifetime(closed) {} }
        try await ScriptedUpstream.with { upstream in
            try await TestEdge.with(
                upstreamPort: upstream.port, configuration: { Self.configure(&$0, dead: closed.port) }
            ) { edge in
                let tenant = try await edge.realm.issue()
                for (code, request) in Self.refusals(tenant, scoped: tenant) {
                    let answers = try (0..<2).compactMap { _ in try edge.exchange(request) }
                    for answer in answers {
                        let problem = try #require(answer.problem, "\(code)")
                        #expect(answer.status == code.status, "\(code)")
                        #expect(problem["status"] as? Int == answer.status, "\(code)")
                        #expect(problem["code"] as? String == code.rawValue)
                        #expect(problem["type"] as? String == "https://errors.example/\(code.rawValue)")
                        #expect(problem["title"] as? String == code.title)
                        #expect((problem["detail"] as? String)?.isEmpty == false)
                        #expect(problem["request_id"] as? String == answer["x-request-id"])
                        #expect(answer.all("content-type") == ["application/problem+json"])
                        #expect(answer["x-tollgate-error"] == code.rawValue)
                        #expect(answer["cache-control"] == "no-store")
                        #expect(answer["content-language"] == "en")
                        #expect(answer["date"] != nil)
                        #expect((answer["retry-after"] != nil) == (code.retryAfterSeconds != nil), "\(code)")
                        // 413 and 417 close as well: a body that nobody will read may be on its way.
                        let closes = code.closesConnection || code == .contentTooLarge || code == .expectationFailed
                        #expect((answer["connection"] == "close") == closes, "\(code)")
                    }
                    #expect(answers.count == 2, "\(code)")
                    #expect(Set(answers.compactMap { $0["x-request-id"] }).count == 2)
                }
                #expect(upstream.connections == 0)
            }
        }
    }

    @Test func `PD-3 HEAD gets the head alone`() async throws {
        try await ScriptedUpstream.with { upstream in
            try await TestEdge.with(upstreamPort: upstream.port) { edge in
                let client = try edge.client()
                for _ in 0..<2 {
                    let response = client.exchange("HEAD /nowhere HTTP/1.1\r\nHost: a\r\n\r\n", head: true)
                    #expect(response?.status == 404)
                    #expect(response?["content-type"] == "application/problem+json")
                    #expect(response?["content-length"].flatMap { Int($0) } ?? 0 > 0)
                }
            }
        }
    }

    @Test func `405 says which methods there are`() async throws {
        try await ScriptedUpstream.with { upstream in
            try await TestEdge.with(
                upstreamPort: upstream.port, configuration: { $0.route("open") { $0.methods = ["GET", "POST"] } }
            ) { edge in
                let response = try edge.exchange("DELETE /open/a HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(response?.status == 405)
                let allowed = Set((response?["allow"] ?? "").split(separator: ",").map { $0.filter { $0 != " " } })
                #expect(allowed.isSuperset(of: ["GET", "POST"]))
                #expect(!allowed.contains("DELETE"))
                let trace = try edge.exchange("TRACE /open/a HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(trace?.status == 405)
                #expect(upstream.connections == 0)
            }
        }
    }

    @Test func `an upstream's own error passes untouched`() async throws {
        try await ScriptedUpstream.with({ _ in
            .init(.bytes("HTTP/1.1 500 Oops\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\noops"))
        }) { upstream in
            try await TestEdge.with(upstreamPort: upstream.port) { edge in
                let response = try edge.exchange("GET /open/a HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(response?.status == 500)
                #expect(response?.text == "oops")
                #expect(response?["content-type"] == "text/plain")
                #expect(response?["x-tollgate-error"] == nil)
            }
        }
    }
}
