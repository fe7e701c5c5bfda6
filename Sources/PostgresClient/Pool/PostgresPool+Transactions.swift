/// How far concurrent transactions may see one another (PostgreSQL documentation 13.2).
public enum PostgresIsolation: String, Sendable {
    /// Each statement sees what was committed before it.
    case readCommitted = "READ COMMITTED"
    /// All statements see one snapshot; conflicting writes fail and are tried again.
    case repeatableRead = "REPEATABLE READ"
    /// As if transactions ran one after another; conflicts fail and are tried again.
    case serializable = "SERIALIZABLE"
}

extension PostgresPool {
    /// Runs `body` in a transaction: committed when it returns, rolled back when it throws or its task is cancelled.
    ///
    /// Serialization failures and deadlocks run `body` again from the start, so it must have no effects but the
    /// transaction's. A connection lost while committing throws `connectionLost`: whether it took effect is unknown.
    /// - Parameter attemptsMax: how often `body` may run.
    /// - Throws: ``PostgresError``, or what `body` throws.
    public func withTransaction<Value>(
        isolation: PostgresIsolation = .readCommitted, attemptsMax: Int = 8,
        _ body: (PostgresSession) async throws -> Value
    ) async throws -> Value {
        var attempt = 1
        while true {
            do {
                return try await self.withSession { session in
                    try await Self.once(session, isolation, body)
                }
            } catch let error as PostgresError where error.source == .serialization && attempt < attemptsMax {
                // Full jitter, so that the transactions that collided do not meet again.
                let ceiling = min(1 << attempt, 64)
                try await Task.sleep(for: .milliseconds(Int.random(in: 0...ceiling)))
                attempt += 1
            }
        }
    }

    private static func once<Value>(
        _ session: PostgresSession, _ isolation: PostgresIsolation, _ body: (PostgresSession) async throws -> Value
    ) async throws -> Value {
        try await session.query(PostgresQuery(unsafeSQL: "BEGIN ISOLATION LEVEL \(isolation.rawValue)"))
        let value: Value
        do {
            value = try await body(session)
        } catch {
            await session.connection.rollback(lease: session.lease)
            throw error
        }
        try await session.connection.commit(lease: session.lease)
        return value
    }
}
