import Domain
public import HotStore
public import Logging
public import PostgresClient
import Records
public import RedisClient
public import ServiceLifecycle

/// Moves usage from Redis to PostgreSQL.
///
/// Redis counts in hashes whose fields only rise; this reads them and records their values as they stand. PostgreSQL
/// keeps the highest value of each, so that a batch may be sent twice, late, or by two workers at once, and nothing is
/// lost or doubled whenever either side, or this process, dies. The edge names hashes with fresh usage in a set; what
/// the set has lost is found by looking at all hashes at the start and every few minutes. A counter is taken out of
/// Redis long after its hour, once its value is recorded.
public struct UsageFlusher: Service {
    private let usage: Usage
    private let redis: RedisConnection
    private let keyspace: Keyspace
    private let interval: Duration
    private let counters: WorkerCounters
    private let logger: Logger

    private static let fullScanInterval = Duration.seconds(300)
    private static let recordsMax = 2_000
    /// A response that is still being sent adds to the hour it was admitted in. No request lasts this long.
    private static let forgetAfterHours = 48

    public init(
        pool: PostgresPool, redis: RedisConnection, keyspace: Keyspace, intervalMs: Int, counters: WorkerCounters,
        logger: Logger
    ) {
        self.usage = Usage(pool)
        self.redis = redis
        self.keyspace = keyspace
        self.interval = .milliseconds(intervalMs)
        self.counters = counters
        self.logger = logger
    }

    /// Flushes at intervals until shutdown, and once more then: what the edge counted last is recorded before we go.
    public func run() async throws {
        try? await cancelWhenGracefulShutdown {
            var trouble = Trouble("Usage cannot be recorded; it stays in Redis meanwhile", logger: self.logger)
            var fullScanAt = ContinuousClock.now
            while !Task.isCancelled {
                do {
                    let isFull = ContinuousClock.now >= fullScanAt
                    if isFull { fullScanAt = .now + Self.fullScanInterval }
                    try await isFull ? self.flushAll() : self.flushDirty()
                    trouble.over()
                } catch {
                    // What was taken from the set may not be recorded: look at everything once it works again.
                    fullScanAt = .now
                    self.counters.add(1, to: .usageFailures)
                    await trouble.happened(error)
                }
                try await Task.sleep(for: self.interval)
            }
        }
        do {
            try await self.flushDirty()
        } catch {
            self.logger.warning("The last usage stays in Redis until the next start", metadata: ["error": "\(error)"])
        }
    }

    /// Records the hashes that have fresh usage.
    public func flushDirty() async throws {
        while true {
            let reply = try await self.redis.command("SPOP", .text(self.keyspace.dirty), 100)
            let names = (reply.elements ?? []).compactMap(\.text)
            guard !names.isEmpty else { return }
            do {
                for name in names { try await self.flush(name) }
            } catch {
                // Told again as well as can be; the full scan is what guarantees it.
                _ = try? await self.redis.command(
                    [.text("SADD"), .text(self.keyspace.dirty)] + names.map { .text($0) })
                throw error
            }
        }
    }

    /// Records every hash there is.
    public func flushAll() async throws {
        for server in await self.redis.servers {
            var cursor = "0"
            repeat {
                let reply = try await self.redis.command(
                    ["SCAN", .text(cursor), "MATCH", .text(self.keyspace.metersPattern), "COUNT", 1_000], at: server)
                guard let parts = reply.elements, parts.count == 2, let next = parts[0].text else { return }
                for name in (parts[1].elements ?? []).compactMap(\.text) { try await self.flush(name) }
                cursor = next
            } while cursor != "0"
        }
        // What became dirty meanwhile was seen or will be named again by its next use.
        try await self.flushDirty()
    }

    private func flush(_ name: String) async throws {
        guard let (orgID, epoch) = self.keyspace.meters(named: name) else {
            self.logger.warning("Not a usage hash", metadata: ["key": "\(name)"])
            return
        }
        let fields = MeterFields(try await self.redis.command("HGETALL", .text(name)))
        let counters = fields.counters(orgID: orgID, epoch: epoch.text)
        var start = 0
        while start < counters.count {
            let batch = Array(counters[start..<min(start + Self.recordsMax, counters.count)])
            let receipt = try await self.usage.record(batch)
            self.counters.add(receipt.changed, to: .usageRows)
            for counter in receipt.refused {
                self.logger.error(
                    "A usage counter cannot be true and was not recorded",
                    metadata: [
                        "org_id": "\(orgID)", "api_key_id": "\(counter.apiKeyID)", "meter": "\(counter.meter)",
                        "added": "\(counter.added)", "voided": "\(counter.voided)",
                    ])
            }
            start += batch.count
        }
        try await self.forget(name, fields.oldest(before: Self.currentHour() - Self.forgetAfterHours))
    }

    /// Takes recorded counters out of Redis, each only if it still has the value that was recorded.
    private func forget(_ name: String, _ fields: [(field: String, value: String)]) async throws {
        guard !fields.isEmpty else { return }
        let arguments = fields.prefix(Self.recordsMax).flatMap { [RedisArgument.text($0.field), .text($0.value)] }
        _ = try await self.redis.eval(HotScripts.forget, keys: [.text(name)], arguments: arguments)
    }

    private static func currentHour() -> Int {
        Int(PostgresInstant.now.unixMicroseconds / 3_600_000_000)
    }
}
