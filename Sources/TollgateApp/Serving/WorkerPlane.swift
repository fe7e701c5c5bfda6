import Domain
import Edge
import Journal
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
    private let sweeper: Sweeper
    let recovery: JournalRecovery
    /// The journal of the edge beside; nil where there is none.
    let journal: JournalKeeper?
    private let flusher: UsageFlusher
    private let outbox: OutboxPublisher
    /// Takes the file's plans into the records.
    let plans: PlanSeeder
    private let counters: WorkerCounters

    /// - Parameter hasEdge: whether an edge of this process needs a journal.
    /// - Throws: `CommandFailure` when none can be made.
    init(_ configuration: Configuration, stores: Stores, hasEdge: Bool, logger: Logger) throws {
        let folder = JournalFolder(configuration.journal.folder)
        let deployment = String("\(stores.keyspace.prefix) \(stores.pool.configuration)".prefix(1_000))
        let journal = hasEdge ? try Self.journal(configuration, folder, deployment) : nil
        let counters = WorkerCounters()
        let settings = configuration.workers
        self.counters = counters
        self.journal = journal
        self.recovery = JournalRecovery(
            keeper: journal, folder: folder, deployment: deployment, pool: stores.pool, redis: stores.redis,
            keyspace: stores.keyspace, counters: counters, logger: logger)
        self.resolver = KeyFallbackResolver(
            pool: stores.pool, publisher: stores.publisher,
            perSecondMax: configuration.edge.keyCache.fallbackPerSecondMax, counters: counters, logger: logger)
        self.lastUsed = LastUsedWriter(
            pool: stores.pool, intervalMs: settings.lastUsedIntervalMs, counters: counters, logger: logger)
        self.sync = RedisSync(
            pool: stores.pool, redis: stores.redis, publisher: stores.publisher, counters: counters, logger: logger)
        self.durableKeys = DurableKeyStore(
            pool: stores.claimsPool, folder: folder, deployment: deployment, counters: counters, logger: logger)
        self.sweeper = Sweeper(
            pool: stores.pool, redis: stores.redis, keyspace: stores.keyspace, counters: counters, logger: logger)
        self.retention = KeyRetention(
            pool: stores.pool, keepMs: configuration.durableKeepMs, counters: counters, logger: logger)
        self.flusher = UsageFlusher(
            pool: stores.pool, redis: stores.redis, keyspace: stores.keyspace,
            intervalMs: settings.usageFlushIntervalMs, counters: counters, logger: logger)
        self.plans = PlanSeeder(pool: stores.pool, plans: configuration.plans, logger: logger)
        self.outbox = OutboxPublisher(
            pool: stores.pool, publisher: stores.publisher, pollIntervalMs: settings.outboxPollIntervalMs,
            counters: counters, logger: logger)
    }

    /// - Parameter isFull: whether this process works for all, or only for its own edge.
    func services(isFull: Bool) -> [any Service] {
        let own: [any Service] = [self.resolver, self.lastUsed, self.durableKeys, self.recovery]
        let forAll: [any Service] = [
            self.plans, self.sync, self.outbox, self.flusher, self.retention, self.sweeper,
        ]
        return isFull ? own + forAll : own
    }

    func metrics() -> [MetricFamily] {
        self.counters.families() + self.recovery.families() + self.sweeper.families()
            + self.durableKeys.families()
    }

    private static func journal(
        _ configuration: Configuration, _ folder: JournalFolder, _ deployment: String
    ) throws -> JournalKeeper {
        do throws(JournalError) {
            return try JournalKeeper(
                folder: folder, deployment: deployment, regions: EdgeServer.loops(of: configuration),
                regionBytes: configuration.journal.bytesPerLoop)
        } catch {
            throw CommandFailure(
                "What is served cannot be written down: \(error)",
                hint: "Set journal.folder to a folder that this user can write to, on a disk with room.",
                status: .configuration)
        }
    }
}

extension Configuration {
    /// The longest that a durable route keeps a key; 0 without such a route.
    fileprivate var durableKeepMs: Int {
        self.routes.compactMap(\.idempotency).filter(\.durable).map(\.ttlMs).max() ?? 0
    }
}
