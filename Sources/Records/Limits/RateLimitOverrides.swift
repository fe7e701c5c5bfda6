public import Domain
import PostgresClient

/// Overrides of a plan's limits for one subject of an org (`rate_limit_buckets`).
public struct RateLimitOverrides: Sendable {
    let database: any RecordsDatabase

    /// On a pool, or in a session's transaction.
    public init(_ database: any RecordsDatabase) { self.database = database }

    /// An org's overrides, oldest first.
    public func list(of orgID: String) async throws -> [LimitOverride] {
        try await self.database.ask(
            """
            SELECT scope, key, limit_name, capacity, refill, period_ms FROM rate_limit_buckets
            WHERE org_id = \(orgID) ORDER BY id
            """
        ).map { row in
            LimitOverride(
                scope: try row["scope"], subject: try row["key"], limit: try row["limit_name"],
                capacity: try row["capacity"], refill: try row["refill"], periodMs: try row["period_ms"])
        }
    }

    /// Sets an override, or changes the one for the same scope, subject and limit.
    /// - Throws: ``RecordsError`` `missing` for the org, `refused` for values out of range.
    public func put(_ limit: LimitOverride, of orgID: String) async throws {
        try await self.database.ask(
            """
            INSERT INTO rate_limit_buckets (org_id, scope, key, limit_name, capacity, refill, period_ms)
            VALUES (\(orgID), \(limit.scope), \(limit.subject), \(limit.limit), \(limit.capacity), \(limit.refill),
                \(limit.periodMs))
            ON CONFLICT ON CONSTRAINT rate_limit_buckets_subject_key DO UPDATE
                SET capacity = EXCLUDED.capacity, refill = EXCLUDED.refill, period_ms = EXCLUDED.period_ms
            """)
    }

    /// Takes an override away.
    /// - Returns: false if there was none.
    public func remove(scope: LimitScope, subject: String, limit: String?, of orgID: String) async throws -> Bool {
        try await self.database.ask(
            """
            DELETE FROM rate_limit_buckets
            WHERE org_id = \(orgID) AND scope = \(scope) AND key = \(subject)
                AND limit_name IS NOT DISTINCT FROM \(limit)
            """
        ).affected > 0
    }
}
