import Domain
import PostgresClient
import Synchronization
import TestKit
import Testing

@testable import Records

/// Notes how PostgreSQL finds the rows of every statement.
private final class Explaining: RecordsDatabase {
    private let pool: PostgresPool
    private let plans = Mutex<[String]>([])

    init(_ pool: PostgresPool) { self.pool = pool }

    func run(_ query: PostgresQuery) async throws -> PostgresResult {
        let lines = try await self.pool.query("EXPLAIN " + query).map { try $0.decode(0, as: String.self) }
        self.plans.withLock { $0.append(lines.joined(separator: "\n")) }
        return try await self.pool.query(query)
    }

    func atomically<Value>(_ body: (PostgresSession) async throws -> Value) async throws -> Value {
        try await self.pool.withTransaction(body)
    }

    /// The plan of what `body` asks.
    func plan(_ body: (Explaining) async throws -> Void) async throws -> String {
        self.plans.withLock { $0 = [] }
        try await body(self)
        return self.plans.withLock { $0.joined(separator: "\n") }
    }
}

@Suite struct `Lists of many records` {
    /// 20 000 orgs and users, and 40 000 keys, a quarter of them of one org, as an import leaves them.
    private func filled() async throws -> (pool: PostgresPool, org: String, user: String) {
        let pool = try await freshRecords()
        let (user, org) = try await pool.signedUp()
        try await pool.withTransaction { session in
            try await session.script(
                """
                ALTER TABLE users DISABLE TRIGGER USER;
                INSERT INTO users (id, email)
                    SELECT 'usr_x' || n, 'x' || n || '@example.com' FROM generate_series(1, 20000) AS n;
                ALTER TABLE users ENABLE TRIGGER USER;
                ALTER TABLE orgs DISABLE TRIGGER USER;
                ALTER TABLE api_keys DISABLE TRIGGER USER;
                INSERT INTO orgs (id, name, slug, plan)
                    SELECT 'org_' || lpad(n::text, 10, '0'), 'Org', 's-' || n,
                        CASE WHEN n % 1000 = 0 THEN 'ENTERPRISE' ELSE 'FREE' END
                    FROM generate_series(100001, 120000) AS n;
                UPDATE orgs SET status = 'suspended' WHERE id LIKE '%00';
                """)
            try await session.query(
                """
                INSERT INTO memberships (org_id, user_id, role)
                    SELECT id, \(user.id), 'OWNER' FROM orgs WHERE id <> \(org.id)
                """)
            try await session.query(
                """
                INSERT INTO api_keys (id, org_id, lineage_id, key_hash, key_prefix, environment)
                    SELECT id, org, id, hash, prefix, 'live' FROM (
                        SELECT 'key_' || lpad(n::text, 10, '0') AS id, lpad(n::text, 64, '0') AS hash,
                            'tgk_live_' || right('000' || n % 1000, 3) AS prefix, CASE WHEN n % 4 = 0 THEN \(org.id)
                                ELSE 'org_' || lpad((100001 + n % 20000)::text, 10, '0') END AS org
                        FROM generate_series(200001, 240000) AS n) keys
                """)
            try await session.query(
                """
                INSERT INTO outbox (org_id, kind, payload)
                    SELECT id, 'org', '{"version": 2}' FROM orgs WHERE id <> \(org.id)
                """)
            try await session.query("ALTER TABLE audit_log DISABLE TRIGGER USER")
            try await session.query(
                """
                INSERT INTO audit_log (seq, id, org_id, actor, action, target, created_at, previous_hash, hash)
                    SELECT 1000 + n, 'aud_' || n, CASE WHEN n % 4 = 0 THEN \(org.id) ELSE 'org_' || n END, 'operator',
                        'api_key.create', 'key_' || n, now(), zero, zero
                    FROM generate_series(1, 20000) AS n, decode(repeat('00', 32), 'hex') AS zero
                """)
            try await session.query("ALTER TABLE audit_log ENABLE TRIGGER USER")
            try await session.script("ALTER TABLE orgs ENABLE TRIGGER USER; ALTER TABLE api_keys ENABLE TRIGGER USER")
        }
        try await pool.query("ANALYZE")
        return (pool, org.id, user.id)
    }

