import Digests
import Domain
import Edge
import HotStore
import Synchronization
import TestKit
import Testing

/// How often Redis and the record layer are asked about a key.
@Suite(.serialized) struct KeyLookupTests {
    /// A record layer that counts how often it was asked.
    private final class Records: Sendable {
        struct Call: Sendable {
            let digest: SHA256Digest
            let key: [UInt8]
            let answer: @Sendable (KeyFallback.Outcome) -> Void
        }

        private let calls = Mutex<[Call]>([])

        var asked: [Call] { self.calls.withLock { $0 } }

        /// Answers at once with `outcome`, or keeps the question where that is nil.
        func fallback(_ outcome: KeyFallback.Outcome?) -> KeyFallback {
            KeyFallback { digest, key, answer in
                self.calls.withLock { $0.append(Call(digest: digest, key: key, answer: answer)) }
                if let outcome { answer(outcome) }
            }
        }
    }

    private static func play(
        fallback: KeyFallback? = nil, configuration: (inout Configuration) -> Void = { _ in },
        _ body: (TestEdge, ScriptedUpstream) async throws -> Void
    ) async throws {
        try await ScriptedUpstream.with { upstream in
            let edge = try await TestEdge(
                upstreamPort: upstream.port, dependencies: { $0.keyFallback = fallback }, configuration: configuration)
            do {
                try await body(edge, upstream)
            } catch {
                await edge.stop()
                throw error
            }
            await edge.stop()
        }
    }

    private static func stranger() -> Tenant {
        Tenant(environment: .live, key: .example(0, .live), org: .example(0, plan: "FREE"))
    }

