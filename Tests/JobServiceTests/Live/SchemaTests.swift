import Foundation
import NIOHTTP1
import PostgresClient
import TestKit
import Testing

@testable import JobService

@Suite struct `The table of the queue` {
    /// Tollgate's migrations, in order.
    private static func migrations() throws -> [String] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let folder = root.appending(path: "Sources/Records/Migrations")
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        return try files.filter { $0.pathExtension == "sql" }
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
            .map { try String(contentsOf: $0, encoding: .utf8) }
    }

    private func migrated() async throws -> TestDatabase {
        let database = try await TestPostgres.shared().createDatabase()
        let pool = try database.pool(connectionsMax: 1)
        for script in try Self.migrations() { _ = try await pool.withSession { try await $0.script(script) } }
        await pool.close()
        return database
    }

    private func shape(_ pool: PostgresPool) async throws -> [String] {
        try await pool.query(
            """
            SELECT column_name || ' ' || data_type || ' ' || is_nullable || ' ' || coalesce(column_default, '') AS told
            FROM information_schema.columns WHERE table_name = 'jobs'
            UNION ALL
            SELECT pg_get_constraintdef(oid) FROM pg_constraint
            WHERE conrelid = 'jobs'::regclass AND contype IN ('c', 'p')
            UNION ALL
            SELECT indexdef FROM pg_indexes WHERE tablename = 'jobs'
            ORDER BY told
            """
        ).map { try $0["told"] }
    }

    @Test func `is the same as the one that Tollgate's migrations make`() async throws {
        let migrated = try await self.migrated().pool(connectionsMax: 1)
        let ensured = try await TestPostgres.shared().createDatabase().pool(connectionsMax: 1)
        try await JobSchema.ensure(on: ensured)
        let expected = try await self.shape(migrated)
        #expect(expected.count > 20)
        #expect(try await self.shape(ensured) == expected)
        // Where the table is there already, nothing is changed.
        try await JobSchema.ensure(on: migrated)
        #expect(try await self.shape(migrated) == expected)
        await migrated.close()
        await ensured.close()
    }

    @Test func `of Tollgate's database is worked on, for orgs that it knows`() async throws {
        let database = try await self.migrated()
        let pool = try database.pool(connectionsMax: 1)
        try await pool.withTransaction { session in
            _ = try await session.query("INSERT INTO users (id, email, name) VALUES ('usr_1', 'a@example.com', 'A')")
            _ = try await session.query("INSERT INTO orgs (id, name, slug) VALUES ('org_1', 'One', 'one')")
            _ = try await session.query(
                "INSERT INTO memberships (org_id, user_id, role) VALUES ('org_1', 'usr_1', 'OWNER')")
        }
        try await RunningService.with(on: database, { $0.createSchema = false }) { service in
            let json: JSONValue = ["type": "count", "input": ["text": "a"]]
            #expect(try await service.call(.POST, "/v1/jobs?wait=30s", json).status == 200)
            let stranger = try await service.call(.POST, "/v1/jobs", json, headers: identity(org: "org_9"))
            #expect(stranger.status == 409)

            let slow: JSONValue = ["type": "slow", "input": ["text": "a", "steps": 1, "step_ms": 60_000]]
            let id = try await service.submit(slow)
            _ = try await service.job(id) { $0.status == "running" }
            #expect(try await service.call(.DELETE, "/v1/jobs/\(id)").status == 202)
            #expect(try await service.ended(id)["status"] == "cancelled")
        }
        await pool.close()
    }
}
