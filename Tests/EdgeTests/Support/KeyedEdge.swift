import Domain
import TestKit
import Testing

/// An edge whose `/v1/**` honours `Idempotency-Key`, with a tenant of its own, in front of an upstream.
struct KeyedEdge {
    let edge: TestEdge
    let upstream: ScriptedUpstream
    let tenant: Tenant

    /// Runs `body` with such an edge; `policy` adjusts how keys are honoured.
    static func with(
        policy change: (inout IdempotencyPolicy) -> Void = { _ in },
        configuration adjust: (inout Configuration) -> Void = { _ in },
        answer: @escaping @Sendable (ScriptedUpstream.Seen) -> ScriptedUpstream.Answer = { _ in .ok("made") },
        _ body: (KeyedEdge) async throws -> Void
    ) async throws {
        try await ScriptedUpstream.with(answer) { upstream in
            try await TestEdge.with(
                upstreamPort: upstream.port,
                configuration: {
                    Self.configure(&$0, change)
                    adjust(&$0)
                }
            ) { edge in
                try await body(KeyedEdge(edge: edge, upstream: upstream, tenant: edge.realm.issue()))
            }
        }
    }

    static func configure(_ configuration: inout Configuration, _ change: (inout IdempotencyPolicy) -> Void = { _ in })
    {
        configuration.route("v1") { route in
            var policy = IdempotencyPolicy()
            change(&policy)
            route.idempotency = policy
        }
    }

    /// A POST under a key, on a connection of its own.
    func post(_ key: String, target: String = "/v1/jobs", fields: String = "", body: String = "{}") throws
        -> RawResponse?
    {
        try self.edge.post(target, as: self.tenant, fields: "Idempotency-Key: \(key)\r\n\(fields)", body: body)
    }

    /// Waits until a request under the key is answered from the store, and returns that answer.
    func replay(_ key: String, body: String = "{}") async throws -> RawResponse {
        var response: RawResponse?
        try await eventually("a replay") {
            response = try self.post(key, body: body)
            return response?["idempotent-replayed"] == "true"
        }
        return try #require(response)
    }

    /// Waits until the key is free, by finding that a request under it was executed again.
    func expectExecutes(_ key: String, count: Int) async throws {
        try await eventually("another execution") {
            _ = try self.post(key)
            return self.upstream.requests.count >= count
        }
        #expect(self.upstream.requests.count == count)
    }
}
