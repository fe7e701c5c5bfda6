public import PostgresClient

/// Events of Stripe's. Each is kept once, however often it is sent, and takes effect once, in any order of arrival.
public struct StripeEvents: Sendable {
    private let database: any RecordsDatabase

    /// On a pool, or in a session's transaction.
    public init(_ database: any RecordsDatabase) { self.database = database }

    /// Keeps an event.
    /// - Parameter payload: JSON.
    /// - Returns: false if it was kept before; then nothing changes.
    public func receive(id: String, type: String, created: PostgresInstant, payload: String) async throws -> Bool {
        try await self.database.ask(
            """
            INSERT INTO stripe_events (id, type, created, payload) VALUES (\(id), \(type), \(created), \(payload))
            ON CONFLICT (id) DO NOTHING
            """
        ).affected > 0
    }

    /// Events, newest first.
    /// - Parameter after: the last id of the page before.
    public func list(
        status: StripeEvent.Status? = nil, type: String? = nil, after: String? = nil, limit: Int = 100
    ) async throws -> [StripeEvent] {
        var statement: PostgresQuery = "SELECT \(StripeEvent.columns) FROM stripe_events WHERE true"
        if let status { statement += " AND status = \(status)" }
        if let type { statement += " AND type = \(type)" }
        if let after {
            statement += """
                 AND (received_at, id) < (SELECT last.received_at, last.id FROM stripe_events last WHERE last.id = \(after))
                """
        }
        statement += " ORDER BY received_at DESC, id DESC LIMIT \(limit)"
        return try await self.database.ask(statement).map { try StripeEvent($0) }
    }

    /// One event.
    public func find(_ id: String) async throws -> StripeEvent? {
        try await self.database.ask("SELECT \(StripeEvent.columns) FROM stripe_events WHERE id = \(id)")
            .first.map { try StripeEvent($0) }
    }

    /// Notes what became of an attempt.
    /// - Throws: ``RecordsError`` `refused` (`stripe_events_once`) if it had taken effect already.
    public func finish(_ id: String, as status: StripeEvent.Status, error: String? = nil) async throws {
        try await self.database.ask(
            """
            UPDATE stripe_events SET status = \(status), attempts = attempts + 1, error = \(error),
                processed_at = CASE WHEN \(status == .processed || status == .ignored) THEN clock_timestamp() END
            WHERE id = \(id)
            """)
    }
}
