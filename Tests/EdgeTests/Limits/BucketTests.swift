import Domain
import TestKit
import Testing

@testable import Edge

/// Buckets through the gateway: exactly what the limit says, whoever asks, wherever.
@Suite(.serialized) struct BucketTests {
    private static let hour = 3_600_000

    private static func limit(_ name: String, _ capacity: Int, scope: LimitScope = .key, unit: Limit.Unit = .requests)
        -> Limit
    {
        Limit(name: name, scope: scope, capacity: capacity, refill: 1, periodMs: hour, unit: unit)
    }

    private static func play(
        edges count: Int = 1, redis: TestRedis? = nil, configuration: (inout Configuration) -> Void,
        _ body: ([TestEdge], ScriptedUpstream) async throws -> Void
    ) async throws {
        try await ScriptedUpstream.with { upstream in
            let realm = try await Realm(redis: redis)
            var edges: [TestEdge] = []
            do {
                for _ in 0..<count {
                    edges.append(
                        try await TestEdge(upstreamPort: upstream.port, realm: realm, configuration: configuration))
                }
                try await body(edges, upstream)
            } catch {
                for edge in edges { await edge.stop() }
                throw error
            }
            for edge in edges { await edge.stop() }
        }
    }

    @Test func `TB-3 a hundred clients on two edges share ten tokens exactly`() async throws {
        try await Self.play(edges: 2, configuration: { $0.plans[0].limits = [Self.limit("burst", 10)] }) {
            edges, upstream in
            let tenant = try await edges[0].realm.issue()
            let clients = try (0..<100).map { try edges[$0 % 2].client() }
            for client in clients { client.send(RawRequest.get("/v1/a", as: tenant)) }
            let statuses = clients.map { $0.response()?.status ?? 0 }
            #expect(statuses.count { $0 == 200 } == 10)
            #expect(statuses.count { $0 == 429 } == 90)
            #expect(upstream.requests.count == 10)
        }
    }

    @Test func `requests that share a call are decided as one by one`() async throws {
        let redis = try await TestRedis.start()
        try await Self.play(redis: redis, configuration: { $0.plans[0].limits = [Self.limit("burst", 20)] }) {
            edges, upstream in
            let edge = edges[0]
            let tenant = try await edge.realm.issue()
            #expect(try edge.get("/v1/a", as: tenant)?.status == 200)
            let calls = await edge.count("script_calls_total")
            try await redis.pause()
            let clients = try (0..<64).map { _ in try edge.client() }
            for client in clients { client.send(RawRequest.get("/v1/a", as: tenant)) }
            try await eventually("all to wait for Redis") { await edge.count("key_cache_hits_total") >= 64 }
            redis.resume()
            let answers = clients.compactMap { $0.response() }
            #expect(answers.count { $0.status == 200 } == 19)
            #expect(answers.count { $0.status == 429 } == 45)
            #expect(upstream.requests.count == 20)
            // Those of one turn of the loop share a call, and those that came while it was under way the next.
            #expect(await edge.count("script_calls_total") - calls <= 2)
            // Each was told what was left after itself.
            let left = try answers.filter { $0.status == 200 }.compactMap { try $0.remaining("burst") }
            #expect(left.sorted() == Array(0..<19))
        }
    }

