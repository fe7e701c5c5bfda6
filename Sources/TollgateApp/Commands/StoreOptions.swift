import ArgumentParser
import Domain
import Glibc
import Logging
import PostgresClient
import RedisClient

/// Where PostgreSQL and Redis are, for commands that work on records.
struct StoreOptions: ParsableArguments {
    @Option(help: "Take stores, key brand and key prefix from this configuration file.")
    var config: String?

    @Option(
        help: "PostgreSQL: postgresql://user:password@host/database. Else TOLLGATE_DATABASE_URL, or .data/demo.env.")
    var databaseURL: String?

    @Option(
        help: """
            Redis: redis://[user:password@]host:port[/n], unix:///path, or redis-cluster://host:port,host:port. Else \
            TOLLGATE_REDIS, or .data/demo.env.
            """)
    var redisURL: String?

    /// The configuration that these options amount to.
    ///
    /// - Throws: `CommandFailure` when nothing says where a store is.
    func resolved(needsRedis: Bool = false) throws -> Configuration {
        var configuration = try self.config.map(ConfigurationFile.load) ?? Configuration()
        let demo = Self.runningDemo()
        let database =
            self.databaseURL ?? (self.config == nil ? Self.variable("TOLLGATE_DATABASE_URL") ?? demo?.databaseURL : nil)
        let redis = self.redisURL ?? (self.config == nil ? Self.variable("TOLLGATE_REDIS") ?? demo?.redis : nil)
        if let database { configuration.postgres.url = database }
        if let redis { configuration.redis.url = redis }
        if self.config == nil, database == nil { throw Self.unknown("PostgreSQL", option: "--database-url") }
        if self.config == nil, redis == nil, needsRedis { throw Self.unknown("Redis", option: "--redis-url") }
        return configuration
    }

    /// Lends a pool of few connections to `body`.
    func withPool<Value>(_ body: (PostgresPool) async throws -> Value) async throws -> Value {
        var configuration = try self.resolved()
        configuration.postgres.connectionsMax = 2
        let pool = try Stores.pool(configuration.postgres)
        do {
            let value = try await body(pool)
            await pool.close()
            return value
        } catch {
            await pool.close()
            throw error
        }
    }

    /// Lends both stores to `body`.
    func withStores<Value>(_ body: (Configuration, Stores) async throws -> Value) async throws -> Value {
        var configuration = try self.resolved(needsRedis: true)
        configuration.postgres.connectionsMax = 2
        let stores = try await Stores.open(configuration, logger: .init(label: "tollgate"))
        do {
            try await stores.expectRedis()
            let value = try await body(configuration, stores)
            await stores.close()
            return value
        } catch {
            await stores.close()
            throw error
        }
    }

    /// What a `tollgate dev` in this folder left for us, while it runs.
    static func runningDemo() -> DemoEnvironment? {
        let folder = Self.variable("TOLLGATE_DATA") ?? ".data"
        guard let demo = DemoEnvironment.read("\(folder)/demo.env"), demo.isRunning else { return nil }
        return demo
    }

    static func variable(_ name: String) -> String? {
        guard let value = getenv(name) else { return nil }
        let text = String(cString: value)
        return text.isEmpty ? nil : text
    }

    private static func unknown(_ store: String, option: String) -> CommandFailure {
        CommandFailure(
            "Nothing says where \(store) is.",
            hint: "Use \(option) or --config FILE, or run this where `tollgate dev` is running.", status: .usage)
    }
}
