import Domain
import PostgresClient
import TestKit
import Testing

@testable import Records

@Suite struct `Money records` {
    private func card(_ number: Int, of user: User, in org: Org) -> NewPaymentMethod {
        NewPaymentMethod(
            id: "pmt_\(number)", userID: user.id, orgID: org.id, stripePaymentMethodID: "pm_\(number)",
            stripeCustomerID: "cus_1", brand: "visa", last4: "4242", expiryMonth: 12, expiryYear: 2030)
    }

    @Test func `a user's first card is the default, and another takes its place`() async throws {
        let pool = try await freshRecords()
        let (user, org) = try await pool.signedUp()
        let methods = PaymentMethods(pool)
        #expect(try await methods.insert(card(1, of: user, in: org)).isDefault)
        #expect(try await !methods.insert(card(2, of: user, in: org)).isDefault)
        #expect(try await methods.makeDefault("pmt_2", of: org.id)?.isDefault == true)
        #expect(try await methods.list(of: org.id).map(\.isDefault) == [false, true])
        #expect(try await methods.list(of: org.id, after: "pmt_1", limit: 1).map(\.id) == ["pmt_2"])
        #expect(try await methods.remove("pmt_2", of: org.id)?.last4 == "4242")
        #expect(try await methods.find("pmt_2", of: org.id) == nil)
    }

