import Domain
import PostgresClient
import TestKit
import Testing

@testable import TollgateApp

@Suite struct `tollgate seed` {
    private let now = PostgresInstant(unixSeconds: 1_790_000_000)

    private func migrated() async throws -> PostgresPool {
        let pool = try await TestPostgres.shared().createDatabase().pool()
        _ = try await Migrate.run(on: pool)
        return pool
    }

    private func seeded(_ seed: UInt64) async throws -> PostgresPool {
        let pool = try await self.migrated()
        let data = SeedMaker.make(seed: seed, now: self.now, brand: "tgk")
        try await SeedCommand.put(data, seed: seed, at: self.now, isForced: false, pool)
        return pool
    }

    /// Every row of every record, as text, in order. Left out is what tells of the database's own work: the migrations
    /// with what they put in, the outbox, and when the system's row was last touched.
    private func dump(_ pool: PostgresPool) async throws -> [String] {
        let tables = try await pool.query(
            """
            SELECT table_name::text AS name FROM information_schema.tables
            WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name NOT IN
                ('schema_migrations', 'plans', 'outbox', 'job_counts', 'system_state')
            ORDER BY 1
            """
        ).map { try $0["name", as: String.self] }
        var lines: [String] = []
        for table in tables {
            let rows = try await pool.query(
                "SELECT to_jsonb(t)::text AS row FROM \(identifier: table) t ORDER BY 1")
            lines += try rows.map { "\(table) \(try $0["row", as: String.self])" }
        }
        let row = try await pool.query(
            "SELECT to_jsonb(s) - 'updated_at' AS row FROM system_config s"
        ).only()
        return lines + ["system_config \(try row["row", as: String.self])"]
    }

    private func number(_ query: PostgresQuery, _ pool: PostgresPool) async throws -> Int {
        try await pool.query(query).only().decode(0)
    }

    @Test func `the same seed and instant give the same data, byte for byte`() async throws {
        let first = try await self.dump(self.seeded(7))
        let second = try await self.dump(self.seeded(7))
        let difference = zip(first, second).first { $0 != $1 }
        #expect(first == second, "\(String(describing: difference))")
        #expect(first.count > 2_000)
        #expect(try await self.dump(self.seeded(8)) != first)
    }

    @Test func `what teams expect is there`() async throws {
        let pool = try await self.seeded(1)
        #expect(try await self.number("SELECT count(*) FROM users", pool) == 4)
        #expect(try await self.number("SELECT count(*) FROM orgs WHERE plan = 'FREE'", pool) == 1)
        #expect(try await self.number("SELECT count(*) FROM orgs WHERE plan = 'PRO'", pool) == 1)
        #expect(try await self.number("SELECT count(*) FROM orgs", pool) == 2)
        #expect(try await self.number("SELECT count(*) FROM api_keys WHERE status = 'active'", pool) == 4)
        #expect(try await self.number("SELECT total_jobs FROM system_config", pool) == 100)
        #expect(try await self.number("SELECT count(*) FROM jobs WHERE finished_at < created_at", pool) == 0)
        let hours = try await self.number(
            "SELECT count(DISTINCT window_start) FROM usage_meters WHERE meter = 'requests'", pool)
        #expect(hours == 168)
        let oldest = try await self.number(
            "SELECT count(*) FROM usage_meters WHERE window_start < \(self.now.advanced(by: .seconds(-8 * 86_400)))",
            pool)
        #expect(oldest == 0)
        #expect(try await self.number("SELECT count(*) FROM webhook_endpoints", pool) == 2)
        #expect(try await self.number("SELECT count(*) FROM webhook_deliveries WHERE status = 'failed'", pool) == 1)
        #expect(try await self.number("SELECT jsonb_array_length(credit_packages) FROM system_config", pool) == 4)
        let balance = try await self.number("SELECT balance FROM credit_balances", pool)
        #expect(balance > 0)
        #expect(try await self.number("SELECT sum(delta)::bigint FROM credit_ledger", pool) == balance)
    }

    @Test func `a database that is not empty is refused, and added to when forced`() async throws {
        let pool = try await self.seeded(1)
        let data = SeedMaker.make(seed: 1, now: self.now, brand: "tgk")
        let refused = await #expect(throws: CommandFailure.self) {
            try await SeedCommand.put(data, seed: 1, at: self.now, isForced: false, pool)
        }
        #expect(refused?.message.contains("4 users") == true)
        let twice = await #expect(throws: CommandFailure.self) {
            try await SeedCommand.put(data, seed: 1, at: self.now, isForced: true, pool)
        }
        #expect(twice?.message.hasPrefix("Nothing was put in") == true)
        #expect(try await self.number("SELECT count(*) FROM users", pool) == 4)
        let beside = try await self.migrated()
        try await beside.query(
            "INSERT INTO credit_ledger (org_id, delta, reason, reference) VALUES ('o', 1, 'grant', 'x')")
        await #expect(throws: CommandFailure.self) {
            try await SeedCommand.put(data, seed: 1, at: self.now, isForced: false, beside)
        }
        try await SeedCommand.put(data, seed: 1, at: self.now, isForced: true, beside)
        #expect(try await self.number("SELECT count(*) FROM users", beside) == 4)
    }

    @Test func `seeded keys are well formed and kept as hashes only`() async throws {
        let data = SeedMaker.make(seed: 3, now: self.now, brand: "tgk")
        #expect(data.keys.count == 5)
        let rows = try await self.dump(self.seeded(3)).joined()
        for key in data.keys {
            #expect(key.text.hasPrefix("tgk_\(key.environment.rawValue)_"))
            #expect(!rows.contains(key.text))
            #expect(rows.contains(key.id))
        }
    }
}
