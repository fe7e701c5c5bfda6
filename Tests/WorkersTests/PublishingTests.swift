import Domain
import HotStore
import PostgresClient
import Records
import RedisClient
import TestKit
import Testing

@testable import Workers

struct PublishingTests {
    private func outbox(_ world: WorkerWorld, pollIntervalMs: Int = 60_000) -> OutboxPublisher {
        OutboxPublisher(
            pool: world.pool, publisher: world.publisher, pollIntervalMs: pollIntervalMs, counters: world.counters,
            logger: world.logger)
    }

    @Test func `a change is published with its version, and nothing waits afterwards`() async throws {
        let world = try await WorkerWorld.make()
        let org = try await world.org()
        _ = try await world.key("one", of: org)
        try await self.outbox(world).drain()
        let made = try #require(try await world.seen("one"))
        #expect(made.key.status == .active && made.org.plan == "PRO")
        _ = try await APIKeys(world.pool).revoke("key_one", of: org.id)
        try await self.outbox(world).drain()
        let revoked = try #require(try await world.seen("one"))
        #expect(revoked.key.status == .revoked && revoked.org.version > made.org.version)
        #expect(try await Outbox(world.pool).backlog().count == 0)
        await world.close()
    }

    @Test func `AK-5: the worker is woken by the change itself, not by its poll`() async throws {
        let world = try await WorkerWorld.make()
        let org = try await world.org()
        try await running(self.outbox(world)) {
            _ = try await world.key("woken", of: org)
            try await eventually("the key is published") { try await world.seen("woken") != nil }
            _ = try await Orgs(world.pool).setStatus(.suspended, of: org.id)
            try await eventually("the suspension is published") {
                try await world.seen("woken")?.org.status == .suspended
            }
        }
        await world.close()
    }

    @Test func `AK-5: a key whose row is removed is refused, and a late publisher cannot bring it back`() async throws {
        let world = try await WorkerWorld.make()
        let org = try await world.org()
        _ = try await world.key("gone", of: org)
        try await self.outbox(world).drain()
        let late = try #require(try await EdgeRecords(world.pool).find(keyID: "key_gone"))
        try await world.pool.query("DELETE FROM api_keys WHERE id = 'key_gone'")
        try await self.outbox(world).drain()
        #expect(try await world.seen("gone")?.key.status == .revoked)
        try await world.publisher.publish(late)
        #expect(try await world.seen("gone")?.key.status == .revoked)
        await world.close()
    }

    @Test func `AK-5: an org's version never gets ahead of a key's change that is not published`() async throws {
        let world = try await WorkerWorld.make()
        let org = try await world.org()
        _ = try await world.key("late", of: org)
        _ = try await Orgs(world.pool).setStatus(.suspended, of: org.id)
        let entries = try await Outbox(world.pool).waiting(for: [org.id])
        let told = try #require(entries.compactMap(\.version).max())
        let rest = try await world.key("rest", of: org)
        _ = try await APIKeys(world.pool).revoke(rest.id, of: org.id)
        try await world.publisher.publish(entries)
        let seen = try #require(try await world.seen("late"))
        #expect(seen.org.version == told && seen.org.status == .suspended)
        try await self.outbox(world).drain()
        #expect(try await world.seen("rest")?.key.status == .revoked)
        #expect(try await world.seen("late")?.org.version == (try await Orgs(world.pool).find(org.id))?.version)
        await world.close()
    }

    @Test func `AK-5: what another publisher holds is published before the version that comes after it`() async throws {
        let world = try await WorkerWorld.make()
        let org = try await world.org()
        _ = try await world.key("held", of: org)
        try await self.outbox(world).drain()
        _ = try await APIKeys(world.pool).revoke("key_held", of: org.id)
        _ = try await Outbox(world.pool).drain { _ in
            // Held, not published: this one is slow.
            _ = try await Orgs(world.pool).setPlan("FREE", of: org.id)
            try await self.outbox(world).drain()
            let seen = try #require(try await world.seen("held"))
            #expect(seen.org.plan == "FREE" && seen.key.status == .revoked)
        }
        await world.close()
    }

    @Test func `a key that is looked up does not bring a version that is still in the outbox`() async throws {
        let world = try await WorkerWorld.make()
        let org = try await world.org()
        _ = try await world.key("one", of: org)
        _ = try await world.key("two", of: org)
        try await self.outbox(world).drain()
        let before = try #require(try await world.seen("one"))
        _ = try await APIKeys(world.pool).revoke("key_two", of: org.id)
        let record = try #require(try await EdgeRecords(world.pool).find(keyID: "key_one"))
        try await world.publisher.publish(record)
        #expect(try await world.seen("one")?.versionTag == before.versionTag)
        try await self.outbox(world).drain()
        #expect(try await world.seen("two")?.key.status == .revoked)
        #expect(try await world.seen("one")?.versionTag != before.versionTag)
        await world.close()
    }

