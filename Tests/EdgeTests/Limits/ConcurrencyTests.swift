import Domain
import TestKit
import Testing

@testable import Edge

/// Caps on requests in flight, and quotas.
@Suite(.serialized) struct ConcurrencyTests {
    private static func play(
        edges count: Int = 1, max: Int = 2, configuration adjust: (inout Configuration) -> Void = { _ in },
        _ body: ([TestEdge], RawListener, Tenant) async throws -> Void
    ) async throws {
        let listener = try RawListener()
        let realm = try await Realm()
        var edges: [TestEdge] = []
        do {
            for _ in 0..<count {
                edges.append(
                    try await TestEdge(
                        upstreamPort: listener.port, realm: realm,
                        configuration: {
                            $0.plans[0].concurrency = [ConcurrencyLimit(name: "flight", scope: .org, max: max)]
                            adjust(&$0)
                        }))
            }
            try await body(edges, listener, realm.issue())
        } catch {
            for edge in edges { await edge.stop() }
            throw error
        }
        for edge in edges { await edge.stop() }
    }

    private static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    /// Waits until a request is let through to the upstream, and answers it.
    private static func expectRoom(_ edge: TestEdge, _ listener: RawListener, _ tenant: Tenant) async throws {
        try await eventually("room for another request") {
            let client = try edge.client()
            client.send(RawRequest.get("/v1/a", as: tenant))
            while !client.isReadable(withinMs: 1) {
                if listener.hasConnection {
                    let (peer, _) = try listener.acceptRequest()
                    peer.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
                    return client.response()?.status == 200
                }
            }
            return false
        }
    }

    @Test func `requests beyond the cap are refused until one ends, over all edges`() async throws {
        try await Self.play(edges: 2) { edges, listener, tenant in
            let clients = try edges.map { try $0.client() }
            for client in clients { client.send(RawRequest.get("/v1/a", as: tenant)) }
            let peers = try (0..<2).map { _ in try listener.acceptRequest().peer }
            for edge in edges {
                let refused = try edge.get("/v1/a", as: tenant)
                #expect(refused?.status == 429)
                #expect(refused?.code == "too-many-concurrent-requests")
                #expect(refused?.problem?["violated_policies"] as? [String] == ["flight"])
                #expect(refused?["retry-after"] == "1")
            }
            for peer in peers { peer.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok") }
            for client in clients { #expect(client.response()?.text == "ok") }
            try await Self.expectRoom(edges[1], listener, tenant)
        }
    }

    @Test func `a client that goes away gives its place back`() async throws {
        try await Self.play(max: 1) { edges, listener, tenant in
            let client = try edges[0].client()
            client.send(RawRequest.get("/v1/a", as: tenant))
            let (peer, _) = try listener.acceptRequest()
            #expect(try edges[0].get("/v1/a", as: tenant)?.status == 429)
            client.reset()
            #expect(peer.endsSilently())
            try await Self.expectRoom(edges[0], listener, tenant)
        }
    }

    @Test func `an upstream that fails gives the place back`() async throws {
        try await Self.play(max: 1) { edges, listener, tenant in
            let client = try edges[0].client()
            client.send(RawRequest.post("/v1/a", as: tenant))
            let (peer, _) = try listener.acceptRequest()
            _ = peer.read(2)
            peer.reset()
            #expect(client.response()?.code == "upstream-connection-lost")
            try await Self.expectRoom(edges[0], listener, tenant)
        }
    }

    @Test func `a truncated answer gives the place back`() async throws {
        try await Self.play(max: 1) { edges, listener, tenant in
            let client = try edges[0].client()
            client.send(RawRequest.post("/v1/a", as: tenant))
            let (peer, _) = try listener.acceptRequest()
            _ = peer.read(2)
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nok")
            peer.close()
            #expect(client.response()?.isComplete == false)
            try await Self.expectRoom(edges[0], listener, tenant)
        }
    }

    @Test func `an upstream that cannot be reached gives the place back`() async throws {
        let closed = try RawListener(backlog: nil)
        defer { withExtendedLifetime(closed) {} }
        try await TestEdge.with(
            upstreamPort: closed.port,
            configuration: { $0.plans[0].concurrency = [ConcurrencyLimit(name: "flight", scope: .key, max: 1)] }
        ) { edge in
            let tenant = try await edge.realm.issue()
            let client = try edge.client()
            for _ in 0..<5 {
                #expect(client.exchange(RawRequest.get("/v1/a", as: tenant))?.code == "upstream-connect-failed")
            }
        }
    }

    // MARK: Quotas

    @Test func `a month's quota ends at its limit`() async throws {
        try await ScriptedUpstream.with { upstream in
            try await TestEdge.with(
                upstreamPort: upstream.port,
                configuration: {
                    $0.plans[0].quotas = [Quota(meter: "jobs", perMonth: 3)]
                    $0.route("v1") { $0.meters = [MeterRule(meter: "jobs", quantity: .fixed(1))] }
                    $0.routes.append(Route(id: "v2", path: "/v2/**", upstream: "up"))
                }
            ) { edge in
                let tenant = try await edge.realm.issue()
                let client = try edge.client()
                for _ in 0..<3 { #expect(client.exchange(RawRequest.get("/v1/a", as: tenant))?.status == 200) }
                let refused = try #require(client.exchange(RawRequest.get("/v1/a", as: tenant)))
                #expect(refused.status == 429)
                #expect(refused.code == "quota-exceeded")
                #expect(refused.problem?["violated_policies"] as? [String] == ["jobs"])
                let seconds = try #require(refused["retry-after"].flatMap { Int($0) })
                #expect((1...(31 * 86_400)).contains(seconds))
                // A route that does not count jobs goes on.
                #expect(client.exchange(RawRequest.get("/v2/a", as: tenant))?.status == 200)
                #expect(upstream.requests.count == 4)
                try await edge.realm.expectMeters(tenant, ["jobs": 3])
            }
        }
    }

    @Test func `a quota of something only the answer tells stops when it is used up`() async throws {
        try await ScriptedUpstream.with({ _ in .ok("x", fields: "X-Units: 6\r\n") }) { upstream in
            try await TestEdge.with(
                upstreamPort: upstream.port,
                configuration: {
                    $0.plans[0].quotas = [Quota(meter: "units", perMonth: 10)]
                    $0.route("v1") { $0.meters = [MeterRule(meter: "units", quantity: .responseHeader("x-units"))] }
                }
            ) { edge in
                let tenant = try await edge.realm.issue()
                let client = try edge.client()
                #expect(client.exchange(RawRequest.get("/v1/a", as: tenant))?.status == 200)
                try await edge.realm.expectMeters(tenant, ["units": 6])
                #expect(client.exchange(RawRequest.get("/v1/a", as: tenant))?.status == 200)
                try await edge.realm.expectMeters(tenant, ["units": 12])
                #expect(client.exchange(RawRequest.get("/v1/a", as: tenant))?.code == "quota-exceeded")
            }
        }
    }
}
