public import Logging
public import PostgresClient
import Records
public import RedisClient
public import ServiceLifecycle
import Synchronization

/// Makes Redis say what PostgreSQL says: at the start, whenever the server behind the connection is another one than before,
/// which may have come back empty or with an older file, and when the same one was emptied (`FLUSHALL`). What is granted is
/// published, what is not (any more) is withdrawn; what Redis has in a newer version it keeps.
public final class RedisSync: Service {
    private let pool: PostgresPool
    private let outbox: Outbox
    private let redis: RedisConnection
    private let publisher: EdgePublisher
    private let counters: WorkerCounters
    private let logger: Logger
    private let bell = Bell()
    private let finished = Mutex(false)

    /// How often the server's identity is looked at.
    private static let lookInterval = Duration.milliseconds(500)
    /// An older file is most likely a little older: what changed last is told first.
    private static let recentMax = 1_000

    /// What a rebuild did.
    public struct Rebuilt: Sendable, Equatable {
        public var orgs = 0
        public var keys = 0
        /// Keys and orgs that Redis granted and the records do not.
        public var withdrawn = 0

        public init(orgs: Int = 0, keys: Int = 0, withdrawn: Int = 0) {
            (self.orgs, self.keys, self.withdrawn) = (orgs, keys, withdrawn)
        }
    }

    public init(
        pool: PostgresPool, redis: RedisConnection, publisher: EdgePublisher, counters: WorkerCounters, logger: Logger
    ) {
        self.pool = pool
        self.outbox = Outbox(pool)
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

    /// Withdraws what the records do not grant, and publishes every org with its usable keys, a page at a time: one is read
    /// while the one before is written.
    @discardableResult
    public func rebuild() async throws -> Rebuilt {
        var rebuilt = Rebuilt()
        try await self.publisher.publishSystem()
        rebuilt.withdrawn = try await self.publisher.publishRecent(try await self.outbox.recent(limit: Self.recentMax))
        rebuilt.withdrawn += try await self.publisher.withdraw()
        // Its version may have been raised.
        try await self.publisher.publishSystem()
        var scan = EdgeScan(self.pool)
        var next = try await scan.next()
        var corrected: Set<String> = []
        while let page = next {
            let unfinished = corrected
            async let published = self.publisher.publish(page, corrected: unfinished)
            next = try await scan.next()
            corrected = try await published
            rebuilt.orgs += page.orgs.count
            rebuilt.keys += page.keys.count
        }
        // Versions that the scan left to the outbox.
        try await self.publisher.publishWaiting(for: nil)
        self.counters.add(1, to: .rebuilds)
        return rebuilt
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
                let rebuilt = try await self.rebuild()
                self.finished.withLock { $0 = true }
                trouble.over()
                self.logger.info(
                    "Redis holds the records",
                    metadata: [
                        "orgs": "\(rebuilt.orgs)", "keys": "\(rebuilt.keys)", "withdrawn": "\(rebuilt.withdrawn)",
                        "took": "\(ContinuousClock.now - began)",
                    ])
            } catch {
                self.counters.add(1, to: .rebuildFailures)
                await trouble.happened(error)
                self.bell.ring()
            }
        }
    }
}
