public import Domain
public import HotStore
public import Logging
public import PostgresClient
public import Records
public import RedisClient
public import ServiceLifecycle
import Synchronization

/// Ends what dead gateways have left open: claims of idempotency keys in both stores, and leases of caps. It proves that
/// nothing stays open: what has been over for a minute when it looks, ended by nobody, is counted, and that count must be
/// 0 (`tollgate_overdue`). It also lets go of usage counters whose journal was recorded a week ago. Any number of processes
/// may do it at once.
public final class Sweeper: Service {
    /// What a look has found.
    public struct Finding: Sendable, Equatable {
        /// In Redis.
        public var redis = OpenWork.Count()
        /// Claims in PostgreSQL.
        public var durable = DurableClaims.Standing()
        /// Claims in PostgreSQL that this look has ended.
        public var endedDurable = 0
    }

    private let work: OpenWork
    private let records: DurableClaims
    private let journals: UsageJournals
    private let counters: WorkerCounters
    private let logger: Logger
    private let graceMs: Int64
    private let overdueMs: Int64
    private let last = Mutex<Finding?>(nil)

    private static let interval = Duration.seconds(15)
    private static let pause = Duration.milliseconds(20)
    /// Longer than a journal that was recorded is told of again, but by accident.
    private static let foldAfterMs = 7 * 86_400_000

    /// - Parameters:
    ///   - graceMs: how long something may be over before it is ended.
    ///   - overdueMs: how long something may be over before it counts as ended by nobody.
    public init(
        pool: PostgresPool, redis: RedisConnection, keyspace: Keyspace, counters: WorkerCounters, logger: Logger,
        graceMs: Int64 = OpenWork.graceMs, overdueMs: Int64 = OpenWork.overdueMs
    ) {
        self.work = OpenWork(redis: redis, keyspace: keyspace, graceMs: graceMs, overdueMs: overdueMs)
        self.graceMs = graceMs
        self.overdueMs = overdueMs
        self.records = DurableClaims(pool)
        self.journals = UsageJournals(pool)
        self.counters = counters
        self.logger = logger
    }

    /// Looks and ends at intervals until shutdown.
    public func run() async throws {
        try? await cancelWhenGracefulShutdown {
            var trouble = Trouble("What dead gateways left open cannot be ended; trying again", logger: self.logger)
            while !Task.isCancelled {
                do {
                    try await self.sweep()
                    trouble.over()
                } catch {
                    await trouble.happened(error)
                    continue
                }
                try await Task.sleep(for: Self.interval)
            }
        }
    }

    /// Looks once, and ends what is over.
    @discardableResult
    public func sweep() async throws -> Finding {
        var finding = Finding()
        finding.durable = try await self.records.standing(overdueMs: Int(self.overdueMs))
        finding.endedDurable = try await self.records.sweep(graceMs: Int(self.graceMs))
        finding.redis = try await self.work.look(isEnding: true, pause: Self.pause)
        self.counters.add(try await self.journals.fold(ageMs: Self.foldAfterMs), to: .countersFolded)
        let found = finding
        self.last.withLock { $0 = found }
        self.counters.add(found.endedDurable, to: .durableExpired)
        self.counters.add(found.redis.endedClaims, to: .claimsExpired)
        self.counters.add(found.redis.endedLeases, to: .leasesExpired)
        return found
    }

    /// What should be 0, as a metric; nothing before the first look.
    public func families() -> [MetricFamily] {
        guard let finding = self.last.withLock({ $0 }) else { return [] }
        let samples = [
            ("claim", finding.redis.overdueClaims), ("lease", finding.redis.overdueLeases),
            ("durable_claim", finding.durable.overdue),
        ].map { what, count in
            MetricFamily.Sample(labels: [.init("what", what)], value: .number(Double(count)))
        }
        return [
            MetricFamily(
                name: "tollgate_overdue",
                help:
                    "What requests held that was over for a minute at the last look, and ended by nobody. Should be 0.",
                kind: .gauge, samples: samples)
        ]
    }
}
