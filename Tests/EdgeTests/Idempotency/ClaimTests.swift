import Domain
import TestKit
import Testing

@testable import Edge

/// Who executes: IK-5, IK-9 and the rows of STANDARDS §1 where something goes wrong.
@Suite(.serialized) struct ClaimTests {
    private static let made = "HTTP/1.1 201 Created\r\nContent-Length: 4\r\n\r\nmade"

    /// A keyed edge in front of an upstream that the test plays.
    private static func play(
        policy: (inout IdempotencyPolicy) -> Void = { _ in },
        configuration adjust: (inout Configuration) -> Void = { _ in },
        _ body: (TestEdge, RawListener, Tenant) async throws -> Void
    ) async throws {
        let listener = try RawListener()
        try await TestEdge.with(
            upstreamPort: listener.port,
            configuration: {
                KeyedEdge.configure(&$0, policy)
                adjust(&$0)
            }
        ) { edge in
            try await body(edge, listener, edge.realm.issue())
        }
    }

    private static func keyed(_ tenant: Tenant, key: String = "k", body: String = "{}") -> String {
        RawRequest.post("/v1/jobs", as: tenant, fields: "Idempotency-Key: \(key)\r\n", body: body)
    }

    /// Asks until the answer is not "in progress".
    private static func settled(_ edge: TestEdge, _ tenant: Tenant) async throws -> RawResponse {
        var response: RawResponse?
        try await eventually("the settlement") {
            response = try edge.exchange(Self.keyed(tenant))
            return response?.code != "idempotency-in-progress"
        }
        return try #require(response)
    }

    @Test func `IK-23 while the first runs, others are 409`() async throws {
        try await Self.play { edge, listener, tenant in
            let first = try edge.client()
            first.send(Self.keyed(tenant))
            let (peer, _) = try listener.acceptRequest()
            for _ in 0..<3 {
                let other = try edge.exchange(Self.keyed(tenant))
                #expect(other?.status == 409)
                #expect(other?.code == "idempotency-in-progress")
                #expect(other?["retry-after"] == "1")
                #expect(other?["x-should-retry"] != "false")
            }
            // IK-24, row o: another body, while it runs.
            #expect(try edge.exchange(Self.keyed(tenant, body: "[]"))?.code == "idempotency-key-reused")
            peer.send(Self.made)
            let made = first.response()
            #expect(made?.status == 201)
            let again = try await Self.settled(edge, tenant)
            #expect(again["idempotent-replayed"] == "true")
            #expect(again["idempotent-original-request"] == made?["x-request-id"])
            #expect(!listener.hasConnection)
        }
    }

    @Test func `IK-5 a thousand requests of one key over two edges execute once`() async throws {
        try await ScriptedUpstream.with({ _ in
            .init(.wait(milliseconds: 20), .bytes("HTTP/1.1 201 Created\r\nContent-Length: 4\r\n\r\nmade"))
        }) { upstream in
            let realm = try await Realm()
            try await TestEdge.with(
                upstreamPort: upstream.port, realm: realm, threads: 2, configuration: { KeyedEdge.configure(&$0) }
            ) { one in
                try await TestEdge.with(
                    upstreamPort: upstream.port, realm: realm, configuration: { KeyedEdge.configure(&$0) }
                ) { two in
                    let tenant = try await realm.issue()
                    let clients = try (0..<200).map { try ($0 % 2 == 0 ? one : two).client() }
                    var made = 0
                    for _ in 0..<5 {
                        for client in clients { client.send(Self.keyed(tenant)) }
                        for client in clients {
                            let response = try #require(client.response())
                            if response.status == 201 {
                                #expect(response.text == "made")
                                if response["idempotent-replayed"] == nil { made += 1 }
                            } else {
                                #expect(response.code == "idempotency-in-progress")
                            }
                        }
                    }
                    #expect(made == 1)
                    #expect(upstream.requests.count == 1)
                }
            }
        }
    }

