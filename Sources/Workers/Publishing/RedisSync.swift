public import Logging
public import PostgresClient
import Records
public import RedisClient
public import ServiceLifecycle
import Synchronization

/// Fills Redis from PostgreSQL: at the start, whenever the server behind the connection is another one than before, which
/// may have come back empty, and when the same one was emptied (`FLUSHALL`). What Redis has already, in the same version or a newer one, it keeps.
public final class RedisSync: Service {
    private let pool: PostgresPool
    private let redis: RedisConnection
    private let publisher: EdgePublisher
    private let counters: WorkerCounters
    private let logger: Logger
    private let bell = Bell()
    private let finished = Mutex(false)

    /// How often the server's identity is looked at.
    private static let lookInterval = Duration.milliseconds(500)

    public init(
        pool: PostgresPool, redis: RedisConnection, publisher: EdgePublisher, counters: WorkerCounters, logger: Logger
    ) {
        self.pool = pool
        self.redis = redis
        self.publisher = publisher
        self.counters = counters
        self.logger = logger
    }

    /// Whether Redis has been filled once since the start.
    public var isFinishedOnce: Bool { self.finished.withLock { $0 } }

    /// Asks for a rebuild, from anywhere: some other connection has seen Redis change.
    public func request() { self.bell.ring() }

    /// Rebuilds when there is need, until shutdown.
    public func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.watch() }
            group.addTask { await self.rebuildOnRequest() }
            try? await gracefulShutdown()
            group.cancelAll()
        }
    }

    /// Publishes every org with its usable keys, a page at a time: one is read while the one before is written. Returns
    /// how many of both.
    @discardableResult
    public func rebuild() async throws -> (orgs: Int, keys: Int) {
        var orgs = 0
        var keys = 0
        try await self.publisher.publishSystem()
        var scan = EdgeScan(self.pool)
        var next = try await scan.next()
        while let page = next {
            async let published: Void = self.publisher.publish(page)
            next = try await scan.next()
            try await published
            orgs += page.orgs.count
            keys += page.keys.count
        }
        self.counters.add(1, to: .rebuilds)
        return (orgs, keys)
    }

    private func watch() async {
        var known: String?
        while !Task.isCancelled {
            if let runID = await self.redis.serverRunID, runID != known {
                known = runID
                self.bell.ring()
            } else if self.isFinishedOnce, let isEmptied = try? await self.publisher.isRedisEmptied(), isEmptied {
                self.bell.ring()
            }
            try? await Task.sleep(for: Self.lookInterval)
        }
    }

    private func rebuildOnRequest() async {
        var trouble = Trouble("Redis cannot be filled from PostgreSQL; trying again", logger: self.logger)
        for await _ in self.bell.rings {
            do {
                let began = ContinuousClock.now
                let (orgs, keys) = try await self.rebuild()
                self.finished.withLock { $0 = true }
                trouble.over()
                self.logger.info(
                    "Redis holds the records",
                    metadata: ["orgs": "\(orgs)", "keys": "\(keys)", "took": "\(ContinuousClock.now - began)"])
            } catch {
                self.counters.add(1, to: .rebuildFailures)
                await trouble.happened(error)
                self.bell.ring()
            }
        }
    }
}
