public import Domain
public import Logging
public import PostgresClient
import Records
public import ServiceLifecycle

/// Puts the configuration file's plans into the records: at the start, and when the file is read again. What the records
/// were told about a plan since (through the admin API) counts more; see ``Plans/seed(_:isForced:auditID:)``.
public final class PlanSeeder: Service {
    private let pool: PostgresPool
    private let logger: Logger
    private let offers: AsyncStream<[Plan]>
    private let offering: AsyncStream<[Plan]>.Continuation

    public init(pool: PostgresPool, plans: [Plan], logger: Logger) {
        self.pool = pool
        self.logger = logger
        (self.offers, self.offering) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        self.offering.yield(plans)
    }

    /// The file says something else now. From anywhere.
    public func offer(_ plans: [Plan]) { self.offering.yield(plans) }

    /// Seeds until shutdown.
    public func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.seedAll() }
            try? await gracefulShutdown()
            self.offering.finish()
            group.cancelAll()
        }
    }

    /// Seeds once.
    ///
    /// - Parameter isForced: the file's word counts even where the records were changed.
    /// - Returns: codes of plans that were changed, and of those that the records overrule.
    @discardableResult
    public static func seed(
        _ plans: [Plan], isForced: Bool = false, _ pool: PostgresPool, logger: Logger
    ) async throws -> (changed: [String], overruled: [String]) {
        let seeded = try await Plans(pool).seed(plans, isForced: isForced) {
            var random = SystemRandomNumberGenerator()
            return RecordID.make(
                prefix: "aud_", nowMs: Int(PostgresInstant.now.unixMicroseconds / 1_000)
            ) { UInt8.random(in: .min ... .max, using: &random) }
        }
        if !seeded.changed.isEmpty {
            logger.notice(
                "Plans taken from the configuration file",
                metadata: ["plans": "\(seeded.changed.joined(separator: ", "))"])
        }
        if !seeded.overruled.isEmpty {
            logger.notice(
                "Plans were changed through the admin API; what the configuration file says of them is passed over",
                metadata: ["plans": "\(seeded.overruled.joined(separator: ", "))"])
        }
        return (seeded.changed, seeded.overruled)
    }

    private func seedAll() async {
        for await offered in self.offers {
            var trouble = Trouble(
                "The plans of the configuration file cannot be recorded; trying again", logger: self.logger)
            while !Task.isCancelled {
                do {
                    try await Self.seed(offered, self.pool, logger: self.logger)
                    trouble.over()
                    break
                } catch {
                    await trouble.happened(error)
                }
            }
        }
    }
}