    @Test func `keys of many orgs that ask at once share calls, each decided by itself`() async throws {
        let redis = try await TestRedis.start()
        try await Self.play(redis: redis, configuration: { $0.plans[0].limits = [Self.limit("burst", 3)] }) {
            edges, upstream in
            let edge = edges[0]
            var tenants: [Tenant] = []
            for _ in 0..<40 { tenants.append(try await edge.realm.issue()) }
            for tenant in tenants { #expect(try edge.get("/v1/a", as: tenant)?.status == 200) }
            let calls = await edge.count("script_calls_total")
            try await redis.pause()
            let clients = try (0..<160).map { _ in try edge.client() }
            for (index, client) in clients.enumerated() {
                client.send(RawRequest.get("/v1/a", as: tenants[index % 40]))
            }
            try await eventually("all to wait for Redis") { await edge.count("key_cache_hits_total") >= 160 }
            redis.resume()
            var passed = Array(repeating: 0, count: 40)
            for (index, client) in clients.enumerated() {
                let answer = try #require(client.response())
                #expect(answer.status == 200 || answer.status == 429)
                if answer.status == 200 { passed[index % 40] += 1 }
            }
            #expect(passed == Array(repeating: 2, count: 40))
            #expect(upstream.requests.count == 120)
            // Two batches for each key; were no call shared, there would be as many calls.
            #expect(await edge.count("script_calls_total") - calls < 80)
        }
    }

    @Test func `pipelined requests of one connection are decided in order`() async throws {
        try await Self.play(configuration: { $0.plans[0].limits = [Self.limit("burst", 3)] }) { edges, _ in
            let tenant = try await edges[0].realm.issue()
            let client = try edges[0].client()
            client.send((0..<6).map { RawRequest.get("/v1/\($0)", as: tenant) }.joined())
            #expect((0..<6).map { _ in client.response()?.status } == [200, 200, 200, 429, 429, 429])
        }
    }

    @Test func `the scopes key, user, org and route count whom they name`() async throws {
        for scope in [LimitScope.key, .user, .org, .route] {
            try await Self.play(configuration: { configuration in
                configuration.plans[0].limits = [Self.limit("burst", 1, scope: scope)]
                configuration.routes.append(Route(id: "v2", path: "/v2/**", upstream: "up"))
            }) { edges, _ in
                let edge = edges[0]
                let first = try await edge.realm.issue()
                let sameUser = try await edge.realm.issue(sharing: first, key: { $0.userID = first.key.userID })
                let sameOrg = try await edge.realm.issue(sharing: sameUser)
                let stranger = try await edge.realm.issue()
                #expect(try edge.get("/v1/a", as: first)?.status == 200)
                let others = try [
                    edge.get("/v1/a", as: sameUser), edge.get("/v1/a", as: sameOrg), edge.get("/v1/a", as: stranger),
                    edge.get("/v2/a", as: first),
                ].map { $0?.status }
                switch scope {
                case .key: #expect(others == [200, 200, 200, 429])
                case .user: #expect(others == [429, 200, 200, 429])
                case .org: #expect(others == [429, 429, 200, 429])
                case .route, .ip: #expect(others == [429, 429, 200, 200])
                }
            }
        }
    }

    @Test func `the scope ip counts each address apart`() async throws {
        try await Self.play(configuration: {
            $0.edge.trustedProxies = ["127.0.0.1/32"]
            $0.plans[0].limits = [Self.limit("address", 1, scope: .ip)]
        }) { edges, _ in
            let edge = edges[0]
            let tenant = try await edge.realm.issue()
            func status(_ address: String) throws -> Int? {
                try edge.get("/v1/a", as: tenant, fields: "X-Forwarded-For: \(address)\r\n")?.status
            }
            #expect(try status("203.0.113.1") == 200)
            #expect(try status("203.0.113.2") == 200)
            #expect(try status("203.0.113.1") == 429)
            #expect(try status("203.0.113.1, 203.0.113.2") == 429)
            #expect(try status("2001:db8::1") == 200)
        }
    }

    @Test func `live and test keys do not share buckets`() async throws {
        try await Self.play(configuration: { $0.plans[0].limits = [Self.limit("burst", 1, scope: .org)] }) { edges, _ in
            let live = try await edges[0].realm.issue()
            let test = try await edges[0].realm.issue(sharing: live, key: { $0.environment = .test })
            #expect(try edges[0].get("/v1/a", as: live)?.status == 200)
            #expect(try edges[0].get("/v1/a", as: test)?.status == 200)
            #expect(try edges[0].get("/v1/a", as: live)?.status == 429)
        }
    }

    @Test func `an override in the records goes before the plan`() async throws {
        try await Self.play(configuration: {
            $0.plans[0].limits = [Self.limit("burst", 1), Self.limit("org", 5, scope: .org)]
        }) { edges, _ in
            var tenant = try await edges[0].realm.issue()
            tenant.org.overrides = [
                LimitOverride(
                    scope: .key, subject: tenant.key.keyID, limit: "burst", capacity: 3, refill: 1, periodMs: Self.hour)
            ]
            tenant.org.version += 1
            try await edges[0].realm.publish(tenant)
            let statuses = try (0..<4).map { _ in try edges[0].get("/v1/a", as: tenant)?.status }
            #expect(statuses == [200, 200, 200, 429])
        }
    }

    @Test func `an override for one address holds for that address`() async throws {
        try await Self.play(configuration: {
            $0.edge.trustedProxies = ["127.0.0.1/32"]
            $0.plans[0].limits = [Self.limit("address", 1, scope: .ip)]
        }) { edges, _ in
            let tenant = try await edges[0].realm.issue(org: {
                $0.overrides = [
                    LimitOverride(
                        scope: .ip, subject: "203.0.113.7", limit: nil, capacity: 3, refill: 1, periodMs: Self.hour)
                ]
            })
            func statuses(_ address: String) throws -> [Int?] {
                try (0..<4).map { _ in
                    try edges[0].get("/v1/a", as: tenant, fields: "X-Forwarded-For: \(address)\r\n")?.status
                }
            }
            #expect(try statuses("203.0.113.7") == [200, 200, 200, 429])
            #expect(try statuses("203.0.113.8") == [200, 429, 429, 429])
        }
    }

    // MARK: Cost

    private static func costly(_ configuration: inout Configuration) {
        configuration.plans[0].limits = [Self.limit("units", 10, unit: .cost), Self.limit("burst", 100)]
        configuration.route("v1") { $0.cost = .header(name: "X-Cost", otherwise: 2, max: 50) }
    }

    @Test func `a cost comes from its header`() async throws {
        try await Self.play(configuration: Self.costly) { edges, _ in
            let tenant = try await edges[0].realm.issue()
            func get(_ cost: String?) throws -> RawResponse? {
                try edges[0].get("/v1/a", as: tenant, fields: cost.map { "x-cost: \($0)\r\n" } ?? "")
            }
            #expect(try get("5")?.remaining("units") == 5)
            #expect(try get(nil)?.remaining("units") == 3)
            #expect(try get("0")?.remaining("units") == 3)
            let refused = try #require(try get("4"))
            #expect(refused.status == 429)
            #expect(try refused.remaining("units") == 3)
            #expect(try refused.remaining("burst") == 97)
            #expect(try get("3")?.remaining("units") == 0)
        }
    }

    @Test func `a cost above the capacity is never served`() async throws {
        try await Self.play(configuration: Self.costly) { edges, upstream in
            let tenant = try await edges[0].realm.issue()
            let response = try edges[0].get("/v1/a", as: tenant, fields: "X-Cost: 11\r\n")
            #expect(response?.status == 422)
            #expect(response?.code == "cost-exceeds-capacity")
            #expect(response?["retry-after"] == nil)
            #expect(response?["retry-after-ms"] == nil)
            #expect(response?["x-should-retry"] == "false")
            #expect(upstream.connections == 0)
        }
    }

    @Test(arguments: ["x", "", "-1", "1.5", "51", "1 ", "99999999999999999999", "0x1"])
    func `a cost that is no number within bounds is 400`(_ cost: String) async throws {
        try await Self.play(configuration: Self.costly) { edges, upstream in
            let tenant = try await edges[0].realm.issue()
            let response = try edges[0].get("/v1/a", as: tenant, fields: "X-Cost: \(cost)\r\n")
            guard cost != "1 " else {
                #expect(response?.status == 200)
                return
            }
            #expect(response?.status == 400)
            #expect(response?.code == "cost-invalid")
            #expect(upstream.connections == 0)
        }
    }

    @Test func `a cost given twice is 400`() async throws {
        try await Self.play(configuration: Self.costly) { edges, _ in
            let tenant = try await edges[0].realm.issue()
            #expect(try edges[0].get("/v1/a", as: tenant, fields: "X-Cost: 50\r\nX-Cost: 1\r\n")?.status == 400)
        }
    }
}
