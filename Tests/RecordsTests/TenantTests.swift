import Domain
import PostgresClient
import TestKit
import Testing

@testable import Records

@Suite struct `Users and orgs` {
    @Test func `signing up makes a personal org that the user owns`() async throws {
        let pool = try await freshRecords()
        let (user, org) = try await pool.signedUp()
        #expect(org.isPersonal)
        #expect(org.plan == "FREE")
        #expect(org.status == .active)
        #expect(
            try await Orgs(pool).members(of: org.id) == [Membership(userID: user.id, email: user.email, role: .owner)])
        #expect(try await Orgs(pool).list(of: user.id) == [org])
        #expect(try await Users(pool).find(user.id) == user)
        #expect(try await Users(pool).find(email: user.email.uppercased()) == user)
        #expect(try await Orgs(pool).find(slug: org.slug) == org)
        #expect(try await Orgs(pool).list() == [org])
        #expect(try await Orgs(pool).list(after: org.id).isEmpty)
    }

    @Test func `an address or a slug is taken once, whatever its case`() async throws {
        let pool = try await freshRecords()
        let (user, org) = try await pool.signedUp()
        let email = await refusal {
            try await Users(pool).signUp(
                id: newID("usr"), email: user.email.uppercased(), name: "",
                org: NewOrg(id: newID("org"), name: "x", slug: "other"))
        }
        #expect(email == .taken(field: "email"))
        let slug = await refusal {
            try await Orgs(pool).create(NewOrg(id: newID("org"), name: "x", slug: org.slug), owner: user.id)
        }
        #expect(slug == .taken(field: "slug"))
        #expect(try await Orgs(pool).find(slug: "other") == nil)
        let plan = await refusal {
            try await Orgs(pool).create(NewOrg(id: newID("org"), name: "x", slug: "p", plan: "GOLD"), owner: user.id)
        }
        #expect(plan == .missing("plan"))
    }

    @Test(arguments: ["", "no-at-sign", "two words@example.com", "@example.com", "a@"])
    func `an address that is none is refused`(email: String) async throws {
        let refused = await refusal {
            try await Users(try await freshRecords()).signUp(
                id: newID("usr"), email: email, name: "", org: NewOrg(id: newID("org"), name: "x", slug: "x"))
        }
        #expect(refused?.rule == "users_email_check")
    }

    @Test func `an org always keeps an owner`() async throws {
        let pool = try await freshRecords()
        let (user, org) = try await pool.signedUp()
        let (other, _) = try await pool.signedUp()
        let leave = await refusal { try await Orgs(pool).removeMember(user.id, from: org.id) }
        #expect(leave?.rule == "orgs_have_owner")
        let step = await refusal { try await Orgs(pool).setRole(.admin, of: user.id, in: org.id) }
        #expect(step?.rule == "orgs_have_owner")
        let ownerless = await constraint {
            try await pool.query("INSERT INTO orgs (id, name, slug) VALUES ('org_x', 'x', 'x')")
        }
        #expect(ownerless == "orgs_have_owner")
        // Handing over in any order within a transaction is fine.
        try await pool.withTransaction { session in
            try await Orgs(session).setRole(.member, of: user.id, in: org.id)
            try await Orgs(session).setRole(.owner, of: other.id, in: org.id)
        }
        #expect(try await Orgs(pool).removeMember(user.id, from: org.id))
        #expect(try await Orgs(pool).removeMember(user.id, from: org.id) == false)
    }

    @Test func `two owners who leave at the same time do not leave the org alone`() async throws {
        let pool = try await freshRecords(connectionsMax: 8)
        for _ in 0..<10 {
            let (first, org) = try await pool.signedUp()
            let (second, _) = try await pool.signedUp()
            try await Orgs(pool).setRole(.owner, of: second.id, in: org.id)
            await withTaskGroup(of: Void.self) { group in
                for user in [first.id, second.id] {
                    group.addTask { _ = try? await Orgs(pool).removeMember(user, from: org.id) }
                }
            }
            #expect(try await Orgs(pool).members(of: org.id).count == 1)
        }
    }

    @Test func `a user who goes takes keys, seats and the personal org along, but never an org's last owner`()
        async throws
    {
        let pool = try await freshRecords()
        let (user, personal) = try await pool.signedUp()
        let (other, _) = try await pool.signedUp()
        let shared = try await Orgs(pool).create(
            NewOrg(id: newID("org"), name: "Shared", slug: "shared"), owner: user.id)
        let key = try await pool.newKey(of: shared, user: user.id)
        let refused = await refusal { try await Users(pool).delete(user.id) }
        #expect(refused?.rule == "orgs_have_owner")
        try await Orgs(pool).setRole(.owner, of: other.id, in: shared.id)
        #expect(try await Users(pool).delete(user.id))
        #expect(try await Users(pool).delete(user.id) == false)
        #expect(try await APIKeys(pool).find(key.id, of: shared.id)?.status == .revoked)
        #expect(try await Orgs(pool).find(personal.id)?.deletedAt != nil)
        #expect(try await Orgs(pool).find(shared.id)?.deletedAt == nil)
        #expect(try await Orgs(pool).list(of: user.id).isEmpty)
        // The address may sign up again.
        let again = try await Users(pool).signUp(
            id: newID("usr"), email: user.email, name: "", org: NewOrg(id: newID("org"), name: "x", slug: "again"))
        #expect(again.user.id != user.id)
    }

    @Test func `a deleted org's keys are revoked, its queue is emptied and its webhooks fall silent`() async throws {
        let pool = try await freshRecords()
        let (_, org) = try await pool.signedUp()
        let key = try await pool.newKey(of: org)
        try await pool.query(
            "INSERT INTO jobs (id, org_id, environment, type) VALUES ('job_1', \(org.id), 'live', 'x')")
        try await pool.query(
            """
            INSERT INTO webhook_endpoints (id, org_id, url, secret, events)
            VALUES ('whe_1', \(org.id), 'https://example.com/hook', 'whsec_0123456789', '{job.completed}')
            """)
        #expect(try await Orgs(pool).delete(org.id))
        #expect(try await Orgs(pool).delete(org.id) == false)
        #expect(try await APIKeys(pool).find(key.id, of: org.id)?.status == .revoked)
        #expect(try await pool.number("SELECT count(*) FROM jobs WHERE status = 'cancelled'") == 1)
        #expect(try await pool.number("SELECT count(*) FROM webhook_endpoints WHERE enabled") == 0)
        #expect(await refusal { try await Orgs(pool).setPlan("PRO", of: org.id) } == .missing("org \(org.id)"))
    }

    @Test func `erasing an org removes what it owns and keeps money, usage and the audit log`() async throws {
        let pool = try await freshRecords()
        let (user, org) = try await pool.signedUp()
        let key = try await pool.newKey(of: org)
        _ = try await APIKeys(pool).rotate(key.id, of: org.id, to: newID("key"), newMaterial(), grace: .seconds(60))
        try await fillEveryTable(pool, org: org, user: user)
        #expect(try await Orgs(pool).erase(org.id))
        for table in [
            "memberships", "api_keys", "rate_limit_buckets", "feature_flag_overrides", "idempotency_keys", "jobs",
            "payment_methods", "webhook_endpoints", "webhook_deliveries",
        ] {
            #expect(try await pool.number("SELECT count(*) FROM \(identifier: table)") == 0, "\(table)")
        }
        for table in ["credit_ledger", "invoice_shadows", "usage_meters", "usage_counters", "audit_log"] {
            #expect(
                try await pool.number("SELECT count(*) FROM \(identifier: table) WHERE org_id = \(org.id)") == 1,
                "\(table)")
        }
        #expect(try await AuditLog(pool).check().isEmpty)
        #expect(try await Orgs(pool).erase(org.id) == false)
    }

    private func fillEveryTable(_ pool: PostgresPool, org: Org, user: User) async throws {
        try await pool.withTransaction { session in
            for statement in [
                "INSERT INTO rate_limit_buckets (org_id, scope, key, capacity, refill) VALUES (\(org.id), 'org', \(org.id), 5, 1)",
                "INSERT INTO feature_flags (key) VALUES ('beta')",
                "INSERT INTO feature_flag_overrides (flag_key, org_id, value) VALUES ('beta', \(org.id), true)",
                """
                INSERT INTO idempotency_keys (org_id, environment, key, fingerprint, state, expires_at)
                VALUES (\(org.id), 'live', 'k', sha256('x'), 'running', now() + interval '1 day')
                """,
                "INSERT INTO jobs (id, org_id, environment, type) VALUES ('job_1', \(org.id), 'live', 'x')",
                """
                INSERT INTO payment_methods (id, user_id, org_id, stripe_payment_method_id, stripe_customer_id, brand,
                    last4, expiry_month, expiry_year)
                VALUES ('pmt_1', \(user.id), \(org.id), 'pm_1', 'cus_1', 'visa', '4242', 1, 2030)
                """,
                """
                INSERT INTO webhook_endpoints (id, org_id, url, secret, events)
                VALUES ('whe_1', \(org.id), 'https://example.com/hook', 'whsec_0123456789', '{job.completed}')
                """,
                """
                INSERT INTO webhook_deliveries (id, endpoint_id, event_id, type, payload)
                VALUES ('whd_1', 'whe_1', 'evt_1', 'job.completed', '{}')
                """,
                """
                INSERT INTO invoice_shadows (stripe_invoice_id, org_id, period_start, period_end, currency, amount_due,
                    status, computed_amount)
                VALUES ('in_1', \(org.id), now(), now() + interval '1 month', 'usd', 100, 'open', 90)
                """,
                "INSERT INTO credit_ledger (org_id, delta, reason, reference) VALUES (\(org.id), 5, 'grant', 'r')",
            ] as [PostgresQuery] {
                try await session.query(statement)
            }
            let counter = UsageCounter(
                epoch: "e", orgID: org.id, apiKeyID: "key_1", environment: .live, meter: "requests",
                windowStart: PostgresInstant(unixSeconds: 3600), added: 1)
            _ = try await Usage(session).record([counter])
            try await AuditLog(session).append(
                NewAuditEntry(id: "aud_1", orgID: org.id, actor: user.id, action: "org.create", target: org.id))
        }
    }
}

extension RecordsError {
    /// The rule that refused.
    var rule: String? {
        if case .refused(let rule, _) = self { rule } else { nil }
    }
}
