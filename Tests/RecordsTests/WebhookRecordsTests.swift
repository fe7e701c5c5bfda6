import PostgresClient
import TestKit
import Testing

@testable import Records

@Suite struct `Webhook endpoints and deliveries` {
    private func endpoint(_ id: String, of org: Org) -> NewWebhookEndpoint {
        NewWebhookEndpoint(
            id: id, orgID: org.id, url: "https://example.com/\(id)", secret: "whsec_0123456789abcdef",
            events: ["job.completed"])
    }

    private func delivery(_ id: String, to endpoint: String, status: String, _ pool: PostgresPool) async throws {
        try await pool.query(
            """
            INSERT INTO webhook_deliveries (id, endpoint_id, event_id, type, payload, status, next_attempt_at, delivered_at)
            VALUES (\(id), \(endpoint), \("evt_" + id), 'job.completed', '{"a": 1}', \(status),
                CASE \(status)::text WHEN 'pending' THEN now() END, CASE \(status)::text WHEN 'delivered' THEN now() END)
            """)
    }

    @Test func `an endpoint is made, changed and removed by its org only`() async throws {
        let pool = try await freshRecords()
        let (_, org) = try await pool.signedUp()
        let (_, other) = try await pool.signedUp()
        let endpoints = WebhookEndpoints(pool)
        let made = try await endpoints.insert(endpoint("whe_1", of: org))
        _ = try await endpoints.insert(endpoint("whe_2", of: org))
        #expect(made.isEnabled)
        #expect(try await endpoints.list(of: org.id).map(\.id) == ["whe_1", "whe_2"])
        #expect(try await endpoints.list(of: org.id, after: "whe_1").map(\.id) == ["whe_2"])
        var change = WebhookEndpointChange()
        change.isEnabled = false
        change.events = ["job.failed", "job.completed"]
        #expect(try await endpoints.change("whe_1", of: other.id, change) == nil)
        let changed = try #require(try await endpoints.change("whe_1", of: org.id, change))
        #expect((changed.isEnabled, changed.url, changed.secret) == (false, made.url, made.secret))
        #expect(changed.events == ["job.failed", "job.completed"])
        #expect(changed.updatedAt.unixMicroseconds > made.updatedAt.unixMicroseconds)
        #expect(try await endpoints.remove("whe_1", of: other.id) == nil)
        #expect(try await endpoints.remove("whe_1", of: org.id)?.id == "whe_1")
        #expect(try await endpoints.find("whe_1", of: org.id) == nil)
    }

    @Test func `an endpoint without events, with a weak secret or no address is refused`() async throws {
        let pool = try await freshRecords()
        let (_, org) = try await pool.signedUp()
        for spoil in [{ $0.events = [] }, { $0.secret = "short" }, { $0.url = "ftp://x" }]
            as [@Sendable (inout NewWebhookEndpoint) -> Void]
        {
            var new = endpoint("whe_1", of: org)
            spoil(&new)
            let spoilt = new
            guard case .refused = await refusal({ try await WebhookEndpoints(pool).insert(spoilt) }) else {
                Issue.record("\(spoilt) was taken")
                continue
            }
        }
        var lost = endpoint("whe_1", of: org)
        lost.orgID = "org_x"
        let orphan = lost
        #expect(await refusal { try await WebhookEndpoints(pool).insert(orphan) } == .missing("org"))
    }

    @Test func `deliveries are listed newest first, and one that was given up is tried again`() async throws {
        let pool = try await freshRecords()
        let (_, org) = try await pool.signedUp()
        let (_, other) = try await pool.signedUp()
        for id in ["whe_1", "whe_2"] { _ = try await WebhookEndpoints(pool).insert(endpoint(id, of: org)) }
        for (number, status) in ["delivered", "failed", "pending"].enumerated() {
            try await delivery("whd_\(number)", to: "whe_1", status: status, pool)
        }
        try await delivery("whd_3", to: "whe_2", status: "failed", pool)
        let deliveries = WebhookDeliveries(pool)
        #expect(try await deliveries.list(of: org.id).map(\.id) == ["whd_3", "whd_2", "whd_1", "whd_0"])
        #expect(
            try await deliveries.list(of: org.id, endpointID: "whe_1", before: "whd_2", limit: 1).map(\.id) == ["whd_1"]
        )
        #expect(try await deliveries.list(of: org.id, status: .failed).map(\.id) == ["whd_3", "whd_1"])
        #expect(try await deliveries.list(of: other.id).isEmpty)
        #expect(try await deliveries.retry("whd_1", of: org.id)?.status == .pending)
        #expect(try await deliveries.retry("whd_0", of: org.id)?.status == .delivered)
        #expect(try await deliveries.retry("whd_3", of: other.id) == nil)
        #expect(try await deliveries.find("whd_3", of: org.id)?.status == .failed)
    }
}
