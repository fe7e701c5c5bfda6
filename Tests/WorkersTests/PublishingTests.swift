import Domain
import Foundation
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
        let rebuilt = try await sync.rebuild()
        #expect(rebuilt.orgs == 3 && rebuilt.keys == 5_002)
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

    @Test func `what a plan grants is published to every org on it, with a version`() async throws {
        let world = try await WorkerWorld.make()
        for slug in ["a", "b"] { _ = try await world.key("k\(slug)", of: try await world.org(slug)) }
        try await self.outbox(world).drain()
        let before = try #require(try await world.seen("ka"))
        var plan = try #require(try await Plans(world.pool).find("PRO"))
        #expect(before.org.grants == plan.plan.grants)
        plan.plan.limits[0].capacity = 77
        plan.plan.quotas = [Quota(meter: "jobs", perMonth: 5)]
        try await Plans(world.pool).put(plan)
        try await self.outbox(world).drain()
        for name in ["ka", "kb"] {
            let seen = try #require(try await world.seen(name))
            #expect(seen.org.grants == plan.plan.grants && seen.versionTag != before.versionTag)
        }
        await world.close()
    }

    @Test func `the file's plans are recorded and reach the edge, and again when the file is read again`() async throws
    {
        let world = try await WorkerWorld.make()
        _ = try await world.key("filed", of: try await world.org())
        var plan = Plan(code: "PRO", name: "Pro")
        plan.quotas = [Quota(meter: "jobs", perMonth: 1)]
        let seeder = PlanSeeder(pool: world.pool, plans: [plan], logger: world.logger)
        try await running(seeder) {
            try await running(self.outbox(world)) {
                let first = plan.grants
                try await eventually("the file's plan") { try await world.seen("filed")?.org.grants == first }
                plan.quotas[0].perMonth = 2
                seeder.offer([plan])
                let second = plan.grants
                try await eventually("the file's new plan") { try await world.seen("filed")?.org.grants == second }
            }
        }
        await world.close()
    }

    @Test(arguments: [false, true])
    func `AK-5: what an older file of Redis brings back is withdrawn by itself`(isAppendOnly: Bool) async throws {
        var options = TestRedis.Options()
        options.isAppendOnly = isAppendOnly
        let server = try await TestRedis.start(options)
        let world = try await WorkerWorld.make(redis: server)
        let names = ["revoked", "removed", "expired", "ofdeleted", "oferased", "kept"]
        let orgs = try await Dictionary(
            uniqueKeysWithValues: ["main", "deleted", "erased"].asyncMap { ($0, try await world.org($0)) })
        for name in names { _ = try await world.key(name, of: try #require(orgs[Self.org(of: name)])) }
        try await self.outbox(world).drain()
        let files = OlderFiles(server.folder.path, isAppendOnly: isAppendOnly)
        try await files.keep(world.redis)

        _ = try await APIKeys(world.pool).revoke("key_revoked", of: "org_main")
        try await world.pool.query("DELETE FROM api_keys WHERE id = 'key_removed'")
        try await world.pool.query("UPDATE api_keys SET expires_at = now() WHERE id = 'key_expired'")
        _ = try await Orgs(world.pool).delete("org_deleted")
        #expect(try await Orgs(world.pool).erase("org_erased"))
        try await self.outbox(world).drain()
        // What changed last is told first; this is about what changed long ago.
        _ = try await Outbox(world.pool).prune(publishedBefore: PostgresInstant.now.advanced(by: .seconds(60)))
        #expect(try await self.usable(names, world) == ["kept"])

        let sync = RedisSync(
            pool: world.pool, redis: world.redis, publisher: world.publisher, counters: world.counters,
            logger: world.logger)
        try await running(sync) {
            try await eventually("the first filling") { sync.isFinishedOnce }
            try await server.kill()
            try files.putBack()
            try await server.restart()
            try await eventually("what is not granted any more is gone") {
                guard let usable = try? await self.usable(names, world) else { return false }
                return usable == ["kept"]
            }
        }
        await world.close()
    }

    @Test func `AK-5: tollgate sync withdraws what Redis should not have, and says how much`() async throws {
        let world = try await WorkerWorld.make()
        let org = try await world.org()
        for name in ["one", "two"] { _ = try await world.key(name, of: org) }
        try await self.outbox(world).drain()
        let sync = RedisSync(
            pool: world.pool, redis: world.redis, publisher: world.publisher, counters: world.counters,
            logger: world.logger)
        #expect(try await sync.rebuild() == RedisSync.Rebuilt(orgs: 1, keys: 2, withdrawn: 0))
        let older = try #require(try await EdgeRecords(world.pool).find(keyID: "key_one"))
        _ = try await APIKeys(world.pool).revoke("key_one", of: org.id)
        try await self.outbox(world).drain()
        _ = try await Outbox(world.pool).prune(publishedBefore: PostgresInstant.now.advanced(by: .seconds(60)))
        for name in [
            world.keyspace.keyRecord(sha256Hex: WorkerWorld.hash("one")), world.keyspace.orgRecord(org.id),
            world.keyspace.version(ofOrg: org.id),
        ] { _ = try await world.redis.command("DEL", .text(name)) }
        try await world.publisher.publish(older)
        #expect(try await world.seen("one")?.key.status == .active, "as it was once")
        #expect(try await sync.rebuild() == RedisSync.Rebuilt(orgs: 1, keys: 1, withdrawn: 1))
        #expect(try await world.seen("one")?.key.status == .revoked)
        #expect(try await sync.rebuild().withdrawn == 0)
        await world.close()
    }

    @Test func `AK-5: an org's version is told when what an older file brought back of it is withdrawn`() async throws {
        var options = TestRedis.Options()
        options.isAppendOnly = true
        let server = try await TestRedis.start(options)
        let world = try await WorkerWorld.make(redis: server)
        let org = try await world.org()
        _ = try await world.key("old", of: org)
        try await self.outbox(world).drain()
        let files = OlderFiles(server.folder.path, isAppendOnly: true)
        try await files.keep(world.redis)
        _ = try await APIKeys(world.pool).revoke("key_old", of: org.id)
        try await self.outbox(world).drain()
        _ = try await Outbox(world.pool).prune(publishedBefore: PostgresInstant.now.advanced(by: .seconds(60)))
        _ = try await Orgs(world.pool).setPlan("FREE", of: org.id)
        try await self.outbox(world).drain()
        try await server.kill()
        try files.putBack()
        try await server.restart()
        try await world.redis.waitUntilReady(timeoutMs: 20_000)
        #expect(try await world.seen("old")?.key.status == .active)

        let before = try files.appended().count
        let sync = RedisSync(
            pool: world.pool, redis: world.redis, publisher: world.publisher, counters: world.counters,
            logger: world.logger)
        #expect(try await sync.rebuild().withdrawn == 1)
        // Redis's own file says in which order everything was written.
        let written = try files.appended().dropFirst(before)
        let key = Data("\r\n\(world.keyspace.keyRecord(sha256Hex: WorkerWorld.hash("old")))\r\n".utf8)
        let version = Data("\r\n\(world.keyspace.version(ofOrg: org.id))\r\n".utf8)
        let withdrawn = try #require(written.range(of: key, options: .backwards))
        let told = try #require(written.range(of: version))
        #expect(withdrawn.lowerBound < told.lowerBound)
        let seen = try #require(try await world.seen("old"))
        #expect(seen.key.status == .revoked && seen.org.plan == "FREE")
        await world.close()
    }

    @Test func `AK-5: what an edge read of an older file beside a version of today, it reads again`() async throws {
        let world = try await WorkerWorld.make()
        let names = ["revoked", "narrowed", "lately"]
        var orgs: [Org] = []
        for name in names {
            orgs.append(try await world.org(name))
            _ = try await world.key(name, of: orgs[orgs.count - 1])
        }
        try await self.outbox(world).drain()
        let older = try await EdgeRecords(world.pool).find(keyIDs: names.map { "key_\($0)" })
        let keys = APIKeys(world.pool)
        _ = try await keys.revoke("key_revoked", of: "org_revoked")
        _ = try await keys.setAllowedAddresses("key_narrowed", of: "org_narrowed", ["10.0.0.0/8"])
        try await self.outbox(world).drain()
        _ = try await Outbox(world.pool).prune(publishedBefore: PostgresInstant.now.advanced(by: .seconds(60)))
        _ = try await keys.revoke("key_lately", of: "org_lately")
        try await self.outbox(world).drain()
        for name in names {
            for gone in [
                world.keyspace.keyRecord(sha256Hex: WorkerWorld.hash(name)), world.keyspace.orgRecord("org_\(name)"),
                world.keyspace.version(ofOrg: "org_\(name)"),
            ] { _ = try await world.redis.command("DEL", .text(gone)) }
        }
        for record in older { try await world.publisher.publish(record) }
        // Somebody changes the orgs, and a worker is faster than the rebuild.
        for org in orgs { _ = try await Orgs(world.pool).setPlan("FREE", of: org.id) }
        try await self.outbox(world).drain()
        var read: [String: Principal] = [:]
        for name in names { read[name] = try await world.seen(name) }
        #expect(read.count == 3 && read.values.allSatisfy { $0.key.status == .active && $0.org.plan == "FREE" })

        let sync = RedisSync(
            pool: world.pool, redis: world.redis, publisher: world.publisher, counters: world.counters,
            logger: world.logger)
        try await sync.rebuild()
        for name in names {
            let seen = try #require(try await world.seen(name))
            #expect(seen.versionTag != read[name]?.versionTag, "\(name)")
            #expect(name == "narrowed" ? seen.key.allowedAddresses == ["10.0.0.0/8"] : seen.key.status == .revoked)
        }
        await world.close()
    }

    @Test func `a database that was put back is the truth again: its versions rise above what Redis has seen`()
        async throws
    {
        let world = try await WorkerWorld.make()
        let org = try await world.org()
        _ = try await world.key("known", of: org)
        _ = try await world.key("gone", of: org)
        try await self.outbox(world).drain()
        // Redis has seen what the database no longer knows of.
        var scan = EdgeScan(world.pool)
        var page = try #require(try await scan.next())
        var future = try #require(page.orgs.first)
        future.version += 40
        future.plan = "ENTERPRISE"
        page.orgs = [future]
        page.keys = page.keys.map { ($0.key, $0.version + 40) }
        try await world.publisher.publish(page)
        try await world.pool.query("DELETE FROM outbox")
        try await world.pool.query("UPDATE api_keys SET status = 'revoked', revoked_at = now() WHERE id = 'key_gone'")
        let sync = RedisSync(
            pool: world.pool, redis: world.redis, publisher: world.publisher, counters: world.counters,
            logger: world.logger)
        try await sync.rebuild()
        let seen = try #require(try await world.seen("known"))
        #expect(seen.org.plan == "PRO" && seen.org.version > future.version)
        #expect(try await world.seen("gone")?.key.status == .revoked)
        await world.close()
    }

    /// Those that an edge would let through.
    private func usable(_ names: [String], _ world: WorkerWorld) async throws -> [String] {
        let nowMs = Int(PostgresInstant.now.unixMicroseconds / 1_000)
        var usable: [String] = []
        for name in names {
            guard let seen = try await world.seen(name), seen.key.status == .active, seen.org.status == .active else {
                continue
            }
            if seen.key.expiresAtMs == 0 || seen.key.expiresAtMs > nowMs { usable.append(name) }
        }
        return usable
    }

    private static func org(of key: String) -> String {
        key.hasPrefix("of") ? String(key.dropFirst(2)) : "main"
    }
}

/// The files of a Redis as they were once.
private struct OlderFiles {
    let folder: String
    let isAppendOnly: Bool
    private var live: String { self.folder + (self.isAppendOnly ? "/appendonlydir" : "/dump.rdb") }
    private var kept: String { self.folder + "/kept" }

    init(_ folder: String, isAppendOnly: Bool) {
        self.folder = folder
        self.isAppendOnly = isAppendOnly
    }

    func keep(_ redis: RedisConnection) async throws {
        if !self.isAppendOnly { try await redis.command("SAVE") }
        try FileManager.default.copyItem(atPath: self.live, toPath: self.kept)
    }

    /// What was written since Redis began its file.
    func appended() throws -> Data {
        let parts = try FileManager.default.contentsOfDirectory(atPath: self.live).filter { $0.hasSuffix(".incr.aof") }
        return try parts.sorted().reduce(into: Data()) { all, part in
            all += try Data(contentsOf: URL(filePath: "\(self.live)/\(part)"))
        }
    }

    func putBack() throws {
        try? FileManager.default.removeItem(atPath: self.live)
        try FileManager.default.moveItem(atPath: self.kept, toPath: self.live)
    }
}

extension Array {
    fileprivate func asyncMap<Value>(_ body: (Element) async throws -> Value) async rethrows -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await body(element)) }
        return values
    }
}
