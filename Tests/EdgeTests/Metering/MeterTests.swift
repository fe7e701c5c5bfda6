import Domain
import HotStore
import TestKit
import Testing

@testable import Edge

/// What is counted, from where, and what is not.
@Suite(.serialized) struct MeterTests {
    private static func play(
        _ meters: [MeterRule], configuration adjust: (inout Configuration) -> Void = { _ in },
        answer: @escaping @Sendable (ScriptedUpstream.Seen) -> ScriptedUpstream.Answer,
        _ body: (TestEdge, ScriptedUpstream, Tenant) async throws -> Void
    ) async throws {
        try await ScriptedUpstream.with(answer) { upstream in
            try await TestEdge.with(
                upstreamPort: upstream.port,
                configuration: {
                    $0.route("v1") { $0.meters = meters }
                    adjust(&$0)
                }
            ) { edge in
                try await body(edge, upstream, edge.realm.issue())
            }
        }
    }

    private static func status(_ status: Int, fields: String = "", body: String = "") -> ScriptedUpstream.Answer {
        .init(.bytes("HTTP/1.1 \(status) Status\r\nContent-Length: \(body.utf8.count)\r\n\(fields)\r\n\(body)"))
    }

    /// Sends one request for every status, all of which the upstream answers as asked.
    private static func send(_ statuses: [Int], _ edge: TestEdge, _ tenant: Tenant) throws {
        let client = try edge.client()
        for status in statuses {
            #expect(client.exchange(RawRequest.post("/v1/\(status)", as: tenant))?.status == status)
        }
    }

    private static let asked: @Sendable (ScriptedUpstream.Seen) -> ScriptedUpstream.Answer = { seen in
        Self.status(Int(seen.target.dropFirst(4)) ?? 200)
    }

    @Test func `a fixed quantity counts every answer, or successes only`() async throws {
        let rules = [
            MeterRule(meter: "requests", quantity: .fixed(1)),
            MeterRule(meter: "jobs", quantity: .fixed(5), when: .success),
        ]
        try await Self.play(rules, answer: Self.asked) { edge, _, tenant in
            try Self.send([200, 201, 204, 301, 404, 429, 500, 503], edge, tenant)
            try await edge.realm.expectMeters(tenant, ["requests": 8, "jobs": 15])
        }
    }

    @Test func `a quantity in a response header is added`() async throws {
        let rules = [
            MeterRule(meter: "units", quantity: .responseHeader("X-Units")),
            MeterRule(meter: "paid", quantity: .responseHeader("x-units"), when: .success),
        ]
        try await Self.play(
            rules,
            answer: { seen in
                let (status, units) = seen.target.dropFirst(4).split(separator: "/").map(String.init).pair
                return Self.status(Int(status) ?? 200, fields: "x-units: \(units)\r\n")
            }
        ) { edge, _, tenant in
            let client = try edge.client()
            for target in ["200/7", "402/3", "200/0", "200/x", "200/-5", "200/9999999999999999", "500/1"] {
                #expect(client.exchange(RawRequest.get("/v1/\(target)", as: tenant)) != nil)
            }
            try await edge.realm.expectMeters(tenant, ["units": 11, "paid": 7])
            #expect(await edge.count("meter_read_failures_total") == 6)
        }
    }

