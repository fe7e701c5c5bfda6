import Domain
import HotStore
import PostgresClient
import Records
import RedisClient
import TestKit
import Testing

@testable import Workers

/// The workers' Redis is a cluster: records and usage of every node.
@Suite(.serialized) struct ClusterTests {
    private static func with(_ body: (TestRedisCluster, WorkerWorld) async throws -> Void) async throws {
        let cluster = try await TestRedisCluster.start()
        let world = try await WorkerWorld.make(cluster: cluster)
        do {
            try await body(cluster, world)
        } catch {
            await world.close()
            throw error
        }
        await world.close()
        try await cluster.stop()
    }

    /// How many of the prefix's keys each node has.
    private static func spread(_ world: WorkerWorld) async throws -> [Int] {
        var counts: [Int] = []
        for server in await world.redis.servers {
            let keys = try await world.redis.command(["KEYS", .text("\(world.keyspace.prefix)*")], at: server)
            counts.append(keys.elements?.count ?? 0)
        }
        return counts
    }

    @Test func `records are published to the nodes that hold them, and filled in again when all are empty`()
        async throws
    {
        try await Self.with { _, world in
            for number in 0..<12 {
                let org = try await world.org("c\(number)")
                _ = try await world.key("k\(number)", of: org)
            }
            let outbox = OutboxPublisher(
                pool: world.pool, publisher: world.publisher, pollIntervalMs: 60_000, counters: world.counters,
                logger: world.logger)
            try await outbox.drain()
            for number in 0..<12 { #expect(try await world.seen("k\(number)")?.key.status == .active) }
            #expect(try await Self.spread(world).allSatisfy { $0 > 0 })
            _ = try await APIKeys(world.pool).revoke("key_k3", of: "org_c3")
            try await outbox.drain()
            #expect(try await world.seen("k3")?.key.status == .revoked)

            for server in await world.redis.servers { try await world.redis.command(["FLUSHALL"], at: server) }
            #expect(try await world.publisher.isRedisEmptied())
            let sync = RedisSync(
                pool: world.pool, redis: world.redis, publisher: world.publisher, counters: world.counters,
                logger: world.logger)
            _ = try await sync.rebuild()
            for number in 0..<12 where number != 3 {
                #expect(try await world.seen("k\(number)")?.key.status == .active)
            }
        }
    }

    @Test func `usage on every node is recorded: what is named as fresh, and what only a scan finds`() async throws {
        try await Self.with { _, world in
            let hour = Int(PostgresInstant.now.unixMicroseconds / 3_600_000_000)
            let field = UsageField(environment: .live, keyID: "key_a", meter: "jobs", hour: hour).text
            for number in 0..<12 {
                let name = world.keyspace.meters(org: "org_\(number)", epoch: UsageEpoch("word.01234567"))
                _ = try await world.redis.command("HINCRBY", .text(name), .text(field), .integer(Int64(number + 1)))
                if number < 6 { _ = try await world.redis.command("SADD", .text(world.keyspace.dirty), .text(name)) }
            }
            #expect(try await Self.spread(world).allSatisfy { $0 > 0 })
            try await world.flusher().flushDirty()
            #expect(try await Self.recorded(world) == 21)
            try await world.flusher().flushAll()
            try await world.flusher().flushAll()
            #expect(try await Self.recorded(world) == 78)
        }
    }

    private static func recorded(_ world: WorkerWorld) async throws -> Int {
        try await world.pool.query(
            "SELECT coalesce(sum(quantity), 0)::bigint AS n FROM usage_meters WHERE meter = 'jobs'"
        ).only()["n", as: Int.self]
    }
}
