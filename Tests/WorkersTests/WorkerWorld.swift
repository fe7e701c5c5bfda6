import Domain
import HotStore
import Logging
import PostgresClient
import Records
import RedisClient
import TestKit

@testable import Workers

/// A migrated database and a Redis, with everything that workers are made of.
struct WorkerWorld: Sendable {
    let pool: PostgresPool
    let server: TestRedis
    let redis: RedisConnection
    let keyspace: Keyspace
    let publisher: EdgePublisher
    let counters = WorkerCounters()
    let logger = Logger(label: "workers", factory: { _ in SwiftLogNoOpLogHandler() })

    /// On the shared servers, apart from others by database and key prefix; or on servers of one's own.
    static func make(redis own: TestRedis? = nil, postgres: TestPostgres? = nil) async throws -> WorkerWorld {
        let database = try await (postgres ?? TestPostgres.shared()).createDatabase()
        let pool = try database.pool(connectionsMax: 6)
        _ = try await RecordsSchema.migrator().run(on: pool)
        let server = if let own { own } else { try await TestRedis.shared() }
        let redis = try await server.connect(scripts: HotScripts.control)
        let keyspace = Keyspace(prefix: "\(database.name):")
        return WorkerWorld(
            pool: pool, server: server, redis: redis, keyspace: keyspace,
            publisher: EdgePublisher(pool: pool, redis: redis, keyspace: keyspace))
    }

    /// On a cluster. `server` is its first node.
    static func make(cluster: TestRedisCluster) async throws -> WorkerWorld {
        let database = try await TestPostgres.shared().createDatabase()
        let pool = try database.pool(connectionsMax: 6)
        _ = try await RecordsSchema.migrator().run(on: pool)
        let redis = try await cluster.connect(scripts: HotScripts.control)
        let keyspace = Keyspace(prefix: "\(database.name):")
        return WorkerWorld(
            pool: pool, server: cluster.primaries[0].server, redis: redis, keyspace: keyspace,
            publisher: EdgePublisher(pool: pool, redis: redis, keyspace: keyspace))
    }

    func close() async {
        await self.redis.close()
        await self.pool.close()
    }

    /// An org with an owner, on the plan PRO.
    func org(_ slug: String = "acme") async throws -> Org {
        try await Users(self.pool).signUp(
            id: "usr_\(slug)", email: "\(slug)@example.com", name: slug,
            org: NewOrg(id: "org_\(slug)", name: slug, slug: slug, plan: "PRO")
        ).org
    }

    /// A key of an org; its hash is made of its name.
    func key(_ name: String, of org: Org) async throws -> APIKey {
        try await APIKeys(self.pool).insert(
            NewAPIKey(
                id: "key_\(name)", orgID: org.id, name: name,
                material: KeyMaterial(hash: Self.hash(name), prefix: "tgk_live_abc"), environment: .live))
    }

    /// 64 hexadecimal digits.
    static func hash(_ name: String) -> String {
        let digits = name.utf8.map { String($0, radix: 16) }.joined()
        return String((digits + String(repeating: "0", count: 64)).prefix(64))
    }

    /// What an edge would read of a key.
    func seen(_ name: String) async throws -> Principal? {
        try await RecordPublisher(redis: self.redis, keyspace: self.keyspace).principal(sha256Hex: Self.hash(name))
    }

    func flusher() -> UsageFlusher {
        UsageFlusher(
            pool: self.pool, redis: self.redis, keyspace: self.keyspace, intervalMs: 5, counters: self.counters,
            logger: self.logger)
    }
}
