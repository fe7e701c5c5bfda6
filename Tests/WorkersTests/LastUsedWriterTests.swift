import PostgresClient
import Records
import TestKit
import Testing

@testable import Workers

struct LastUsedWriterTests {
    private static func writer(_ world: WorkerWorld) -> LastUsedWriter {
        LastUsedWriter(pool: world.pool, intervalMs: 5, counters: world.counters, logger: world.logger)
    }

    private static func lastUsed(_ world: WorkerWorld) async throws -> Int? {
        try await APIKeys(world.pool).find("key_one", of: "org_acme")?.lastUsedAt.map {
            Int($0.unixMicroseconds / 1_000)
        }
    }

    @Test func `many uses are one write of the latest, at most one a minute`() async throws {
        let world = try await WorkerWorld.make()
        _ = try await world.key("one", of: try await world.org())
        let writer = Self.writer(world)
        let start = 1_800_000_000_000
        for offset in [5, 900, 3, 70] { writer.note("key_one", atMs: start + offset) }
        #expect(try await writer.flush() == 1)
        #expect(try await Self.lastUsed(world) == start + 900)
        writer.note("key_one", atMs: start + 30_000)
        #expect(try await writer.flush() == 0)
        writer.note("key_one", atMs: start + 61_000)
        #expect(try await writer.flush() == 1)
        #expect(try await Self.lastUsed(world) == start + 61_000)
        await world.close()
    }

    @Test func `uses wait while PostgreSQL is away`() async throws {
        let postgres = try TestPostgres.start()
        let world = try await WorkerWorld.make(postgres: postgres)
        _ = try await world.key("one", of: try await world.org())
        let writer = Self.writer(world)
        writer.note("key_one", atMs: 1_800_000_000_000)
        postgres.kill()
        await #expect(throws: (any Error).self) { try await writer.flush() }
        try postgres.restart()
        #expect(try await writer.flush() == 1)
        #expect(try await Self.lastUsed(world) == 1_800_000_000_000)
        await world.close()
    }

    @Test func `shutdown writes what waits`() async throws {
        let world = try await WorkerWorld.make()
        _ = try await world.key("one", of: try await world.org())
        let writer = LastUsedWriter(
            pool: world.pool, intervalMs: 3_600_000, counters: world.counters, logger: world.logger)
        try await running(writer) { writer.note("key_one", atMs: 1_800_000_000_000) }
        #expect(try await Self.lastUsed(world) == 1_800_000_000_000)
        await world.close()
    }
}