    @Test func `IK-9 a request that was limited claims nothing`() async throws {
        try await KeyedEdge.with(configuration: {
            $0.plans[0].limits = [Limit(name: "burst", scope: .key, capacity: 1, refill: 1, periodMs: 3_600_000)]
        }) { gate in
            #expect(try gate.post("first")?.status == 200)
            #expect(try gate.post("k")?.status == 429)
            try await gate.edge.realm.refill(gate.tenant)
            #expect(try gate.post("k")?.status == 200)
            #expect(gate.upstream.requests.count == 2)
        }
    }

    @Test func `a replay is served although the limit is used up`() async throws {
        try await KeyedEdge.with(configuration: {
            $0.plans[0].limits = [Limit(name: "burst", scope: .key, capacity: 2, refill: 1, periodMs: 3_600_000)]
        }) { gate in
            let first = try gate.post("k")
            #expect(first?.status == 200)
            for _ in 0..<5 {
                let again = try gate.post("k")
                #expect(again?["idempotent-replayed"] == "true")
            }
            #expect(try gate.post("other")?.status == 429)
        }
    }

    @Test func `IK-10 row a: what the gateway refuses leaves the key free`() async throws {
        try await KeyedEdge.with { gate in
            let refused = try gate.edge.exchange(
                "POST /v1/jobs HTTP/1.1\r\nHost: a\r\nIdempotency-Key: k\r\nContent-Length: 2\r\n\r\n{}")
            #expect(refused?.status == 401)
            #expect(try gate.post("k")?["idempotent-replayed"] == nil)
            #expect(gate.upstream.requests.count == 1)
        }
    }

    @Test func `IK-11 row b: an upstream that cannot be reached leaves the key free`() async throws {
        let closed = try RawListener(backlog: nil)
        defer { withExtendedLifetime(closed) {} }
        try await TestEdge.with(upstreamPort: closed.port, configuration: { KeyedEdge.configure(&$0) }) { edge in
            let tenant = try await edge.realm.issue()
            let client = try edge.client()
            for _ in 0..<3 {
                var response: RawResponse?
                try await eventually("the release") {
                    response = client.exchange(Self.keyed(tenant))
                    return response?.code != "idempotency-in-progress"
                }
                #expect(response?.code == "upstream-connect-failed")
                #expect(response?["idempotent-replayed"] == nil)
            }
        }
    }

    @Test func `IK-13 row d: a connection lost after the request is stored as that, and replayed`() async throws {
        try await Self.play { edge, listener, tenant in
            let client = try edge.client()
            client.send(Self.keyed(tenant))
            let (peer, _) = try listener.acceptRequest()
            _ = peer.read(2)
            peer.close()
            let first = client.response()
            #expect(first?.code == "upstream-connection-lost")
            #expect(first?["x-should-retry"] == "false")
            let again = try await Self.settled(edge, tenant)
            #expect(again.status == 502)
            #expect(again.code == "upstream-connection-lost")
            #expect(again["idempotent-replayed"] == "true")
            #expect(again["x-should-retry"] == "false")
            #expect(again.problem?["original_request_id"] as? String == first?["x-request-id"])
            #expect(!listener.hasConnection)
        }
    }

    @Test func `IK-14 row e: no answer in time is stored as that, and replayed`() async throws {
        try await Self.play(configuration: { $0.route("v1") { $0.timeouts.headMs = 100 } }) { edge, listener, tenant in
            let client = try edge.client()
            client.send(Self.keyed(tenant))
            let (peer, _) = try listener.acceptRequest()
            #expect(client.response()?.status == 504)
            let again = try await Self.settled(edge, tenant)
            #expect(again.status == 504)
            #expect(again.code == "upstream-timeout")
            #expect(again["idempotent-replayed"] == "true")
            #expect(!listener.hasConnection)
            withExtendedLifetime(peer) {}
        }
    }

    @Test func `IK-18 row h: a truncated answer is replayed as upstream-truncated`() async throws {
        try await Self.play { edge, listener, tenant in
            let client = try edge.client()
            client.send(Self.keyed(tenant))
            let (peer, _) = try listener.acceptRequest()
            _ = peer.read(2)
            peer.send("HTTP/1.1 201 Created\r\nContent-Length: 40\r\n\r\nma")
            #expect(client.read(through: "\r\n\r\nma") != nil)
            peer.close()
            #expect(client.endsSilently())
            let again = try await Self.settled(edge, tenant)
            #expect(again.status == 502)
            #expect(again.code == "upstream-truncated")
            #expect(again["idempotent-replayed"] == "true")
        }
    }

