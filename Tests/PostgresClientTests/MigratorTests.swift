import PostgresClient
import TestKit
import Testing

@Suite struct `Migrations` {
    private func files(_ pairs: (String, String)...) throws -> Migrator {
        try Migrator(pairs.map { try Migration(fileName: $0.0, sql: $0.1) })
    }

    private let first = ("0001_first.sql", "CREATE TABLE a (n int); INSERT INTO a VALUES (1);")
    private let second = ("0002_second.sql", "-- Grüße\nALTER TABLE a ADD COLUMN m int DEFAULT 7;")

    @Test func `each file is applied once, in order, and recorded with its checksum`() async throws {
        let pool = try await freshPool()
        #expect(try await files(second, first).pending(on: pool).map(\.version) == [1, 2])
        #expect(try await files(first).run(on: pool).map(\.name) == ["first"])
        #expect(try await files(first, second).pending(on: pool).map(\.name) == ["second"])
        #expect(try await files(first, second).run(on: pool).map(\.name) == ["second"])
        #expect(try await files(first, second).run(on: pool).isEmpty)
        #expect(try await pool.query("SELECT n, m FROM a WHERE m = 7").count == 1)
        let rows = try await pool.query("SELECT version, name, checksum FROM schema_migrations ORDER BY version")
        #expect(try rows.map { try $0["version", as: Int.self] } == [1, 2])
        // sha256sum of the first file.
        #expect(try rows[0]["checksum"] == "ef25060c73ad0200021bc4eefbe9a7541c6f7669f3fafcb830bcf9b0a1442b8a")
    }

    @Test func `many at once apply each file exactly once`() async throws {
        let database = try await TestPostgres.shared().createDatabase()
        let migrator = try files(
            first, ("0002_slow.sql", "SELECT pg_sleep(0.2); CREATE TABLE b (n int);"),
            ("0003_c.sql", "CREATE TABLE c ()"))
        let applied = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask { try await migrator.run(on: database.pool(connectionsMax: 1)).count }
            }
            return try await group.reduce(0, +)
        }
        #expect(applied == 3)
        #expect(try await database.pool().query("SELECT n FROM a").count == 1)
    }

    @Test func `a file changed after it was applied is refused`() async throws {
        let pool = try await freshPool()
        try await files(first, second).run(on: pool)
        let changed = try files((first.0, first.1 + " "), second)
        await #expect(throws: MigrationError.changed(version: 1, name: "first")) { try await changed.run(on: pool) }
        await #expect(throws: MigrationError.changed(version: 1, name: "first")) { try await changed.pending(on: pool) }
        let renamed = try files(first, ("0002_other.sql", second.1))
        await #expect(throws: MigrationError.changed(version: 2, name: "second")) { try await renamed.run(on: pool) }
    }

    @Test func `a database ahead of the program is refused`() async throws {
        let pool = try await freshPool()
        try await files(first, second).run(on: pool)
        await #expect(throws: MigrationError.unknown(version: 2, name: "second")) {
            try await files(first).run(on: pool)
        }
    }

    @Test func `a failing file leaves nothing behind, and those before it stay`() async throws {
        let pool = try await freshPool()
        let bad = try files(first, ("0002_bad.sql", "CREATE TABLE half (n int); INSERT INTO missing VALUES (1);"))
        do {
            try await bad.run(on: pool)
            Issue.record("the bad file passed")
        } catch MigrationError.failed(let version, let name, let error) {
            #expect((version, name) == (2, "bad"))
            #expect(error.sqlState == "42P01")
        }
        #expect(try await pool.query("SELECT to_regclass('half') AS half").only()["half", as: Int?.self] == nil)
        #expect(try await files(first, second).run(on: pool).map(\.version) == [2])
    }

    @Test func `a file that ends its transaction is refused`() async throws {
        let pool = try await freshPool()
        let sly = try files(("0001_sly.sql", "CREATE TABLE a (n int); COMMIT; BEGIN;"))
        await #expect(throws: MigrationError.endsTransaction(version: 1, name: "sly")) { try await sly.run(on: pool) }
    }

    @Test func `gaps, doubles and bad names are refused before anything is touched`() throws {
        #expect(throws: MigrationError.gap(expected: 2, found: 3)) { try files(first, ("0003_c.sql", "")) }
        #expect(throws: MigrationError.gap(expected: 2, found: 1)) { try files(first, ("0001_again.sql", "")) }
        for name in ["1_a.sql", "0001a.sql", "0001_.sql", "0001_a.txt", "0000_a.sql", "x001_a.sql"] {
            #expect(throws: MigrationError.badName(name)) { try Migration(fileName: name, sql: "") }
        }
    }

    @Test func `a held lock is told after the time limit`() async throws {
        let pool = try await freshPool()
        var migrator = try files(first)
        migrator.lockTimeout = .milliseconds(150)
        let held = migrator
        try await pool.withSession { session in
            try await session.query("SELECT pg_advisory_lock(\(0x746F_6C6C_6761_7465))")
            await session.discard()
            await #expect(throws: MigrationError.locked(waited: .milliseconds(150))) { try await held.run(on: pool) }
        }
        // The server lets go of the lock when it has seen the end of the session.
        #expect(try await becomesTrue { (try? await held.run(on: pool))?.count == 1 })
    }
}