    @Test func `a known key costs one look-up and then one script call a request`() async throws {
        try await Self.play { edge, _ in
            let tenant = try await edge.realm.issue()
            let client = try edge.client()
            let start = await edge.requestCommands()
            #expect(client.exchange(RawRequest.get("/v1/a", as: tenant))?.status == 200)
            let cold = await edge.requestCommands()
            #expect(cold - start == 5)
            for _ in 0..<10 { #expect(client.exchange(RawRequest.get("/v1/a", as: tenant))?.status == 200) }
            #expect(await edge.count("script_calls_total") == 11)
            #expect(await edge.count("key_cache_misses_total") == 1)
        }
    }

    @Test func `an unknown key is remembered as unknown for a while`() async throws {
        let records = Records()
        try await Self.play(fallback: records.fallback(.unknown)) { edge, upstream in
            let client = try edge.client()
            let stranger = Self.stranger()
            for _ in 0..<10 {
                #expect(client.exchange(RawRequest.get("/v1/a", as: stranger))?.code == "api-key-invalid")
            }
            #expect(records.asked.count == 1)
            #expect(records.asked.first?.key == Array(stranger.text.utf8))
            #expect(records.asked.first?.digest.hexText == stranger.sha256Hex)
            #expect(await edge.count("key_cache_misses_total") == 1)
            #expect(upstream.connections == 0)
        }
    }

    @Test func `a key that comes into being is known when the memory of its absence is over`() async throws {
        try await Self.play(configuration: { $0.edge.keyCache.negativeTtlMs = 100 }) { edge, _ in
            let tenant = Self.stranger()
            let client = try edge.client()
            #expect(client.exchange(RawRequest.get("/v1/a", as: tenant))?.status == 401)
            try await edge.realm.publish(tenant)
            try await eventually("the new key") { client.exchange(RawRequest.get("/v1/a", as: tenant))?.status == 200 }
        }
    }

    @Test func `a hundred requests with one cold key cause one look-up`() async throws {
        try await Self.play { edge, upstream in
            let tenant = try await edge.realm.issue()
            let clients = try (0..<100).map { _ in try edge.client() }
            let start = await edge.requestCommands()
            let scripts = await edge.count("script_calls_total")
            for client in clients { client.send(RawRequest.get("/v1/a", as: tenant)) }
            for client in clients { #expect(client.response()?.status == 200) }
            let calls = await edge.count("script_calls_total") - scripts
            // All that waited were resolved by the four commands of one look-up; later ones found the key cached.
            #expect(await edge.requestCommands() - start - calls <= 6)
            #expect(calls <= 100)
            #expect(upstream.requests.count == 100)
        }
    }

    @Test func `a flood with one unknown key asks the record layer once`() async throws {
        let records = Records()
        try await Self.play(fallback: records.fallback(nil)) { edge, _ in
            let stranger = Self.stranger()
            let clients = try (0..<100).map { _ in try edge.client() }
            for client in clients { client.send(RawRequest.get("/v1/a", as: stranger)) }
            try await eventually("the question") { records.asked.count == 1 }
            try await eventually("all to wait") { await edge.count("key_cache_misses_total") == 100 }
            records.asked[0].answer(.unknown)
            for client in clients { #expect(client.response()?.code == "api-key-invalid") }
            #expect(records.asked.count == 1)
            #expect(await edge.count("key_fallbacks_total") == 1)
        }
    }

    @Test func `what the record layer publishes is used at once`() async throws {
        let records = Records()
        try await Self.play(fallback: records.fallback(nil)) { edge, upstream in
            let tenant = Self.stranger()
            let client = try edge.client()
            client.send(RawRequest.post("/v1/a", as: tenant, body: "held body"))
            try await eventually("the question") { records.asked.count == 1 }
            try await edge.realm.publish(tenant)
            records.asked[0].answer(.published)
            #expect(client.response()?.status == 200)
            #expect(upstream.requests.first?.body == "held body")
        }
    }

    @Test(arguments: [KeyFallback.Outcome.refused, .unavailable])
    func `a record layer that cannot say is 503, and not remembered`(_ outcome: KeyFallback.Outcome) async throws {
        let records = Records()
        try await Self.play(fallback: records.fallback(outcome)) { edge, upstream in
            let client = try edge.client()
            for count in 1...3 {
                let response = client.exchange(RawRequest.get("/v1/a", as: Self.stranger()))
                #expect(response?.status == 503)
                #expect(response?.code == "key-lookup-unavailable")
                #expect(response?["retry-after"] != nil)
                #expect(records.asked.count == count)
            }
            #expect(upstream.connections == 0)
        }
    }

    @Test func `a record layer that says published and did not is not asked for ever`() async throws {
        let records = Records()
        try await Self.play(fallback: records.fallback(.published)) { edge, _ in
            let response = try edge.get("/v1/a", as: Self.stranger())
            #expect(response?.code == "api-key-invalid")
            #expect(records.asked.count == 1)
        }
    }

    @Test func `a client that leaves during the look-up is forgotten`() async throws {
        let records = Records()
        try await Self.play(fallback: records.fallback(nil)) { edge, upstream in
            let tenant = Self.stranger()
            let client = try edge.client()
            client.send(RawRequest.get("/v1/a", as: tenant))
            try await eventually("the question") { records.asked.count == 1 }
            client.close()
            try await eventually("the end of the connection") { await edge.count("connections_open") == 0 }
            try await edge.realm.publish(tenant)
            records.asked[0].answer(.published)
            #expect(try edge.get("/v1/a", as: tenant)?.status == 200)
            #expect(upstream.requests.count == 1)
            #expect(await edge.count("admissions_admitted_total") == 1)
        }
    }

    @Test func `the address limit keeps a flood of bad keys away`() async throws {
        let records = Records()
        try await Self.play(
            fallback: records.fallback(.unknown),
            configuration: {
                $0.edge.addressLimit = Limit(name: "address", scope: .ip, capacity: 5, refill: 1, periodMs: 3_600_000)
            }
        ) { edge, _ in
            let client = try edge.client()
            let statuses = (0..<10).map { _ in client.exchange(RawRequest.get("/v1/a", as: Self.stranger()))?.status }
            #expect(statuses == Array(repeating: 401, count: 5) + Array(repeating: 429, count: 5))
            #expect(records.asked.count == 5)
        }
    }

    @Test func `a request held for look-up and body counts once for the address limit`() async throws {
        try await Self.play(configuration: {
            $0.edge.addressLimit = Limit(name: "address", scope: .ip, capacity: 3, refill: 1, periodMs: 3_600_000)
            $0.route("v1") { $0.idempotency = IdempotencyPolicy() }
        }) { edge, _ in
            let tenant = try await edge.realm.issue()
            let statuses = try (0..<4).map {
                try edge.post("/v1/a", as: tenant, fields: "Idempotency-Key: k\($0)\r\n")?.status
            }
            #expect(statuses == [200, 200, 200, 429])
        }
    }
}
