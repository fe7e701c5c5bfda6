import Domain
import HotStore
import PostgresClient
import Records
import RedisClient
import TestKit
import Testing

@testable import Workers

/// Usage reaches PostgreSQL exactly once, whatever dies on the way.
struct UsageFlusherTests {
    private static let epoch = UsageEpoch("word.01234567")
    private static var hour: Int { Int(PostgresInstant.now.unixMicroseconds / 3_600_000_000) }

    private static func field(_ meter: String, hour: Int = Self.hour, isVoid: Bool = false) -> RedisArgument {
        .text(UsageField(environment: .live, keyID: "key_a", meter: meter, hour: hour, isVoid: isVoid).text)
    }

    /// Counts as the edge does, and names the hash as dirty.
    private static func count(
        _ amount: Int64, _ world: WorkerWorld, meter: String = "jobs", isVoid: Bool = false, epoch: UsageEpoch = epoch
    ) async throws {
        let name = world.keyspace.meters(org: "org_a", epoch: epoch)
        _ = try await world.redis.command(
            "HINCRBY", .text(name), Self.field(meter, isVoid: isVoid), .integer(amount))
        _ = try await world.redis.command("SADD", .text(world.keyspace.dirty), .text(name))
    }

    private static func recorded(_ world: WorkerWorld, meter: String = "jobs") async throws -> Int {
        try await world.pool.query(
            "SELECT coalesce(sum(quantity), 0)::bigint AS n FROM usage_meters WHERE org_id = 'org_a' AND meter = \(meter)"
        ).only()["n", as: Int.self]
    }

    @Test func `what was counted is recorded, less what was taken back`() async throws {
        let world = try await WorkerWorld.make()
        try await Self.count(10, world)
        try await Self.count(3, world, isVoid: true)
        try await world.flusher().flushDirty()
        #expect(try await Self.recorded(world) == 7)
        await world.close()
    }

    @Test func `flushing again, and by several workers at once, changes nothing`() async throws {
        let world = try await WorkerWorld.make()
        try await Self.count(5, world)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 { group.addTask { try await world.flusher().flushAll() } }
            try await group.waitForAll()
        }
        try await world.flusher().flushAll()
        #expect(try await Self.recorded(world) == 5)
        await world.close()
    }

    @Test func `a hash that the dirty set has lost is found by the full scan`() async throws {
        let world = try await WorkerWorld.make()
        try await Self.count(4, world)
        _ = try await world.redis.command("DEL", .text(world.keyspace.dirty))
        try await world.flusher().flushDirty()
        #expect(try await Self.recorded(world) == 0)
        try await world.flusher().flushAll()
        #expect(try await Self.recorded(world) == 4)
        await world.close()
    }

    @Test func `a Redis that came back empty counts on, in an epoch of its own`() async throws {
        let world = try await WorkerWorld.make()
        try await Self.count(6, world)
        try await world.flusher().flushDirty()
        _ = try await world.redis.command("DEL", .text(world.keyspace.meters(org: "org_a", epoch: Self.epoch)))
        let next = UsageEpoch("other.fedcba98")
        try await Self.count(2, world, epoch: next)
        try await world.flusher().flushDirty()
        #expect(try await Self.recorded(world) == 8)
        await world.close()
    }

    @Test func `a counter that cannot be true holds up no other`() async throws {
        let world = try await WorkerWorld.make()
        try await Self.count(1, world, meter: "broken")
        try await Self.count(5, world, meter: "broken", isVoid: true)
        try await Self.count(9, world)
        try await world.flusher().flushDirty()
        #expect(try await Self.recorded(world) == 9)
        #expect(try await Self.recorded(world, meter: "broken") == 0)
        await world.close()
    }

    @Test func `old counters leave Redis once they are recorded, and stay recorded`() async throws {
        let world = try await WorkerWorld.make()
        let name = world.keyspace.meters(org: "org_a", epoch: Self.epoch)
        let old = Self.field("jobs", hour: Self.hour - 100)
        _ = try await world.redis.command("HSET", .text(name), old, 11, Self.field("jobs"), 2)
        try await world.flusher().flushAll()
        #expect(try await world.redis.command("HEXISTS", .text(name), old).integer == 0)
        #expect(try await world.redis.command("HEXISTS", .text(name), Self.field("jobs")).integer == 1)
        try await world.flusher().flushAll()
        #expect(try await Self.recorded(world) == 13)
        await world.close()
    }

    @Test func `nothing is lost or doubled when PostgreSQL and Redis are killed while counting`() async throws {
        var options = TestRedis.Options()
        options.isAppendOnly = true
        options.arguments = ["--appendfsync", "always"]
        let server = try await TestRedis.start(options)
        let postgres = try TestPostgres.start()
        let world = try await WorkerWorld.make(redis: server, postgres: postgres)
        let flusher = world.flusher()
        var total: Int64 = 0
        try await running(flusher) {
            for round in 0..<4 {
                for _ in 0..<50 {
                    try await Self.count(1, world)
                    total += 1
                }
                if round % 2 == 0 {
                    postgres.kill()
                    for _ in 0..<25 {
                        try await Self.count(1, world)
                        total += 1
                    }
                    try postgres.restart()
                } else {
                    try await server.restart()
                    try await world.redis.waitUntilReady(timeoutMs: 20_000)
                }
            }
            let expected = total
            try await eventually("all usage is recorded", deadline: .seconds(60)) {
                (try? await Self.recorded(world)).map(Int64.init) == expected
            }
        }
        try await world.flusher().flushAll()
        #expect(try await Self.recorded(world) == Int(total))
        await world.close()
    }

    @Test func `a worker that dies between taking a name and recording it loses nothing`() async throws {
        let world = try await WorkerWorld.make()
        try await Self.count(3, world)
        // What a worker does first, and then no more.
        _ = try await world.redis.command("SPOP", .text(world.keyspace.dirty), 100)
        try await running(world.flusher()) {
            try await eventually("the next worker finds it") { try await Self.recorded(world) == 3 }
        }
        await world.close()
    }

    @Test func `shutdown records what was counted last`() async throws {
        let world = try await WorkerWorld.make()
        let slow = UsageFlusher(
            pool: world.pool, redis: world.redis, keyspace: world.keyspace, intervalMs: 3_600_000,
            counters: world.counters, logger: world.logger)
        try await Self.count(1, world)
        try await running(slow) {
            try await eventually("the first flush") { try await Self.recorded(world) == 1 }
            try await Self.count(4, world)
        }
        #expect(try await Self.recorded(world) == 5)
        await world.close()
    }
}
