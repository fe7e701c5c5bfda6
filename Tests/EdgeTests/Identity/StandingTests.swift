import Domain
import HotStore
import TestKit
import Testing

@testable import Edge

/// Whether a known key may: revoked, expired, suspended, scopes, features; and how soon a change is seen.
@Suite struct StandingTests {
    private static func play(
        edges: Int = 1, configuration: (inout Configuration) -> Void = { _ in },
        _ body: ([TestEdge], ScriptedUpstream) async throws -> Void
    ) async throws {
        try await ScriptedUpstream.with { upstream in
            let realm = try await Realm()
            var opened: [TestEdge] = []
            do {
                for _ in 0..<edges {
                    opened.append(
                        try await TestEdge(upstreamPort: upstream.port, realm: realm, configuration: configuration))
                }
                try await body(opened, upstream)
            } catch {
                for edge in opened { await edge.stop() }
                throw error
            }
            for edge in opened { await edge.stop() }
        }
    }

    @Test func `AK-5 a revoked key is refused by the very next request at every edge`() async throws {
        try await Self.play(edges: 2, configuration: { $0.edge.keyCache.negativeTtlMs = 300 }) { edges, upstream in
            var tenant = try await edges[0].realm.issue()
            let clients = try edges.map { try $0.client() }
            for round in 1...3 {
                for client in clients { #expect(client.exchange(RawRequest.get("/v1/a", as: tenant))?.status == 200) }
                #expect(upstream.requests.count == 2 * round)
            }
            tenant.key.status = .revoked
            tenant.org.version += 1
            try await edges[0].realm.publish(tenant)
            for client in clients {
                let refused = client.exchange(RawRequest.get("/v1/a", as: tenant))
                #expect(refused?.status == 401)
                #expect(refused?.code == "api-key-revoked")
                #expect(refused?["ratelimit"] == nil)
            }
            #expect(upstream.requests.count == 6)
            tenant.key.status = .active
            tenant.org.version += 1
            try await edges[0].realm.publish(tenant)
            // Nothing compares the versions of a key that is refused; it is read again after a while.
            for client in clients {
                try await eventually("the key's return") {
                    client.exchange(RawRequest.get("/v1/a", as: tenant))?.status == 200
                }
            }
        }
    }

    @Test func `AK-5 a revoked key is refused whatever it asks for`() async throws {
        try await Self.play(configuration: { $0.route("v1") { $0.idempotency = IdempotencyPolicy() } }) {
            edges, upstream in
            let edge = edges[0]
            var tenant = try await edge.realm.issue()
            let field = "Idempotency-Key: k\r\n"
            #expect(try edge.post("/v1/a", as: tenant, fields: field)?.status == 200)
            tenant.key.status = .revoked
            tenant.org.version += 1
            try await edge.realm.publish(tenant)
            #expect(try edge.post("/v1/a", as: tenant, fields: field)?.status == 401)
            #expect(upstream.requests.count == 1)
        }
    }

    @Test func `an expired key is refused, and one that will expire is not yet`() async throws {
        try await Self.play { edges, _ in
            let expired = try await edges[0].realm.issue(key: { $0.expiresAtMs = 1 })
            let later = try await edges[0].realm.issue(key: { $0.expiresAtMs = LoopClock.wallMs() + 3_600_000 })
            let response = try edges[0].get("/v1/a", as: expired)
            #expect(response?.status == 401)
            #expect(response?.code == "api-key-expired")
            #expect(try edges[0].get("/v1/a", as: later)?.status == 200)
            let client = try edges[0].client()
            var soon = expired
            var lifeMs = 250
            // Twice as long a life until it is longer than this machine needs to use the key for the first time.
            try await eventually("the use of a key before its end") {
                lifeMs *= 2
                soon = try await edges[0].realm.issue(key: { $0.expiresAtMs = LoopClock.wallMs() + lifeMs })
                return client.exchange(RawRequest.get("/v1/a", as: soon))?.status == 200
            }
            try await eventually("the key's expiry", deadline: .seconds(60)) {
                client.exchange(RawRequest.get("/v1/a", as: soon))?.code == "api-key-expired"
            }
        }
    }

    @Test(arguments: [(OrgRecord.Status.suspended, 403, "organization-suspended"), (.deleted, 401, "api-key-invalid")])
    func `an org that is not active is refused at once`(_ status: OrgRecord.Status, _ code: Int, _ slug: String)
        async throws
    {
        try await Self.play { edges, upstream in
            var tenant = try await edges[0].realm.issue()
            let client = try edges[0].client()
            #expect(client.exchange(RawRequest.get("/v1/a", as: tenant))?.status == 200)
            tenant.org.status = status
            tenant.org.version += 1
            try await edges[0].realm.publish(tenant)
            for _ in 0..<2 {
                let response = client.exchange(RawRequest.get("/v1/a", as: tenant))
                #expect(response?.status == code)
                #expect(response?.code == slug)
            }
            #expect(upstream.requests.count == 1)
        }
    }

    @Test func `a route's scopes are all needed`() async throws {
        try await Self.play(configuration: { $0.route("v1") { $0.scopes = ["jobs:read", "jobs:write"] } }) {
            edges, upstream in
            let edge = edges[0]
            for scopes in [[], ["jobs:read"], ["jobs:write", "other"]] {
                let tenant = try await edge.realm.issue(key: { $0.scopes = scopes })
                let response = try edge.get("/v1/a", as: tenant)
                #expect(response?.status == 403)
                #expect(response?.code == "insufficient-scope")
                #expect(
                    response?["www-authenticate"]
                        == "Bearer realm=\"api\", error=\"insufficient_scope\", scope=\"jobs:read jobs:write\"")
                #expect(response?["ratelimit-policy"] == nil)
            }
            #expect(upstream.connections == 0)
            for scopes in [["jobs:write", "jobs:read"], ["*"]] {
                let tenant = try await edge.realm.issue(key: { $0.scopes = scopes })
                #expect(try edge.get("/v1/a", as: tenant)?.status == 200)
            }
        }
    }

