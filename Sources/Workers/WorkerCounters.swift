public import Domain
import Synchronization

/// What the workers of one process have done, for `/metrics`.
public final class WorkerCounters: Sendable {
    public enum Name: Int, CaseIterable, Sendable {
        case outboxPublished, outboxFailures, rebuilds, rebuildFailures, usageRows, usageFailures, lastUsedWrites
        case keyLookups, keyLookupsRefused, bcryptChecks
        case durableClaims, durableRefused, durableSettled, durableFailures, durableDropped, keyPartitionsDropped
        case durableUnwritten, durableRecovered, durableExpired, claimsExpired, leasesExpired, countersFolded
        case journalsRecovered, journalFailures, requestsExpired, durableSyncFailures, journalSyncFailures

        fileprivate var text: (name: String, help: String) {
            switch self {
            case .outboxPublished: ("outbox_published", "Changes of records published to Redis.")
            case .outboxFailures: ("outbox_failures", "Attempts to publish changes that failed.")
            case .rebuilds: ("redis_rebuilds", "Times Redis was filled from PostgreSQL.")
            case .rebuildFailures: ("redis_rebuild_failures", "Times that could not be done.")
            case .usageRows: ("usage_counters_recorded", "Usage counters recorded in PostgreSQL.")
            case .usageFailures: ("usage_flush_failures", "Attempts to record usage that failed.")
            case .lastUsedWrites: ("last_used_writes", "Keys whose last use was written.")
            case .journalsRecovered: ("journals_recovered", "Usage journals of dead gateways that were recorded.")
            case .journalFailures: ("journal_failures", "Attempts to record usage journals that failed.")
            case .requestsExpired: ("requests_expired", "Admitted requests that ended with their gateway.")
            case .keyLookups: ("key_fallback_lookups", "Keys looked up in PostgreSQL.")
            case .keyLookupsRefused: ("key_fallback_refused", "Look-ups refused because of their bound.")
            case .bcryptChecks: ("bcrypt_checks", "Passwords of imported keys checked.")
            case .durableClaims: ("durable_claims", "Idempotency keys that PostgreSQL decided on.")
            case .durableRefused: ("durable_claims_refused", "Claims answered 503: PostgreSQL was away or overrun.")
            case .durableSettled: ("durable_settlements", "Ends and prolongations of claims written to PostgreSQL.")
            case .durableFailures: ("durable_settlement_failures", "Attempts to write them that failed.")
            case .durableDropped:
                ("durable_settlements_dropped", "Results given up: too many waited, or PostgreSQL does not take them.")
            case .durableUnwritten:
                ("durable_settlements_unwritten", "Results kept in memory only: the journal's disk did not take them.")
            case .durableSyncFailures:
                ("durable_sync_failures", "Times the disk did not take a file of durable keys' results.")
            case .journalSyncFailures:
                ("journal_sync_failures", "Times the disk did not take this process's journal of usage.")
            case .durableRecovered:
                ("durable_settlements_recovered", "Ends of claims that a dead gateway had left on disk.")
            case .durableExpired: ("durable_claims_expired", "Claims in PostgreSQL that ended with their gateway.")
            case .claimsExpired: ("claims_expired", "Claims in Redis that ended with their gateway.")
            case .countersFolded:
                ("usage_counters_folded", "Usage counters of journals recorded long ago that were let go.")
            case .leasesExpired: ("leases_expired", "Leases in Redis that ended with their gateway.")
            case .keyPartitionsDropped: ("idempotency_partitions_dropped", "Days of idempotency keys dropped.")
            }
        }
    }

    private let values = Mutex([UInt64](repeating: 0, count: Name.allCases.count))

    public init() {}

    func add(_ count: Int, to name: Name) {
        guard count > 0 else { return }
        self.values.withLock { $0[name.rawValue] &+= UInt64(count) }
    }

    /// How much has been counted under a name.
    public func value(_ name: Name) -> UInt64 { self.values.withLock { $0[name.rawValue] } }

    /// All of them as metrics.
    public func families() -> [MetricFamily] {
        let values = self.values.withLock { $0 }
        return Name.allCases.map { name in
            MetricFamily(
                name: "tollgate_worker_\(name.text.name)_total", help: name.text.help, kind: .counter,
                samples: [.init(value: .number(Double(values[name.rawValue])))])
        }
    }
}