    @Test func `many first cards at once leave one default`() async throws {
        let pool = try await freshRecords(connectionsMax: 8)
        let (user, org) = try await pool.signedUp()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<16 {
                group.addTask { _ = try await PaymentMethods(pool).insert(card(number, of: user, in: org)) }
            }
            try await group.waitForAll()
        }
        #expect(try await PaymentMethods(pool).list(of: org.id).filter(\.isDefault).count == 1)
    }

    @Test func `a card belongs to a member of its org, and no other org sees it`() async throws {
        let pool = try await freshRecords()
        let (user, org) = try await pool.signedUp()
        let (_, other) = try await pool.signedUp()
        let methods = PaymentMethods(pool)
        let refused = await refusal { try await methods.insert(card(1, of: user, in: other)) }
        #expect(refused == .missing("member \(user.id) of \(other.id)"))
        _ = try await methods.insert(card(1, of: user, in: org))
        let again = await refusal { try await methods.insert(card(1, of: user, in: org)) }
        #expect(again == .taken(field: "id") || again == .taken(field: "stripe_payment_method_id"))
        #expect(try await methods.find("pmt_1", of: other.id) == nil)
        #expect(try await methods.makeDefault("pmt_1", of: other.id) == nil)
        #expect(try await methods.remove("pmt_1", of: other.id) == nil)
        #expect(try await methods.list(of: other.id).isEmpty)
    }

    @Test(arguments: [("starter", 120), ("popular", 400), ("pro", 1100), ("mega", 2500)])
    func `a package that is paid for is entered once`(code: String, credits: Int64) async throws {
        let pool = try await freshRecords()
        let (_, org) = try await pool.signedUp()
        let ledger = CreditLedger(pool)
        #expect(try await ledger.balance(of: org.id) == 0)
        let entry = try await ledger.enterPurchase(of: code, reference: "pi_1", for: org.id)
        #expect((entry.delta, entry.balanceAfter, entry.reason) == (credits, credits, .purchase))
        let twice = await refusal { try await ledger.enterPurchase(of: code, reference: "pi_1", for: org.id) }
        #expect(twice == .taken(field: "reference"))
        #expect(try await ledger.balance(of: org.id) == credits)
    }

    @Test func `a ledger is read newest first, and takes no entry that means nothing`() async throws {
        let pool = try await freshRecords()
        let (_, org) = try await pool.signedUp()
        let ledger = CreditLedger(pool)
        _ = try await ledger.append(50, .grant, reference: "a", of: org.id)
        _ = try await ledger.append(-60, .spend, reference: "b", of: org.id)
        let last = try await ledger.append(5, .adjustment, reference: "c", of: org.id)
        #expect(try await ledger.list(of: org.id).map(\.balanceAfter) == [-5, -10, 50])
        #expect(try await ledger.list(of: org.id, before: last.id, limit: 1).map(\.reference) == ["b"])
        let sign = await refusal { try await ledger.append(5, .spend, reference: "d", of: org.id) }
        guard case .refused("credit_ledger_sign", _) = sign else {
            Issue.record("\(String(describing: sign))")
            return
        }
        #expect(
            await refusal { try await ledger.append(5, .grant, reference: "e", of: "org_x") } == .missing("org org_x"))
        let none = await refusal { try await ledger.enterPurchase(of: "huge", reference: "f", for: org.id) }
        #expect(none == .missing("credit package huge"))
    }

    @Test func `an event is kept once, listed newest first, and takes effect once`() async throws {
        let pool = try await freshRecords()
        let events = StripeEvents(pool)
        let at = PostgresInstant(unixSeconds: 1_700_000_000)
        for number in 1...5 {
            #expect(
                try await events.receive(
                    id: "evt_\(number)", type: number == 3 ? "invoice.paid" : "charge.failed", created: at,
                    payload: "{\"n\": \(number)}"))
        }
        #expect(try await !events.receive(id: "evt_1", type: "other", created: at, payload: "{}"))
        #expect(try await events.find("evt_1")?.payload == "{\"n\": 1}")
        #expect(try await events.list().map(\.id) == ["evt_5", "evt_4", "evt_3", "evt_2", "evt_1"])
        #expect(try await events.list(after: "evt_4", limit: 2).map(\.id) == ["evt_3", "evt_2"])
        #expect(try await events.list(type: "invoice.paid").map(\.id) == ["evt_3"])
        try await events.finish("evt_3", as: .failed, error: "no such customer")
        #expect(try await events.list(status: .failed).map(\.attempts) == [1])
        try await events.finish("evt_3", as: .processed)
        #expect(try await events.find("evt_3")?.processedAt != nil)
        guard case .refused("stripe_events_once", _) = await refusal({ try await events.finish("evt_3", as: .ignored) })
        else {
            Issue.record("an event took effect twice")
            return
        }
    }

    private func invoice(
        _ number: Int, _ pool: PostgresPool, org: String = "org_1", from: Int, days: Int, status: String = "open"
    ) async throws {
        try await pool.query(
            """
            INSERT INTO invoice_shadows (stripe_invoice_id, org_id, period_start, period_end, currency, amount_due, status,
                computed_amount)
            VALUES (\("in_\(number)"), \(org), timestamptz '2026-01-01Z' + make_interval(days => \(from)::int),
                timestamptz '2026-01-01Z' + make_interval(days => \(from + days)::int), 'usd', 100, \(status), 90)
            """)
    }

    @Test func `no hour of an org is on two invoices, but for one that is void`() async throws {
        let pool = try await freshRecords()
        try await invoice(1, pool, from: 0, days: 31)
        try await invoice(2, pool, from: 31, days: 28)
        try await invoice(3, pool, org: "org_2", from: 0, days: 31)
        try await invoice(4, pool, org: "org_12", from: 0, days: 31)
        try await invoice(5, pool, from: 10, days: 31, status: "void")
        let overlap = await constraint { try await invoice(6, pool, from: 30, days: 2) }
        #expect(overlap == "invoice_shadows_no_overlap")
        #expect(try await InvoiceShadows(pool).list(of: "org_1").map(\.stripeInvoiceID) == ["in_2", "in_5", "in_1"])
        let page = try await InvoiceShadows(pool).list(of: "org_1", after: "in_5", limit: 5)
        #expect(page.map(\.stripeInvoiceID) == ["in_1"])
        #expect(try await InvoiceShadows(pool).list(of: "org_1", status: .void).map(\.difference) == [10])
        #expect(try await InvoiceShadows(pool).find("in_1", of: "org_1")?.amountDue == 100)
        #expect(try await InvoiceShadows(pool).find("in_1", of: "org_2") == nil)
    }
}
