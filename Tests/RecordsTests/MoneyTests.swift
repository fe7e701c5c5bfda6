import PostgresClient
import TestKit
import Testing

@testable import Records

@Suite struct `Money` {
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
        #expect(wrong.isEmpty)
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
}
