import Domain
import Logging
import ServiceLifecycle
import Workers

/// The workers of one process. Those that belong to the edge beside them run in every process; those that work for all
/// run where they are asked for.
struct WorkerPlane: Sendable {
    let resolver: KeyFallbackResolver
    let lastUsed: LastUsedWriter
    let sync: RedisSync
    let durableKeys: DurableKeyStore
    private let retention: KeyRetention
    private let flusher: UsageFlusher
    private let outbox: OutboxPublisher
    private let counters: WorkerCounters

    init(_ configuration: Configuration, stores: Stores, logger: Logger) {
        let counters = WorkerCounters()
        let settings = configuration.workers
        self.counters = counters
        self.resolver = KeyFallbackResolver(
            pool: stores.pool, publisher: stores.publisher,
            perSecondMax: configuration.edge.keyCache.fallbackPerSecondMax, counters: counters, logger: logger)
        self.lastUsed = LastUsedWriter(
            pool: stores.pool, intervalMs: settings.lastUsedIntervalMs, counters: counters, logger: logger)
        self.sync = RedisSync(
            pool: stores.pool, redis: stores.redis, publisher: stores.publisher, counters: counters, logger: logger)
        self.durableKeys = DurableKeyStore(pool: stores.claimsPool, counters: counters, logger: logger)
        self.retention = KeyRetention(
            pool: stores.pool, keepMs: configuration.durableKeepMs, counters: counters, logger: logger)
        self.flusher = UsageFlusher(
            pool: stores.pool, redis: stores.redis, keyspace: stores.keyspace,
            intervalMs: settings.usageFlushIntervalMs, counters: counters, logger: logger)
        self.outbox = OutboxPublisher(
            pool: stores.pool, publisher: stores.publisher, pollIntervalMs: settings.outboxPollIntervalMs,
            counters: counters, logger: logger)
    }

    /// - Parameter isFull: whether this process works for all, or only for its own edge.
    func services(isFull: Bool) -> [any Service] {
        let own: [any Service] = [self.resolver, self.lastUsed, self.durableKeys]
        return isFull ? own + [self.sync, self.outbox, self.flusher, self.retention] : own
    }

    func metrics() -> [MetricFamily] { self.counters.families() }
}

extension Configuration {
    /// The longest that a durable route keeps a key; 0 without such a route.
    fileprivate var durableKeepMs: Int {
        self.routes.compactMap(\.idempotency).filter(\.durable).map(\.ttlMs).max() ?? 0
    }
}