    @Test func `rows d, e and h: an upstream that honours keys itself is asked again`() async throws {
        try await Self.play(policy: { $0.upstreamIdempotent = true }) { edge, listener, tenant in
            let client = try edge.client()
            client.send(Self.keyed(tenant))
            let (peer, _) = try listener.acceptRequest()
            _ = peer.read(2)
            peer.close()
            #expect(client.response()?.code == "upstream-connection-lost")
            let again = try edge.client()
            var next: RawClient?
            try await eventually("another execution") {
                again.send(Self.keyed(tenant))
                while !again.isReadable(withinMs: 1) {
                    guard listener.hasConnection else { continue }
                    let (accepted, head) = try listener.acceptRequest()
                    #expect(head.contains("Idempotency-Key: k\r\n"))
                    next = accepted
                    return true
                }
                _ = again.response()
                return false
            }
            next?.send(Self.made)
            #expect(again.response()?.status == 201)
        }
    }

    @Test func `IK-22 IK-30 row l: a client that goes away gets its answer when it asks again`() async throws {
        try await Self.play { edge, listener, tenant in
            let client = try edge.client()
            client.send(Self.keyed(tenant))
            let (peer, _) = try listener.acceptRequest()
            client.reset()
            try await eventually("the edge to notice") { await edge.count("connections_open") == 0 }
            #expect(try edge.exchange(Self.keyed(tenant))?.code == "idempotency-in-progress")
            peer.send("HTTP/1.1 201 Created\r\nContent-Length: 8\r\n\r\n")
            peer.send("made")
            peer.send("made")
            let again = try await Self.settled(edge, tenant)
            #expect(again.status == 201)
            #expect(again.text == "mademade")
            #expect(again["idempotent-replayed"] == "true")
            #expect(!listener.hasConnection)
        }
    }

    @Test func `row l: a client that goes away in the middle of the answer does not spoil it`() async throws {
        try await Self.play { edge, listener, tenant in
            let client = try edge.client()
            client.send(Self.keyed(tenant))
            let (peer, _) = try listener.acceptRequest()
            peer.send("HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nmade\r\n")
            #expect(client.read(through: "made") != nil)
            client.close()
            try await eventually("the edge to notice") { await edge.count("connections_open") == 0 }
            peer.send("5\r\n later\r\n".replacing("5\r\n later", with: "6\r\n later"))
            peer.send("0\r\n\r\n")
            #expect(try await Self.settled(edge, tenant).text == "made later")
        }
    }

    @Test func `row k: a drained answer that takes too long is not waited for`() async throws {
        try await Self.play(policy: { $0.detachedTimeoutMs = 100 }) { edge, listener, tenant in
            let client = try edge.client()
            client.send(Self.keyed(tenant))
            let (peer, _) = try listener.acceptRequest()
            client.reset()
            #expect(peer.readToEnd() == "{}")
            let again = try await Self.settled(edge, tenant)
            #expect(again.status == 504)
            #expect(again["idempotent-replayed"] == "true")
        }
    }

    @Test func `IK-28 after its time a key is free`() async throws {
        try await KeyedEdge.with(policy: { $0.ttlMs = 300 }) { gate in
            #expect(try gate.post("k")?.status == 200)
            try await eventually("the key's end") { try gate.post("k")?["idempotent-replayed"] == nil }
            #expect(gate.upstream.requests.count == 2)
        }
    }

    @Test func `a client that leaves before its body is complete claims nothing`() async throws {
        try await KeyedEdge.with { gate in
            let client = try gate.edge.client()
            client.send(
                """
                POST /v1/jobs HTTP/1.1\r\nHost: a\r\n\(gate.tenant.authorization)Idempotency-Key: k\r\nContent-Length: 2\r\n\r\n{
                """)
            client.finishSending()
            client.reset()
            try await eventually("the end of the connection") { await gate.edge.count("connections_open") == 0 }
            #expect(try gate.post("k")?["idempotent-replayed"] == nil)
            #expect(gate.upstream.requests.count == 1)
        }
    }
}
