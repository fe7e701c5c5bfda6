import Domain
import PostgresClient
@testable import Records
import TestKit
import Testing

@Suite struct `Money, plans, jobs and webhooks` {
    @Test func `a ledger's balance is right however many write at once`() async throws {
        let pool = try await freshRecords(connectionsMax: 8)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<60 {
                group.addTask {
                    let (delta, reason) = number % 3 == 0 ? (-2, "spend") : (5, "purchase")
                    try await pool.query(
                        """
                        INSERT INTO credit_ledger (org_id, delta, reason, reference)
                        VALUES (\("org_\(number % 2)"), \(delta), \(reason), \("r\(number)"))
                        """)
                }
            }
            try await group.waitForAll()
        }
        let wrong = try await pool.query(
            """
            SELECT id FROM (
                SELECT id, balance_after, sum(delta) OVER (PARTITION BY org_id ORDER BY id) AS sum FROM credit_ledger) l
            WHERE balance_after <> sum
            """)
        #expect(try await pool.number("SELECT sum(balance)::bigint FROM credit_balances") == 160)
        // Ids are given before the balance's lock is had, so only the totals must follow the order of commits.
        #expect(wrong.count <= 60)
        #expect(
            try await pool.number(
                """
                SELECT count(*) FROM credit_balances b WHERE balance = (
                    SELECT sum(delta) FROM credit_ledger l WHERE l.org_id = b.org_id)
                """) == 2)
    }

    @Test func `a ledger entry is written once and never changed`() async throws {
        let pool = try await freshRecords()
        let insert: PostgresQuery =
            "INSERT INTO credit_ledger (org_id, delta, reason, reference) VALUES ('org_1', 5, 'purchase', 'evt_1')"
        try await pool.query(insert)
        #expect(await constraint { try await pool.query(insert) } == "credit_ledger_reference_key")
        #expect(try await pool.number("SELECT balance FROM credit_balances") == 5)
        #expect(await constraint { try await pool.query("UPDATE credit_ledger SET delta = 9") } == "append_only")
        #expect(await constraint { try await pool.query("DELETE FROM credit_ledger") } == "append_only")
        #expect(
            await constraint { try await pool.query("UPDATE credit_balances SET balance = 9") }
                == "credit_balances_follow")
        let sign = await constraint {
            try await pool.query(
                "INSERT INTO credit_ledger (org_id, delta, reason, reference) VALUES ('org_1', 5, 'spend', 'x')")
        }
        #expect(sign == "credit_ledger_sign")
    }

    @Test func `an invoice's difference is computed, an event takes effect once, a user has one default card`()
        async throws
    {
        let pool = try await freshRecords()
        let (user, org) = try await pool.signedUp()
        try await pool.query(
            """
            INSERT INTO invoice_shadows (stripe_invoice_id, org_id, period_start, period_end, currency, amount_due, status,
                computed_amount)
            VALUES ('in_1', 'org_1', now(), now() + interval '1 month', 'usd', 100, 'open', 90)
            """)
        #expect(try await pool.number("SELECT difference FROM invoice_shadows") == 10)
        try await pool.query(
            """
            INSERT INTO stripe_events (id, type, created, payload, status, processed_at)
            VALUES ('evt_1', 't', now(), '{}', 'processed', now())
            """)
        let again = await constraint {
            try await pool.query("UPDATE stripe_events SET status = 'received', processed_at = NULL")
        }
        #expect(again == "stripe_events_once")
        let card = { (id: String) async throws in
            try await pool.query(
                """
                INSERT INTO payment_methods (id, user_id, org_id, stripe_payment_method_id, stripe_customer_id, brand, last4,
                    expiry_month, expiry_year, is_default)
                VALUES (\("pmt_" + id), \(user.id), \(org.id), \("pm_" + id), 'cus_1', 'visa', '4242', 12, 2030, true)
                """)
        }
        _ = try await card("1")
        #expect(await constraint { try await card("2") } == "payment_methods_one_default")
    }

    @Test func `plans come back as they were put, the seeded ones are there`() async throws {
        let pool = try await freshRecords()
        #expect(try await Plans(pool).list().map(\.plan.code) == ["ENTERPRISE", "FREE", "PRO"])
        #expect(try await Plans(pool).find("ENTERPRISE")?.priceCents == nil)
        #expect(try await Plans(pool).find("FREE")?.plan.quotas == [Quota(meter: "requests", perMonth: 10_000)])
        var plan = Plan(code: "TEAM", name: "Team \"9\"")
        plan.limits = [
            Limit(name: "b", scope: .org, capacity: 5, refill: 1, periodMs: 1000),
            Limit(name: "a", scope: .key, capacity: .max, refill: 2, periodMs: 60_000, unit: .cost),
        ]
        plan.concurrency = [ConcurrencyLimit(name: "c", scope: .route, max: 3)]
        plan.quotas = [Quota(meter: "tokens", perMonth: 7), Quota(meter: "jobs", perMonth: 8)]
        plan.features = ["x", "y"]
        let record = PlanRecord(plan, priceCents: 900, currency: "eur")
        try await Plans(pool).put(record)
        #expect(try await Plans(pool).find("TEAM") == record)
        plan.limits = []
        try await Plans(pool).put(PlanRecord(plan, priceCents: nil))
        #expect(try await Plans(pool).find("TEAM") == PlanRecord(plan, priceCents: nil))
        #expect(try await Plans(pool).find("NONE") == nil)
        #expect(
            await refusal { try await Plans(pool).put(PlanRecord(Plan(code: "bad code", name: "x"), priceCents: 1)) }?
                .rule == "plans_code_check")
    }

    @Test(arguments: [
        ("status = 'running'", "jobs_lease"),
        ("lease_until = now(), lease_owner = 'w'", "jobs_lease"),
        ("status = 'running', lease_until = now()", "jobs_lease"),
        ("status = 'succeeded'", "jobs_finished"),
        ("finished_at = now()", "jobs_finished"),
        ("status = 'done'", "jobs_status_check"),
        ("attempts = -1", "jobs_attempts_check"),
    ])
    func `a job is never half leased or half finished`(change: String, rule: String) async throws {
        let pool = try await freshRecords()
        let (_, org) = try await pool.signedUp()
        try await pool.query(
            "INSERT INTO jobs (id, org_id, environment, type) VALUES ('job_1', \(org.id), 'live', 'x')")
        #expect(
            await constraint { try await pool.query(PostgresQuery(unsafeSQL: "UPDATE jobs SET \(change)")) } == rule)
    }

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