    @Test func `a removed org is published as deleted`() async throws {
        let world = try await WorkerWorld.make()
        let org = try await world.org()
        _ = try await world.key("orphan", of: org)
        try await self.outbox(world).drain()
        #expect(try await Orgs(world.pool).erase(org.id))
        try await self.outbox(world).drain()
        let seen = try await world.seen("orphan")
        #expect(seen == nil || seen?.org.status == .deleted)
        await world.close()
    }

    @Test func `maintenance is published with its version, and again after Redis came back empty`() async throws {
        let world = try await WorkerWorld.make()
        try await SystemConfig(world.pool).setMaintenance(true, allowed: ["10.0.0.0/8"])
        try await self.outbox(world).drain()
        func published() async throws -> SystemRecord? {
            let reply = try await world.redis.command("HGETALL", .text(world.keyspace.system))
            return SystemRecordCodec.system(PrincipalRecordCodec.fields(reply))
        }
        let record = try #require(try await published())
        #expect(record.isInMaintenance && record.maintenanceAllowed == ["10.0.0.0/8"])
        _ = try await world.redis.command("DEL", .text(world.keyspace.system))
        let sync = RedisSync(
            pool: world.pool, redis: world.redis, publisher: world.publisher, counters: world.counters,
            logger: world.logger)
        try await sync.rebuild()
        #expect(try await published() == record)
        await world.close()
    }

    @Test func `a publication that fails stays in the outbox`() async throws {
        let server = try await TestRedis.start()
        let world = try await WorkerWorld.make(redis: server)
        _ = try await world.key("later", of: try await world.org())
        try await server.kill()
        await #expect(throws: (any Error).self) { try await self.outbox(world).drain() }
        #expect(try await Outbox(world.pool).backlog().count > 0)
        try await server.restart()
        try await world.redis.waitUntilReady(timeoutMs: 20_000)
        try await self.outbox(world).drain()
        #expect(try await world.seen("later") != nil)
        await world.close()
    }

    @Test func `one filling brings many orgs and keys, and an org of very many`() async throws {
        let world = try await WorkerWorld.make()
        let org = try await world.org()
        try await world.pool.query(
            """
            INSERT INTO api_keys (id, org_id, key_hash, key_prefix, environment)
            SELECT 'key_' || lpad(n::text, 6, '0'), \(org.id), lpad(n::text, 64, '0'), 'tgk_live_abc', 'live'
            FROM generate_series(1, 5000) AS n
            """)
        for slug in ["b", "c"] { _ = try await world.key("k\(slug)", of: try await world.org(slug)) }
        try await self.outbox(world).drain()
        try await world.redis.command("DEL", .text(world.keyspace.version(ofOrg: org.id)))
        let sync = RedisSync(
            pool: world.pool, redis: world.redis, publisher: world.publisher, counters: world.counters,
            logger: world.logger)
        #expect(try await sync.rebuild() == (3, 5_002))
        let reader = RecordPublisher(redis: world.redis, keyspace: world.keyspace)
        for number in [1, 2_000, 2_001, 5_000] {
            let digits = String(number)
            let hash = String(repeating: "0", count: 64 - digits.count) + digits
            #expect(try await reader.principal(sha256Hex: hash)?.org.orgID == org.id, "\(number)")
        }
        #expect(try await world.seen("kc")?.org.orgID == "org_c")
        await world.close()
    }

    @Test func `Redis is filled at the start and again when it comes back empty`() async throws {
        let server = try await TestRedis.start()
        let world = try await WorkerWorld.make(redis: server)
        for slug in ["a", "b", "c"] {
            let org = try await world.org(slug)
            _ = try await world.key("k\(slug)", of: org)
        }
        let sync = RedisSync(
            pool: world.pool, redis: world.redis, publisher: world.publisher, counters: world.counters,
            logger: world.logger)
        try await running(sync) {
            try await eventually("the first filling") { sync.isFinishedOnce }
            #expect(try await world.seen("kb")?.org.orgID == "org_b")
            try await server.restart()
            try await eventually("the second filling") {
                guard let seen = try? await world.seen("kc") else { return false }
                return seen.key.keyID == "key_kc"
            }
        }
        await world.close()
    }

    @Test func `a Redis that is emptied while it runs is filled again`() async throws {
        let server = try await TestRedis.start()
        let world = try await WorkerWorld.make(redis: server)
        _ = try await world.key("flushed", of: try await world.org())
        let sync = RedisSync(
            pool: world.pool, redis: world.redis, publisher: world.publisher, counters: world.counters,
            logger: world.logger)
        try await running(sync) {
            try await eventually("the first filling") { sync.isFinishedOnce }
            for _ in 0..<2 {
                try await world.redis.command("FLUSHALL")
                try await eventually("another filling") { (try? await world.seen("flushed")) != nil }
            }
        }
        await world.close()
    }
}