    @Test func `a quantity in a JSON body is added, however the body is framed`() async throws {
        let json = "{\"id\":\"x\",\"usage\":{\"total_tokens\":123,\"list\":[1,2]}}"
        try await Self.play(
            [MeterRule(meter: "tokens", quantity: .jsonPointer("/usage/total_tokens"))],
            answer: { seen in
                switch seen.target {
                case "/v1/chunked":
                    let half = json.utf8.count / 2
                    let parts = [json.prefix(half), json.dropFirst(half)].map {
                        "\(String($0.utf8.count, radix: 16))\r\n\($0)\r\n"
                    }
                    return .init(
                        .bytes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + parts[0]),
                        .bytes(parts[1] + "0\r\n\r\n"))
                case "/v1/other": return .ok("{\"usage\":{}}")
                case "/v1/large":
                    return .ok("{\"usage\":{\"total_tokens\":5},\"x\":\"\(String(repeating: "x", count: 4_000))\"}")
                default: return .ok(json)
                }
            }
        ) { edge, _, tenant in
            let client = try edge.client()
            for target in ["plain", "chunked", "other"] {
                #expect(client.exchange(RawRequest.get("/v1/\(target)", as: tenant))?.status == 200)
            }
            try await edge.realm.expectMeters(tenant, ["tokens": 246])
            #expect(client.exchange(RawRequest.get("/v1/large", as: tenant))?.body.count ?? 0 > 4_000)
            try await edge.realm.expectMeters(tenant, ["tokens": 251])
            #expect(await edge.count("meter_read_failures_total") == 1)
        }
    }

    @Test func `a JSON body beyond the cap is delivered and not read`() async throws {
        let json = "{\"n\":5,\"x\":\"\(String(repeating: "x", count: 200))\"}"
        try await Self.play(
            [MeterRule(meter: "n", quantity: .jsonPointer("/n")), MeterRule(meter: "requests", quantity: .fixed(1))],
            configuration: { $0.route("v1") { $0.meteredBodyBytesMax = 100 } }, answer: { _ in .ok(json) }
        ) { edge, _, tenant in
            #expect(try edge.get("/v1/a", as: tenant)?.text == json)
            try await eventually("the count") { await edge.count("meter_read_failures_total") == 1 }
            try await edge.realm.expectMeters(tenant, ["requests": 1])
        }
    }

    @Test func `the last event of a stream tells the quantity`() async throws {
        let events = [
            "data: {\"usage\":{\"n\":1}}\n\n", "event: done\ndata: {\"usage\":{\"n\":42}}\n\n", "data: [DONE]\n\n",
        ]
        try await Self.play(
            [MeterRule(meter: "tokens", quantity: .lastEvent("/usage/n"))],
            answer: { _ in
                let chunks = events.map { "\(String($0.utf8.count, radix: 16))\r\n\($0)\r\n" }
                return .init(
                    .bytes(
                        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
                            + chunks[0]),
                    .bytes(chunks[1]), .bytes(chunks[2] + "0\r\n\r\n"))
            }
        ) { edge, _, tenant in
            #expect(try edge.get("/v1/a", as: tenant)?.text == events.joined())
            try await edge.realm.expectMeters(tenant, ["tokens": 42])
        }
    }

    @Test func `what was refused is not counted`() async throws {
        try await Self.play(
            [MeterRule(meter: "requests", quantity: .fixed(1))],
            configuration: {
                $0.plans[0].limits = [Limit(name: "burst", scope: .key, capacity: 2, refill: 1, periodMs: 3_600_000)]
            }, answer: Self.asked
        ) { edge, _, tenant in
            let client = try edge.client()
            let statuses = (0..<6).map { _ in client.exchange(RawRequest.get("/v1/200", as: tenant))?.status }
            #expect(statuses == [200, 200, 429, 429, 429, 429])
            #expect(client.exchange("GET /v1/200 HTTP/1.1\r\nHost: a\r\n\r\n")?.status == 401)
            try await edge.realm.expectMeters(tenant, ["requests": 2])
        }
    }

    @Test func `IK-26 a replay is not counted`() async throws {
        let rules = [
            MeterRule(meter: "requests", quantity: .fixed(1)),
            MeterRule(meter: "units", quantity: .responseHeader("x-units")),
            MeterRule(meter: "n", quantity: .jsonPointer("/n")),
        ]
        try await Self.play(
            rules, configuration: { KeyedEdge.configure(&$0) },
            answer: { _ in
                .ok("{\"n\":3}", fields: "X-Units: 4\r\n")
            }
        ) { edge, upstream, tenant in
            let keyed = RawRequest.post("/v1/a", as: tenant, fields: "Idempotency-Key: k\r\n")
            let client = try edge.client()
            for _ in 0..<5 { #expect(client.exchange(keyed)?.status == 200) }
            #expect(upstream.requests.count == 1)
            try await edge.realm.expectMeters(tenant, ["requests": 1, "units": 4, "n": 3])
        }
    }

    @Test func `a request that the gateway could not serve is taken back`() async throws {
        let rules = [
            MeterRule(meter: "requests", quantity: .fixed(1)),
            MeterRule(meter: "jobs", quantity: .fixed(2), when: .success),
        ]
        let listener = try RawListener()
        try await TestEdge.with(
            upstreamPort: listener.port,
            configuration: {
                $0.route("v1") { $0.meters = rules }
                $0.plans[0].quotas = [Quota(meter: "requests", perMonth: 3)]
            }
        ) { edge in
            let tenant = try await edge.realm.issue()
            for _ in 0..<5 {
                var response: RawResponse?
                try await eventually("a place in the quota") {
                    let client = try edge.client()
                    client.send(RawRequest.post("/v1/a", as: tenant))
                    while !client.isReadable(withinMs: 1) {
                        guard listener.hasConnection else { continue }
                        try listener.acceptRequest().peer.close()
                    }
                    response = client.response()
                    return response?.code != "quota-exceeded"
                }
                #expect(response?.code == "upstream-connection-lost")
            }
            try await eventually("every settlement") { await edge.count("requests_open") == 0 }
            try await edge.realm.expectMeters(tenant, [:])
        }
    }

    @Test func `a client that leaves before the answer is not charged, on a used connection neither`() async throws {
        let listener = try RawListener()
        try await TestEdge.with(
            upstreamPort: listener.port,
            configuration: { $0.route("v1") { $0.meters = [MeterRule(meter: "requests", quantity: .fixed(1))] } }
        ) { edge in
            let tenant = try await edge.realm.issue()
            let client = try edge.client()
            client.send(RawRequest.get("/v1/a", as: tenant))
            let (peer, _) = try listener.acceptRequest()
            peer.send("HTTP/1.1 204 No Content\r\n\r\n")
            #expect(client.response()?.status == 204)
            try await edge.realm.expectMeters(tenant, ["requests": 1])
            client.send(RawRequest.get("/v1/a", as: tenant))
            #expect(peer.read(through: "\r\n\r\n") != nil)
            client.close()
            #expect(peer.endsSilently())
            try await eventually("the settlement") { await edge.count("requests_open") == 0 }
            #expect(await edge.count("requests_unsettled") == 0)
            try await edge.realm.expectMeters(tenant, ["requests": 1])
        }
    }

    @Test func `what was delivered before the client left is charged`() async throws {
        let listener = try RawListener()
        try await TestEdge.with(
            upstreamPort: listener.port,
            configuration: { $0.route("v1") { $0.meters = [MeterRule(meter: "requests", quantity: .fixed(1))] } }
        ) { edge in
            let tenant = try await edge.realm.issue()
            let client = try edge.client()
            client.send(RawRequest.get("/v1/a", as: tenant))
            let (peer, _) = try listener.acceptRequest()
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart")
            #expect(client.read(through: "part") != nil)
            client.close()
            #expect(peer.endsSilently())
            try await edge.realm.expectMeters(tenant, ["requests": 1])
        }
    }

    @Test func `live and test usage are kept apart, by key and hour`() async throws {
        try await Self.play([MeterRule(meter: "requests", quantity: .fixed(1))], answer: Self.asked) {
            edge, _, tenant in
            let test = try await edge.realm.issue(sharing: tenant, key: { $0.environment = .test })
            try Self.send([200, 200], edge, tenant)
            try Self.send([200], edge, test)
            try await edge.realm.expectMeters(tenant, ["requests": 3])
            let fields = try await edge.realm.usage(tenant)
            #expect(fields.count == 2)
            #expect(
                fields.first { $0.field.environment == .live }.map { [$0.field.keyID, "\($0.value)"] } == [
                    tenant.key.keyID, "2",
                ])
            #expect(
                fields.first { $0.field.environment == .test }.map { [$0.field.keyID, "\($0.value)"] } == [
                    test.key.keyID, "1",
                ])
            let hour = try await edge.realm.nowMs() / 3_600_000
            #expect(fields.allSatisfy { (hour - 1...hour).contains($0.field.hour) })
        }
    }

    @Test func `hashes with fresh usage are told to the workers, and keys in use too`() async throws {
        try await ScriptedUpstream.with { upstream in
            let uses = UseLog()
            let edge = try await TestEdge(
                upstreamPort: upstream.port, dependencies: { $0.lastUsed = { uses.note($0) } },
                configuration: { $0.route("v1") { $0.meters = [MeterRule(meter: "requests", quantity: .fixed(1))] } })
            let tenant = try await edge.realm.issue()
            try Self.send([200], edge, tenant)
            try await eventually("the mark") {
                try await edge.realm.dirty().contains { $0.contains("{\(tenant.org.orgID)}") }
            }
            try await eventually("the key's use") { uses.keys.contains(tenant.key.keyID) }
            await edge.stop()
        }
    }
}

extension [String] {
    /// The first two.
    fileprivate var pair: (String, String) { (self.first ?? "", self.dropFirst().first ?? "") }
}
