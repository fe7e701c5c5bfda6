public import Domain
public import HotStore
public import PostgresClient
public import RedisClient

/// What the admin API works on.
public struct AdminStores: Sendable {
    /// Records.
    public var pool: PostgresPool
    /// Live levels of limits; nil where only records are at hand.
    public var redis: RedisConnection?
    /// The names in Redis.
    public var keyspace: Keyspace
    /// The file's limits, plans and routes, and the brand of keys.
    public var configuration: Configuration
    /// Tells the edge what was committed of these orgs, or of everything that waits for nil. Returns when it knows, or after a moment: the
    /// outbox has it in any case.
    public var publish: @Sendable (_ orgIDs: [String]?) async -> Void

    public init(
        pool: PostgresPool, redis: RedisConnection?, keyspace: Keyspace, configuration: Configuration,
        publish: @escaping @Sendable (_ orgIDs: [String]?) async -> Void
    ) {
        self.pool = pool
        self.redis = redis
        self.keyspace = keyspace
        self.configuration = configuration
        self.publish = publish
    }
}
