import Domain
import HotStore
import Logging
import PostgresClient
import RedisClient
import Workers

/// The connections that everything but the data path shares: a pool to PostgreSQL, one connection to Redis.
struct Stores: Sendable {
    let pool: PostgresPool
    /// For claims of durable idempotency keys alone, with short time limits: requests wait for them.
    let claimsPool: PostgresPool
    let redis: RedisConnection
    let redisConfiguration: RedisConfiguration
    let keyspace: Keyspace
    /// Tells Redis what the records say.
    let publisher: EdgePublisher

    /// Begins to connect; whether it can is seen at the first use.
    ///
    /// - Throws: `CommandFailure` for an address that is none.
    static func open(_ configuration: Configuration, logger: Logger) async throws -> Stores {
        let redisConfiguration = try RedisAddress.configuration(configuration.redis)
        var patient = redisConfiguration
        // Nobody waits on these commands at an edge: a scan or a rebuild may take longer than an admission.
        patient.commandDeadlineMs = 5_000
        patient.clientName = "tollgate-control"
        let pool = try Self.pool(configuration.postgres)
        let claimsPool = try Self.claimsPool(configuration.postgres, waitMs: configuration.durableDeadlineMs)
        // Begun last: a connection that was started must be closed.
        let redis = RedisConnection(patient, scripts: HotScripts.control, logger: logger)
        await redis.start()
        let keyspace = Keyspace(prefix: configuration.redis.keyPrefix)
        return Stores(
            pool: pool, claimsPool: claimsPool, redis: redis, redisConfiguration: redisConfiguration,
            keyspace: keyspace,
            publisher: EdgePublisher(pool: pool, redis: redis, keyspace: keyspace))
    }

    /// One connection for claims and one for settlements; none is made before a durable route is used.
    private static func claimsPool(_ settings: PostgresSettings, waitMs: Int) throws -> PostgresPool {
        var brief = settings
        brief.connectionsMax = 2
        brief.connectTimeoutMs = min(settings.connectTimeoutMs, waitMs)
        brief.statementTimeoutMs = min(settings.statementTimeoutMs, waitMs)
        return try Self.pool(brief)
    }

    static func pool(_ settings: PostgresSettings) throws -> PostgresPool {
        var configuration: PostgresConfiguration
        do {
            configuration = try PostgresConfiguration(settings.url)
        } catch {
            throw CommandFailure(
                "The address of PostgreSQL cannot be read: \(error.message)",
                hint: "Expected: postgresql://user:password@host:port/database", status: .usage)
        }
        configuration.connectionsMax = settings.connectionsMax
        configuration.connectTimeout = .milliseconds(settings.connectTimeoutMs)
        configuration.statementTimeout = .milliseconds(settings.statementTimeoutMs)
        configuration.applicationName = "tollgate"
        return PostgresPool(configuration)
    }

    /// Waits for Redis a moment, for commands that are nothing without it.
    func expectRedis() async throws {
        do {
            try await self.redis.waitUntilReady(timeoutMs: 3_000)
        } catch {
            throw CommandFailure(
                "Redis cannot be reached at \(self.redisConfiguration.place): \(error)",
                hint: "Is it running, and is its address right (--redis-url)?", status: .unreachable)
        }
    }

    func close() async {
        await self.redis.close()
        await self.claimsPool.close()
        await self.pool.close()
    }
}

extension Configuration {
    /// The longest that a request waits for PostgreSQL's word on its key.
    fileprivate var durableDeadlineMs: Int {
        self.routes.compactMap(\.idempotency).filter(\.durable).map(\.durableDeadlineMs).max() ?? 2_000
    }
}
