import PostgresClient
import TestKit
import Testing

@testable import Records

/// What migration 0008 forbids.
@Suite struct `Closed states` {
    @Test(arguments: [
        (
            "limits", "[{\"name\": \"a\", \"scope\": \"org\", \"capacity\": 0, \"refill\": 1, \"period_ms\": 1000}]",
            "plans_limits"
        ),
        (
            "limits", "[{\"name\": \"a\", \"scope\": \"moon\", \"capacity\": 1, \"refill\": 1, \"period_ms\": 1000}]",
            "plans_limits"
        ),
        ("limits", "[{\"scope\": \"org\", \"capacity\": 1, \"refill\": 1, \"period_ms\": 1000}]", "plans_limits"),
        ("limits", "[7]", "plans_limits"),
        ("concurrency", "[{\"name\": \"a\", \"scope\": \"org\"}]", "plans_concurrency"),
        ("quotas", "[{\"meter\": \"jobs\", \"per_month\": -1}]", "plans_quotas"),
        ("quotas", "[{\"meter\": \"jobs\", \"per_month\": \"many\"}]", "plans_quotas"),
        ("features", "{a,NULL}", "plans_features"),
    ])
    func `a plan grants nothing that means nothing`(column: String, value: String, rule: String) async throws {
        let pool = try await freshRecords()
        let refused = await constraint {
            try await pool.query("UPDATE plans SET \(identifier: column) = \(value) WHERE code = 'PRO'")
        }
        #expect(refused == rule)
    }

    @Test func `a credit package gives something for something`() async throws {
        let pool = try await freshRecords()
        let refused = await constraint {
            try await pool.query(
                "UPDATE system_config SET credit_packages = '[{\"code\": \"x\", \"credits\": 0, \"price_cents\": 1}]'")
        }
        #expect(refused == "system_config_credit_packages")
    }

    @Test func `nothing is deleted before it was made`() async throws {
        let pool = try await freshRecords()
        let (user, org) = try await pool.signedUp()
        let wrong = await constraint {
            try await pool.query("UPDATE orgs SET deleted_at = created_at - interval '1 second' WHERE id = \(org.id)")
        }
        #expect(wrong == "orgs_deleted")
        let user1 = await constraint {
            try await pool.query("UPDATE users SET deleted_at = created_at - interval '1 day' WHERE id = \(user.id)")
        }
        #expect(user1 == "users_deleted")
    }

    @Test func `windows of usage are full hours, so they cannot overlap`() async throws {
        let pool = try await freshRecords()
        let refused = await constraint {
            try await pool.query(
                """
                INSERT INTO usage_meters (org_id, api_key_id, environment, meter, window_start, window_end, quantity)
                VALUES ('o', 'k', 'live', 'm', '2026-01-01 00:30Z', '2026-01-01 01:30Z', 1)
                """)
        }
        #expect(refused == "usage_meters_aligned")
    }

    @Test func `an event that failed says why`() async throws {
        let pool = try await freshRecords()
        _ = try await StripeEvents(pool).receive(id: "evt_1", type: "t", created: .now, payload: "{}")
        let refused = await constraint { try await pool.query("UPDATE stripe_events SET status = 'failed'") }
        #expect(refused == "stripe_events_failed")
    }

    @Test(arguments: ["audit_log", "credit_ledger"])
    func `nobody has the right to change what is append-only`(table: String) async throws {
        let pool = try await freshRecords()
        let grants = try await pool.query(
            """
            SELECT grantee || ' ' || privilege_type AS right FROM information_schema.role_table_grants
            WHERE table_name = \(table) AND privilege_type IN ('UPDATE', 'DELETE', 'TRUNCATE')
            """
        ).map { try $0["right", as: String.self] }
        #expect(grants.isEmpty)
    }

    @Test(arguments: [
        ("jobs", "(org_id, id DESC)"), ("webhook_deliveries", "(endpoint_id, id DESC)"),
        ("stripe_events", "(received_at DESC, id DESC)"), ("invoice_shadows", "(org_id, period_start DESC"),
        ("credit_ledger", "(org_id, id)"), ("rate_limit_buckets", "(org_id)"), ("webhook_endpoints", "(org_id)"),
    ])
    func `what is paged has an index in its order`(table: String, columns: String) async throws {
        let rows = try await freshRecords().query("SELECT indexdef FROM pg_indexes WHERE tablename = \(table)")
        #expect(try rows.contains { try $0["indexdef", as: String.self].contains(columns) })
    }
}