    @Test func `every page is found by an index`() async throws {
        let (pool, org, user) = try await self.filled()
        let explaining = Explaining(pool)
        var prefix = APIKeys.Filter()
        prefix.prefix = "tgk_live_100"
        var suspended = Orgs.Filter()
        suspended.status = .suspended
        var enterprise = Orgs.Filter()
        enterprise.plan = "ENTERPRISE"
        var slug = Orgs.Filter()
        slug.slug = "s-110000"
        var ofOrg = AuditLog.Filter()
        ofOrg.orgID = org
        var ofKey = AuditLog.Filter()
        ofKey.target = "key_777"
        typealias Ask = (Explaining) async throws -> Void
        let lists: [(name: String, index: String, ask: Ask)] = [
            ("keys", "api_keys_org ", { _ = try await APIKeys($0).list(of: org, .init(), after: "", limit: 21) }),
            (
                "keys, a later page", "api_keys_org ",
                { _ = try await APIKeys($0).list(of: org, .init(), after: "key_0000220000", limit: 101) }
            ),
            ("keys by prefix", "api_keys", { _ = try await APIKeys($0).list(of: org, prefix, after: "", limit: 21) }),
            ("orgs", "orgs_pkey", { _ = try await Orgs($0).list(.init(), after: "org_0000110000", limit: 21) }),
            ("suspended orgs", "orgs_suspended", { _ = try await Orgs($0).list(suspended, after: "", limit: 101) }),
            ("orgs of a plan", "orgs_plan", { _ = try await Orgs($0).list(enterprise, after: "", limit: 21) }),
            ("an org by slug", "orgs_slug_key", { _ = try await Orgs($0).list(slug, after: "", limit: 21) }),
            ("members", "memberships", { _ = try await Orgs($0).members(of: org, after: "", limit: 21) }),
            (
                "a user by address", "users_email_key",
                { _ = try await Users($0).list(email: "\(user)@EXAMPLE.com", after: "", limit: 21) }
            ),
            (
                "entries of the audit log", "audit_log_org_seq",
                { _ = try await AuditLog($0).list(ofOrg, before: 9_000, limit: 21) }
            ),
            (
                "what happened to a key", "audit_log_target",
                { _ = try await AuditLog($0).list(ofKey, before: .max, limit: 21) }
            ),
        ]
        for (name, index, ask) in lists {
            let plan = try await explaining.plan(ask)
            #expect(plan.contains(index), "\(name):\n\(plan)")
            #expect(!plan.contains("Seq Scan"), "\(name):\n\(plan)")
            // What one value of a narrow index finds is few, and may be sorted.
            if !name.contains(" by ") { #expect(!plan.contains("Sort"), "\(name):\n\(plan)") }
        }
        await pool.close()
    }

    @Test func `a page for filling Redis, and what waits of one org, are found by an index`() async throws {
        let (pool, org, _) = try await self.filled()
        let explaining = Explaining(pool)
        var scan = EdgeScan(explaining, orgs: 50, keys: 40)
        for page in ["first", "second", "third"] {
            let plan = try await explaining.plan { _ in _ = try await scan.next() }
            #expect(plan.contains("api_keys_org "), "\(page):\n\(plan)")
            for table in ["orgs", "api_keys", "outbox"] {
                #expect(!plan.contains("Seq Scan on \(table)"), "\(page):\n\(plan)")
            }
        }
        let waiting = try await pool.query(
            "EXPLAIN SELECT id FROM outbox WHERE published_at IS NULL AND (org_id = ANY(\([org])) OR org_id IS NULL)"
        ).map { try $0.decode(0, as: String.self) }.joined(separator: "\n")
        #expect(waiting.contains("outbox_waiting") && !waiting.contains("Seq Scan"), "\(waiting)")
        await pool.close()
    }
}
