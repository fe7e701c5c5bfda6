public import PostgresClient

/// Changes on their way to Redis: written by the database in the transaction of the change, taken from here in order.
///
/// Delivery is at least once. A publisher reads the org anew (``EdgeRecords``) and publishes it with its version; Redis
/// keeps the higher version, so a repeated or overtaken entry does no harm.
public struct Outbox: Sendable {
    /// What is notified whenever entries are added; the payload is empty.
    public static let channel = "tollgate_outbox"

    private let pool: PostgresPool

    /// On a pool; entries are held in a transaction while they are published.
    public init(_ pool: PostgresPool) { self.pool = pool }

    /// Takes the oldest entries that nobody else is publishing and marks them as published once `publish` returns; if
    /// it throws, they stay for the next try.
    /// - Returns: how many were taken; fewer than `limit` means that there are no more for now.
    public func drain(limit: Int = 500, _ publish: ([OutboxEntry]) async throws -> Void) async throws -> Int {
        try await self.pool.withTransaction { session in
            let entries = try await session.query(
                """
                SELECT \(OutboxEntry.columns) FROM outbox WHERE published_at IS NULL
                ORDER BY id LIMIT \(limit) FOR UPDATE SKIP LOCKED
                """
            ).map { try OutboxEntry($0) }
            guard !entries.isEmpty else { return 0 }
            // A mark that a crash of PostgreSQL takes back publishes again: nobody waits for the disk because of it.
            try await session.query("SET LOCAL synchronous_commit = off")
            try await publish(entries)
            try await session.query(
                "UPDATE outbox SET published_at = clock_timestamp() WHERE id = ANY(\(entries.map(\.id)))")
            return entries.count
        }
    }

    /// What waits of some orgs, or of all, and of the system, oldest first. Nothing is marked: whoever drains publishes it again.
    /// - Parameters:
    ///   - first: only what came after this entry.
    ///   - last: nothing younger than this entry.
    public func waiting(
        for orgIDs: [String]?, after first: Int64 = 0, upTo last: Int64 = .max, limit: Int = 1_000
    ) async throws -> [OutboxEntry] {
        // Entries of the system, and no others, have no org.
        let concerned: PostgresQuery = orgIDs.map { "AND (org_id = ANY(\($0)) OR org_id IS NULL)" } ?? ""
        return try await self.pool.query(
            """
            SELECT \(OutboxEntry.columns) FROM outbox
            WHERE published_at IS NULL AND id > \(first) AND id <= \(last) \(concerned) ORDER BY id LIMIT \(limit)
            """
        ).map { try OutboxEntry($0) }
    }

    /// The newest entries, published or not, as far as they are kept.
    public func recent(limit: Int) async throws -> [OutboxEntry] {
        try await self.pool.query("SELECT \(OutboxEntry.columns) FROM outbox ORDER BY id DESC LIMIT \(limit)")
            .map { try OutboxEntry($0) }
    }

    /// Entries that wait, and how long the oldest has.
    public func backlog() async throws -> (count: Int, oldest: PostgresInstant?) {
        let row = try await self.pool.query(
            "SELECT count(*) AS n, min(created_at) AS oldest FROM outbox WHERE published_at IS NULL"
        ).only()
        return (try row["n"], try row["oldest"])
    }

    /// Forgets entries published before an instant.
    /// - Returns: how many.
    public func prune(publishedBefore instant: PostgresInstant) async throws -> Int {
        try await self.pool.query("DELETE FROM outbox WHERE published_at < \(instant)").affected
    }
}
