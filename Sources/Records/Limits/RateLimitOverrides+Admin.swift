public import Domain
public import PostgresClient

extension RateLimitOverrides {
    /// An override as it is kept.
    public struct Entry: Sendable, Hashable {
        /// Its number.
        public let id: Int64
        /// What it says.
        public let override: LimitOverride
        /// When it was made.
        public let createdAt: PostgresInstant

        static let columns: PostgresQuery = "id, scope, key, limit_name, capacity, refill, period_ms, created_at"

        init(_ row: PostgresRow) throws(PostgresError) {
            self.id = try row["id"]
            self.override = LimitOverride(
                scope: try row["scope"], subject: try row["key"], limit: try row["limit_name"],
                capacity: try row["capacity"], refill: try row["refill"], periodMs: try row["period_ms"])
            self.createdAt = try row["created_at"]
        }
    }

    /// An org's overrides by number, which is by age.
    /// - Parameter after: the last number of the page before.
    public func entries(of orgID: String, after: Int64 = 0, limit: Int = 100) async throws -> [Entry] {
        try await self.database.ask(
            """
            SELECT \(Entry.columns) FROM rate_limit_buckets
            WHERE org_id = \(orgID) AND id > \(after) ORDER BY id LIMIT \(limit)
            """
        ).map { try Entry($0) }
    }

    /// The override for this scope, subject and limit.
    public func entry(
        scope: LimitScope, subject: String, limit: String?, of orgID: String
    ) async throws -> Entry? {
        try await self.database.ask(
            """
            SELECT \(Entry.columns) FROM rate_limit_buckets
            WHERE org_id = \(orgID) AND scope = \(scope) AND key = \(subject)
                AND limit_name IS NOT DISTINCT FROM \(limit)::text
            """
        ).first.map { try Entry($0) }
    }

    /// Takes an override away.
    /// - Returns: the override; nil if the org has none with this number.
    public func remove(_ id: Int64, of orgID: String) async throws -> Entry? {
        try await self.database.ask(
            "DELETE FROM rate_limit_buckets WHERE id = \(id) AND org_id = \(orgID) RETURNING \(Entry.columns)"
        ).first.map { try Entry($0) }
    }
}