    @Test func `a feature comes from the plan, and the org's own word goes before it`() async throws {
        try await Self.play(configuration: { configuration in
            configuration.route("v1") { $0.feature = "beta" }
            configuration.plans[1].features = ["beta"]
            configuration.edge.keyCache.negativeTtlMs = 200
        }) { edges, _ in
            let edge = edges[0]
            let free = try await edge.realm.issue()
            let response = try edge.get("/v1/a", as: free)
            #expect(response?.status == 403)
            #expect(response?.code == "feature-not-available")
            #expect(try await edge.get("/v1/a", as: edge.realm.issue(plan: "PRO"))?.status == 200)
            #expect(try await edge.get("/v1/a", as: edge.realm.issue(org: { $0.featuresOn = ["beta"] }))?.status == 200)
            #expect(
                try await edge.get("/v1/a", as: edge.realm.issue(plan: "PRO", org: { $0.featuresOff = ["beta"] }))?
                    .status == 403)
            var changed = free
            changed.org.plan = "PRO"
            changed.org.version += 1
            try await edge.realm.publish(changed)
            // Nothing compares the version of a key that is refused; it is read again after a while.
            try await eventually("the new plan") { try edge.get("/v1/a", as: changed)?.status == 200 }
        }
    }

    @Test func `a new plan is in force with the next request`() async throws {
        try await Self.play(
            edges: 2,
            configuration: { configuration in
                configuration.plans[0].limits = [
                    Limit(name: "burst", scope: .key, capacity: 1, refill: 1, periodMs: 3_600_000)
                ]
                configuration.plans[1].limits = [
                    Limit(name: "burst", scope: .key, capacity: 50, refill: 1, periodMs: 3_600_000)
                ]
            }
        ) { edges, upstream in
            var tenant = try await edges[0].realm.issue()
            #expect(try edges[0].get("/v1/a", as: tenant)?.status == 200)
            for edge in edges { #expect(try edge.get("/v1/a", as: tenant)?.status == 429) }
            tenant.org.plan = "PRO"
            tenant.org.version += 1
            try await edges[0].realm.publish(tenant)
            for edge in edges {
                let response = try edge.get("/v1/a", as: tenant)
                #expect(response?["ratelimit-policy"]?.contains("q=50") == true)
                #expect(await edge.count("admissions_stale_total") == 1)
            }
            let fresh = try await edges[0].realm.issue(sharing: tenant)
            #expect(try edges[1].get("/v1/a", as: fresh)?.status == 200)
            #expect(upstream.requests.last?["x-tollgate-plan"] == "PRO")
        }
    }

    @Test
    func `a plan that the records change is in force with the next request; levels stay, cut off at the capacity`()
        async throws
    {
        func grants(_ capacity: Int, jobs: Int = 1_000, features: [String] = []) -> PlanGrants {
            var grants = PlanGrants()
            grants.limits = [Limit(name: "burst", scope: .key, capacity: capacity, refill: 1, periodMs: 3_600_000)]
            grants.quotas = [Quota(meter: "jobs", perMonth: jobs)]
            grants.features = features
            return grants
        }
        try await Self.play(
            edges: 2,
            configuration: { configuration in
                // What the file says of the plan is passed over.
                configuration.plans[0].limits = [
                    Limit(name: "burst", scope: .key, capacity: 1, refill: 1, periodMs: 3_600_000)
                ]
                configuration.route("v1") {
                    $0.meters = [MeterRule(meter: "jobs", quantity: .fixed(1))]
                    $0.feature = "beta"
                }
                configuration.edge.keyCache.negativeTtlMs = 200
            }
        ) { edges, _ in
            let edge = edges[0]
            var tenant = try await edge.realm.issue(org: { $0.grants = grants(3, features: ["beta"]) })
            func publish(_ changed: PlanGrants) async throws {
                tenant.org.grants = changed
                tenant.org.version += 1
                try await edge.realm.publish(tenant)
            }
            // The same number for all gateways, as `remaining` says it.
            func request(_ edge: TestEdge) throws -> (status: Int?, limit: String) {
                let response = try edge.get("/v1/a", as: tenant)
                return (response?.status, response?["ratelimit"] ?? "")
            }
            for edge in edges { #expect(try request(edge).status == 200) }
            try await publish(grants(10, features: ["beta"]))
            for (edge, expected) in zip(edges, [200, 429]) {
                #expect(try request(edge).status == expected, "one of three was left, and is not ten now")
            }
            try await publish(grants(50, features: ["beta"]))
            #expect(try request(edge).status == 429)
            var other = try await edge.realm.issue(org: { $0.grants = grants(10, features: ["beta"]) })
            #expect(try edge.get("/v1/a", as: other)?.status == 200)
            other.org.grants = grants(2, features: ["beta"])
            other.org.version += 1
            try await edge.realm.publish(other)
            let statuses = try (0..<3).map { _ in try edge.get("/v1/a", as: other)?.status }
            #expect(statuses == [200, 200, 429], "nine were left, and two are the most now")
            // A quota, and a feature.
            var third = try await edge.realm.issue(org: { $0.grants = grants(10, jobs: 1, features: ["beta"]) })
            #expect(try edge.get("/v1/a", as: third)?.status == 200)
            #expect(try edge.get("/v1/a", as: third)?.code == "quota-exceeded")
            third.org.grants = grants(10, jobs: 2, features: ["beta"])
            third.org.version += 1
            try await edge.realm.publish(third)
            #expect(try edge.get("/v1/a", as: third)?.status == 200)
            third.org.grants = grants(10)
            third.org.version += 1
            try await edge.realm.publish(third)
            #expect(try edge.get("/v1/a", as: third)?.code == "feature-not-available")
        }
    }

    @Test func `after a rotation old and new key share buckets and leases`() async throws {
        try await Self.play(configuration: {
            $0.plans[0].limits = [Limit(name: "burst", scope: .key, capacity: 3, refill: 1, periodMs: 3_600_000)]
        }) { edges, _ in
            let edge = edges[0]
            let old = try await edge.realm.issue()
            let new = try await edge.realm.issue(sharing: old, key: { $0.lineageID = old.key.lineageID })
            let stranger = try await edge.realm.issue(sharing: new)
            let statuses = try [old, new, old, new, old].map { try edge.get("/v1/a", as: $0)?.status }
            #expect(statuses == [200, 200, 200, 429, 429])
            #expect(try edge.get("/v1/a", as: stranger)?.status == 200)
        }
    }
}
