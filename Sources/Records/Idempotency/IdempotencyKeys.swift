public import Domain
import PostgresClient

/// Durable copies of idempotency keys; the live ones are in Redis.
public struct IdempotencyKeys: Sendable {
    private let database: any RecordsDatabase

    /// On a pool, or in a session's transaction.
    public init(_ database: any RecordsDatabase) { self.database = database }

    /// The copy of a key that is still in force.
    public func find(_ key: String, of orgID: String, _ environment: Environment) async throws -> IdempotencyRecord? {
        try await self.database.ask(
            """
            SELECT \(IdempotencyRecord.columns) FROM idempotency_keys
            WHERE org_id = \(orgID) AND environment = \(environment) AND key = \(key) AND expires_at > now()
            """
        ).first.map { try IdempotencyRecord($0) }
    }

    /// Forgets a key, so that the next request with it runs afresh.
    /// - Returns: false if there was none in force.
    public func expire(_ key: String, of orgID: String, _ environment: Environment) async throws -> Bool {
        try await self.database.ask(
            """
            DELETE FROM idempotency_keys WHERE org_id = \(orgID) AND environment = \(environment) AND key = \(key)
                AND expires_at > now()
            """
        ).affected > 0
    }
}
