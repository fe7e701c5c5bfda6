import PostgresClient
import TestKit
import Testing

@testable import Records

@Suite struct `Schema` {
    @Test func `migrating is done once and leaves nothing pending`() async throws {
        let pool = try await TestPostgres.shared().createDatabase().pool()
        let migrator = try RecordsSchema.migrator()
        #expect(try await migrator.run(on: pool).map(\.version) == migrator.migrations.map(\.version))
        #expect(try await migrator.run(on: pool).isEmpty)
        #expect(try await migrator.pending(on: pool).isEmpty)
    }

    @Test(arguments: [
        ("users", "id email name created_at deleted_at"),
        ("orgs", "id name slug plan stripe_customer_id personal created_at deleted_at status version expires_at"),
        ("memberships", "org_id user_id role"),
        (
            "api_keys",
            """
            id org_id user_id name key_hash hash_algorithm key_prefix environment status scopes created_at last_used_at \
            expires_at revoked_at rotated_from lineage_id
            """
        ),
        ("plans", "code name limits quotas features price_cents"),
        ("rate_limit_buckets", "scope key capacity refill"),
        ("idempotency_keys", "org_id environment key fingerprint state response created_at expires_at"),
        ("usage_meters", "org_id api_key_id environment meter window_start window_end quantity"),
        ("usage_journals", "id host path opened settled expired uncovered started_at seen_at closed_at"),
        ("usage_gaps", "id host path reason requests units seen_at"),
        ("usage_counters", "epoch org_id api_key_id environment meter window_start added voided"),
        ("feature_flags", "key description default_value plan_values"),
        ("feature_flag_overrides", "flag_key org_id value"),
        ("stripe_events", "id type created payload status attempts error received_at processed_at"),
        (
            "invoice_shadows",
            """
            org_id stripe_invoice_id period_start period_end currency amount_due status lines computed_amount difference
            """
        ),
        (
            "payment_methods",
            """
            id user_id org_id stripe_payment_method_id stripe_customer_id brand last4 expiry_month expiry_year is_default \
            created_at updated_at
            """
        ),
        ("credit_ledger", "org_id delta reason reference balance_after created_at"),
        (
            "jobs",
            """
            id org_id api_key_id environment type status input output usage attempts run_at created_at started_at \
            finished_at lease_until lease_owner max_attempts cancel_requested progress error
            """
        ),
        (
            "webhook_endpoints",
            "id org_id user_id url secret events enabled created_at updated_at last_triggered_at last_status_code"
        ),
        (
            "webhook_deliveries",
            """
            id endpoint_id event_id type payload status attempts next_attempt_at response_status response_excerpt created_at
            """
        ),
        ("audit_log", "id org_id actor action target before after ip request_id created_at"),
        (
            "system_config",
            "founding_member_count total_users total_jobs maintenance_mode credit_packages updated_at maintenance_allowed"
        ),
        ("outbox", "id org_id kind payload created_at published_at"),
    ])
    func `every record has its columns, and every time is a timestamptz`(table: String, columns: String) async throws {
        let rows = try await freshRecords().query(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = \(table)")
        let found = try Set(rows.map { try $0["column_name", as: String.self] })
        let missing = columns.split(separator: " ").map(String.init).filter { !found.contains($0) }
        #expect(missing.isEmpty)
        #expect(try !rows.contains { try $0["data_type", as: String.self].hasPrefix("timestamp without") })
    }

    @Test(arguments: [
        ("api_keys", "(org_id, key_prefix, revoked_at)"), ("api_keys", "(user_id)"), ("api_keys", "(key_hash)"),
        ("api_keys", "(key_prefix)"), ("orgs", "(stripe_customer_id)"), ("rate_limit_buckets", "(scope, key"),
        ("usage_meters", "(org_id, window_start, window_end)"), ("payment_methods", "(user_id)"),
        ("payment_methods", "(stripe_payment_method_id)"), ("jobs", "(org_id, status)"),
        ("webhook_deliveries", "(status, next_attempt_at)"), ("audit_log", "(org_id, created_at DESC)"),
    ])
    func `every named index is there`(table: String, columns: String) async throws {
        let rows = try await freshRecords().query("SELECT indexdef FROM pg_indexes WHERE tablename = \(table)")
        #expect(try rows.contains { try $0["indexdef", as: String.self].contains(columns) })
    }
}
