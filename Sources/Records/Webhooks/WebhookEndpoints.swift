import PostgresClient

/// Where orgs want to be told of events.
public struct WebhookEndpoints: Sendable {
    private let database: any RecordsDatabase

    /// On a pool, or in a session's transaction.
    public init(_ database: any RecordsDatabase) { self.database = database }

    /// Adds an endpoint.
    /// - Throws: ``RecordsError`` `missing` (org, user), `taken(user_id)` for a second one of a user alone, `refused`.
    public func insert(_ new: NewWebhookEndpoint) async throws -> WebhookEndpoint {
        try WebhookEndpoint(
            try await self.database.ask(
                """
                INSERT INTO webhook_endpoints (id, org_id, user_id, url, secret, events)
                VALUES (\(new.id), \(new.orgID), \(new.userID), \(new.url), \(new.secret), \(new.events))
                RETURNING \(WebhookEndpoint.columns)
                """
            ).only())
    }

    /// An org's endpoints, oldest first.
    /// - Parameter after: the last id of the page before.
    public func list(of orgID: String, after: String = "", limit: Int = 100) async throws -> [WebhookEndpoint] {
        try await self.database.ask(
            """
            SELECT \(WebhookEndpoint.columns) FROM webhook_endpoints
            WHERE org_id = \(orgID) AND id > \(after) ORDER BY id LIMIT \(limit)
            """
        ).map { try WebhookEndpoint($0) }
    }

    /// An endpoint of an org.
    public func find(_ id: String, of orgID: String) async throws -> WebhookEndpoint? {
        try await self.database.ask(
            "SELECT \(WebhookEndpoint.columns) FROM webhook_endpoints WHERE id = \(id) AND org_id = \(orgID)"
        ).first.map { try WebhookEndpoint($0) }
    }

    /// Changes an endpoint.
    /// - Returns: the endpoint as it is then; nil if the org has none with this id.
    /// - Throws: ``RecordsError`` `refused` for values out of range.
    public func change(
        _ id: String, of orgID: String, _ change: WebhookEndpointChange
    ) async throws -> WebhookEndpoint? {
        try await self.database.ask(
            """
            UPDATE webhook_endpoints SET url = coalesce(\(change.url), url), secret = coalesce(\(change.secret), secret),
                events = coalesce(\(change.events), events), enabled = coalesce(\(change.isEnabled), enabled)
            WHERE id = \(id) AND org_id = \(orgID) RETURNING \(WebhookEndpoint.columns)
            """
        ).first.map { try WebhookEndpoint($0) }
    }

    /// Removes an endpoint with its deliveries.
    /// - Returns: the endpoint as it was; nil if the org has none with this id.
    public func remove(_ id: String, of orgID: String) async throws -> WebhookEndpoint? {
        try await self.database.ask(
            """
            DELETE FROM webhook_endpoints WHERE id = \(id) AND org_id = \(orgID) RETURNING \(WebhookEndpoint.columns)
            """
        ).first.map { try WebhookEndpoint($0) }
    }
}
