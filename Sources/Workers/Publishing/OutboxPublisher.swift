public import Logging
public import PostgresClient
import Records
public import ServiceLifecycle

/// Tells Redis of every change of the records: woken by PostgreSQL when there is one, and looking by itself as well.
///
/// An entry is marked as published in the transaction that held it while it was published, so that a crash in between
/// publishes it again. Redis keeps the higher version, so that this does no harm.
public struct OutboxPublisher: Service {
    private let outbox: Outbox
    private let pool: PostgresPool
    private let publisher: EdgePublisher
    private let pollInterval: Duration
    private let counters: WorkerCounters
    private let logger: Logger

    /// How long published entries are kept, for people who ask what happened.
    private static let keptFor = Duration.seconds(86_400)
    private static let batchMax = 500

    public init(
        pool: PostgresPool, publisher: EdgePublisher, pollIntervalMs: Int, counters: WorkerCounters, logger: Logger
    ) {
        self.pool = pool
        self.outbox = Outbox(pool)
        self.publisher = publisher
        self.pollInterval = .milliseconds(pollIntervalMs)
        self.counters = counters
        self.logger = logger
    }

    /// Publishes until shutdown.
    public func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            let bell = Bell()
            group.addTask { await self.listen(bell) }
            group.addTask { await self.poll(bell) }
            group.addTask { await self.publish(bell) }
            try? await gracefulShutdown()
            group.cancelAll()
        }
    }

    /// Publishes what waits now. Returns how many entries that were.
    @discardableResult
    public func drain() async throws -> Int {
        var total = 0
        while true {
            let count = try await self.outbox.drain(limit: Self.batchMax) { try await self.publisher.publish($0) }
            total += count
            self.counters.add(count, to: .outboxPublished)
            if count < Self.batchMax { return total }
        }
    }

    private func listen(_ bell: Bell) async {
        for await event in self.pool.notifications(on: Outbox.channel) {
            switch event {
            case .listening, .message: bell.ring()
            case .interrupted: continue
            }
        }
    }

    private func poll(_ bell: Bell) async {
        while !Task.isCancelled {
            bell.ring()
            try? await Task.sleep(for: self.pollInterval)
        }
    }

    private func publish(_ bell: Bell) async {
        var trouble = Trouble("Changes of records cannot be published; trying again", logger: self.logger)
        var pruneAt = ContinuousClock.now
        for await _ in bell.rings {
            do {
                try await self.drain()
                if ContinuousClock.now >= pruneAt {
                    pruneAt = .now + .seconds(600)
                    _ = try await self.outbox.prune(
                        publishedBefore: PostgresInstant.now.advanced(by: .zero - Self.keptFor))
                }
                trouble.over()
            } catch {
                self.counters.add(1, to: .outboxFailures)
                await trouble.happened(error)
            }
        }
    }
}
