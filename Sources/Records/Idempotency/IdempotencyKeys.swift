public import Domain
import PostgresClient

/// Durable copies of idempotency keys; the live ones are in Redis.
public struct IdempotencyKeys: Sendable {
    private let database: any RecordsDatabase

    /// On a pool, or in a session's transaction.
    public init(_ database: any RecordsDatabase) { self.database = database }

    /// The copy of a key that is still in force.
    /// - Parameters:
    ///   - key: as the client sends it, without quotes.
    ///   - apiKeyID: for routes whose keys belong to one API key; empty where all keys of the org share them.
    public func find(
        _ key: String, of orgID: String, _ environment: Environment, apiKeyID: String = ""
    ) async throws -> IdempotencyRecord? {
        try await self.database.ask(
            """
            SELECT \(IdempotencyRecord.columns) FROM idempotency_keys
            WHERE org_id = \(orgID) AND environment = \(environment) AND api_key_id = \(apiKeyID)
                AND key = \(Self.digest(key)) AND expires_at > now()
            ORDER BY expires_at DESC LIMIT 1
            """
        ).first.map { try IdempotencyRecord($0) }
    }

    /// Forgets a key, so that the next request with it runs afresh. One whose request may still be running stays.
    /// - Returns: false if there was none to forget.
    public func expire(
        _ key: String, of orgID: String, _ environment: Environment, apiKeyID: String = ""
    ) async throws -> Bool {
        try await self.database.ask(
            """
            DELETE FROM idempotency_keys
            WHERE org_id = \(orgID) AND environment = \(environment) AND api_key_id = \(apiKeyID)
                AND key = \(Self.digest(key)) AND expires_at > now()
                AND NOT (state = 'running' AND lease_until > now())
            """
        ).affected > 0
    }

    private static func digest(_ key: String) -> PostgresQuery {
        "encode(sha256(convert_to(\(key)::text, 'UTF8')), 'hex')"
    }
}
