import Domain
import PostgresClient

/// Metered usage.
public struct Usage: Sendable {
    private let database: any RecordsDatabase

    /// On a pool, or in a session's transaction.
    public init(_ database: any RecordsDatabase) { self.database = database }

    /// What became of a batch.
    public struct Receipt: Sendable, Hashable {
        /// Counters that were new or higher than before.
        public let changed: Int
        /// Counters that cannot be true (more voided than added, no full hour, …); not recorded.
        public let refused: [UsageCounter]

        /// A receipt.
        public init(changed: Int, refused: [UsageCounter]) {
            self.changed = changed
            self.refused = refused
        }
    }

    /// Records counters; of each the highest value counts, so any batch may be sent again. `usage_meters` follows in
    /// the same statement. What belongs to an epoch that was folded has been counted, and is left out.
    public func record(_ counters: [UsageCounter]) async throws -> Receipt {
        let refused = counters.filter { !$0.isRecordable }
        let good = refused.isEmpty ? counters : counters.filter(\.isRecordable)
        guard !good.isEmpty else { return Receipt(changed: 0, refused: refused) }
        // As a transaction, so that a deadlock with another writer is tried again.
        let changed = try await self.database.together { session in
            // Held until the commit: an epoch that is not folded now is not folded before.
            try await session.ask(
                """
                SELECT 1 FROM usage_journals WHERE id = ANY(\(Array(Set(good.map(\.epoch))))) ORDER BY id FOR KEY SHARE
                """)
            return try await session.ask(Self.upsert(good)).affected
        }
        return Receipt(changed: changed, refused: refused)
    }

    /// Sums, oldest first; those of one start by environment, meter and key.
    public func sums(_ query: UsageQuery) async throws -> [UsageSum] {
        let key: PostgresQuery = query.isByKey ? "api_key_id" : "NULL::text"
        var statement: PostgresQuery = """
            SELECT date_trunc(\(query.step.rawValue), window_start, 'UTC') AS start, environment, meter, \(key) AS key,
                sum(quantity)::bigint AS quantity
            FROM usage_meters
            WHERE org_id = \(query.orgID) AND window_start >= \(query.from) AND window_start < \(query.until)
            """
        if let apiKeyID = query.apiKeyID { statement += " AND api_key_id = \(apiKeyID)" }
        if let environment = query.environment { statement += " AND environment = \(environment)" }
        if let meter = query.meter { statement += " AND meter = \(meter)" }
        statement += " GROUP BY 1, 2, 3, 4"
        if let last = query.after {
            // The step's start is computed, so only whole groups can be compared with the last one.
            statement = "SELECT * FROM (" + statement + ") sums WHERE (start, environment, meter, coalesce(key, ''))"
            statement += " > (\(last.start), \(last.environment.rawValue), \(last.meter), \(last.apiKeyID ?? ""))"
        }
        statement += " ORDER BY 1, 2, 3, 4 LIMIT \(query.limit)"
        return try await self.database.ask(statement).map { row in
            UsageSum(
                start: try row["start"], environment: try row["environment"], meter: try row["meter"],
                apiKeyID: try row["key"], quantity: try row["quantity"])
        }
    }

    /// Rows that would not change are left alone, in order of the key, so that writers do not deadlock.
    private static func upsert(_ counters: [UsageCounter]) -> PostgresQuery {
        """
        INSERT INTO usage_counters AS c
            (epoch, org_id, api_key_id, environment, meter, window_start, added, voided)
        SELECT epoch, org_id, api_key_id, environment, meter, window_start, max(added), max(voided)
        FROM unnest(\(counters.map(\.epoch)), \(counters.map(\.orgID)), \(counters.map(\.apiKeyID)),
            \(counters.map(\.environment.rawValue)), \(counters.map(\.meter)), \(counters.map(\.windowStart)),
            \(counters.map(\.added)), \(counters.map(\.voided)))
            AS n (epoch, org_id, api_key_id, environment, meter, window_start, added, voided)
        WHERE NOT EXISTS (SELECT 1 FROM usage_journals j WHERE j.id = n.epoch AND j.folded_at IS NOT NULL)
        GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6
        ON CONFLICT (epoch, org_id, api_key_id, environment, meter, window_start) DO UPDATE
            SET added = greatest(c.added, EXCLUDED.added), voided = greatest(c.voided, EXCLUDED.voided),
                updated_at = clock_timestamp()
            WHERE c.added < EXCLUDED.added OR c.voided < EXCLUDED.voided
        """
    }
}
