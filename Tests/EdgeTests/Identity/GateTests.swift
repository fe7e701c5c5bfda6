import Domain
import HotStore
import TestKit
import Testing

@testable import Edge

/// Gates beside the key's and the org's standing: networks, the end of an org's access, maintenance.
@Suite struct GateTests {
    private static let trusting: @Sendable (inout Configuration) -> Void = { configuration in
        configuration.edge.trustedProxies = ["127.0.0.0/8"]
        configuration.edge.keyCache.negativeTtlMs = 200
    }

    @Test func `a key bound to networks is refused from anywhere else, and its change is seen at once`() async throws {
        try await ScriptedUpstream.with { upstream in
            try await TestEdge.with(upstreamPort: upstream.port, configuration: Self.trusting) { edge in
                var tenant = try await edge.realm.issue(
                    key: { $0.allowedAddresses = ["192.0.2.0/24", "2001:db8::/32"] })
                func status(from address: String) throws -> RawResponse? {
                    try edge.get("/v1/a", as: tenant, fields: "X-Forwarded-For: \(address)\r\n")
                }
                for address in ["192.0.2.9", "2001:db8::7"] { #expect(try status(from: address)?.status == 200) }
                for address in ["192.0.3.9", "2001:db9::7"] {
                    let refused = try status(from: address)
                    #expect(refused?.status == 403)
                    #expect(refused?.code == "ip-not-allowed")
                }
                #expect(upstream.requests.count == 2)
                tenant.key.allowedAddresses = ["203.0.113.1/32"]
                tenant.org.version += 1
                try await edge.realm.publish(tenant)
                #expect(try status(from: "192.0.2.9")?.status == 403)
                #expect(try status(from: "203.0.113.1")?.status == 200)
            }
        }
    }

    @Test func `networks that cannot be read let nobody through`() async throws {
        try await ScriptedUpstream.with { upstream in
            try await TestEdge.with(upstreamPort: upstream.port) { edge in
                let tenant = try await edge.realm.issue(key: { $0.allowedAddresses = ["everywhere"] })
                #expect(try edge.get("/v1/a", as: tenant)?.status == 403)
                #expect(upstream.connections == 0)
            }
        }
    }

    @Test func `an org whose access has ended is refused`() async throws {
        try await ScriptedUpstream.with { upstream in
            try await TestEdge.with(upstreamPort: upstream.port) { edge in
                var tenant = try await edge.realm.issue(org: { $0.expiresAtMs = LoopClock.wallMs() + 3_600_000 })
                #expect(try edge.get("/v1/a", as: tenant)?.status == 200)
                tenant.org.expiresAtMs = 1
                tenant.org.version += 1
                try await edge.realm.publish(tenant)
                let refused = try edge.get("/v1/a", as: tenant)
                #expect(refused?.status == 403)
                #expect(refused?.code == "organization-suspended")
                #expect(upstream.requests.count == 1)
            }
        }
    }

    @Test func `maintenance refuses every route with 503 and Retry-After, but for the networks allowed`() async throws {
        try await ScriptedUpstream.with { upstream in
            try await TestEdge.with(upstreamPort: upstream.port, configuration: Self.trusting) { edge in
                let tenant = try await edge.realm.issue()
                let publisher = RecordPublisher(redis: edge.realm.connection, keyspace: edge.realm.keyspace)
                try await publisher.publish(
                    SystemRecord(isInMaintenance: true, maintenanceAllowed: ["192.0.2.0/24"], version: 2))
                try await eventually("maintenance") { try edge.get("/v1/a", as: tenant)?.status == 503 }
                let served = upstream.requests.count
                for path in ["/v1/a", "/open/a"] {
                    let refused = try edge.get(path, as: tenant)
                    #expect(refused?.status == 503)
                    #expect(refused?.code == "maintenance")
                    #expect(refused?["retry-after"].flatMap { Int($0) } ?? 0 > 0)
                }
                #expect(upstream.requests.count == served)
                // When it is expected to be over, clients are told so; when it should be over, to come back in a while.
                let untilMs = try await edge.realm.nowMs() + 1_800_000
                try await publisher.publish(
                    SystemRecord(
                        isInMaintenance: true, maintenanceAllowed: ["192.0.2.0/24"], maintenanceUntilMs: untilMs,
                        version: 2))
                try await eventually("the expected end") {
                    let seconds = try edge.get("/v1/a", as: tenant)?["retry-after"].flatMap { Int($0) } ?? 0
                    return (1_500...1_800).contains(seconds)
                }
                try await publisher.publish(
                    SystemRecord(
                        isInMaintenance: true, maintenanceAllowed: ["192.0.2.0/24"], maintenanceUntilMs: 1, version: 2))
                try await eventually("an end that is over") {
                    try edge.get("/v1/a", as: tenant)?["retry-after"] == "60"
                }
                let allowed = "X-Forwarded-For: 192.0.2.9\r\n"
                #expect(try edge.get("/v1/a", as: tenant, fields: allowed)?.status == 200)
                // A publisher that is late changes nothing.
                try await publisher.publish(SystemRecord(isInMaintenance: false, version: 1))
                try await publisher.publish(SystemRecord(isInMaintenance: false, version: 3))
                try await eventually("the end of maintenance") { try edge.get("/v1/a", as: tenant)?.status == 200 }
            }
        }
    }
}
