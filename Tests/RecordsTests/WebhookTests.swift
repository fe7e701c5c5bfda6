import PostgresClient
import Records
import TestKit
import Testing

@Suite struct `Webhook records` {
    @Test func `a user alone has one webhook endpoint, and an event reaches an endpoint once`() async throws {
        let pool = try await freshRecords()
        let (user, org) = try await pool.signedUp()
        let endpoint = { (id: String, org: String?) async throws in
            try await pool.query(
                """
                INSERT INTO webhook_endpoints (id, org_id, user_id, url, secret, events)
                VALUES (\(id), \(org), \(user.id), 'https://example.com', 'whsec_0123456789', '{job.completed}')
                """)
        }
        _ = try await endpoint("whe_1", nil)
        #expect(await constraint { try await endpoint("whe_2", nil) } == "webhook_endpoints_one_of_user")
        _ = try await endpoint("whe_3", org.id)
        _ = try await endpoint("whe_4", org.id)
        let delivery = { (id: String) async throws in
            try await pool.query(
                """
                INSERT INTO webhook_deliveries (id, endpoint_id, event_id, type, payload)
                VALUES (\(id), 'whe_1', 'evt_1', 'job.completed', '{}')
                """)
        }
        _ = try await delivery("whd_1")
        #expect(await constraint { try await delivery("whd_2") } == "webhook_deliveries_event_key")
        let done = await constraint { try await pool.query("UPDATE webhook_deliveries SET status = 'delivered'") }
        #expect(done == "webhook_deliveries_delivered" || done == "webhook_deliveries_next")
    }
}
