public import Logging
public import PostgresClient
import Records
public import ServiceLifecycle

/// Keeps the partitions of durable idempotency keys: those of days to come are made ahead, those of days that are over
/// are dropped whole. Any number of processes may do it at once.
public struct KeyRetention: Service {
    private let records: DurableClaims
    private let aheadMs: Int
    private let counters: WorkerCounters
    private let logger: Logger

    private static let dayMs = 86_400_000
    private static let interval = Duration.seconds(1_800)

    /// - Parameter keepMs: the longest that any route keeps a key.
    public init(pool: PostgresPool, keepMs: Int, counters: WorkerCounters, logger: Logger) {
        self.records = DurableClaims(pool)
        // Two days more: so long may all workers be away before a claim has to make its partition itself.
        self.aheadMs = keepMs + 2 * Self.dayMs
        self.counters = counters
        self.logger = logger
    }

    public func run() async throws {
        try? await cancelWhenGracefulShutdown {
            var trouble = Trouble("Partitions of idempotency keys cannot be kept; trying again", logger: self.logger)
            while !Task.isCancelled {
                do {
                    try await self.keep()
                    trouble.over()
                } catch {
                    await trouble.happened(error)
                    continue
                }
                try await Task.sleep(for: Self.interval)
            }
        }
    }

    /// Makes and drops what is due.
    public func keep() async throws {
        let made = try await self.records.prepare(untilMs: self.aheadMs)
        let dropped = try await self.records.retire()
        self.counters.add(dropped, to: .keyPartitionsDropped)
        guard made + dropped > 0 else { return }
        self.logger.info(
            "Partitions of idempotency keys kept", metadata: ["made": "\(made)", "dropped": "\(dropped)"])
    }
}
