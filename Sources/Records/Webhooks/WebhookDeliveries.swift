import PostgresClient

/// Events on their way to endpoints.
public struct WebhookDeliveries: Sendable {
    private let database: any RecordsDatabase

    /// On a pool, or in a session's transaction.
    public init(_ database: any RecordsDatabase) { self.database = database }

    /// An org's deliveries, newest first.
    /// - Parameters:
    ///   - endpointID: only those to this endpoint.
    ///   - before: the last id of the page before.
    public func list(
        of orgID: String, endpointID: String? = nil, status: WebhookDelivery.Status? = nil, before: String? = nil,
        limit: Int = 100
    ) async throws -> [WebhookDelivery] {
        var statement: PostgresQuery = """
            SELECT \(WebhookDelivery.columns) FROM webhook_deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id
            WHERE e.org_id = \(orgID)
            """
        if let endpointID { statement += " AND d.endpoint_id = \(endpointID)" }
        if let status { statement += " AND d.status = \(status)" }
        if let before { statement += " AND d.id < \(before)" }
        statement += " ORDER BY d.id DESC LIMIT \(limit)"
        return try await self.database.ask(statement).map { try WebhookDelivery($0) }
    }

    /// A delivery of an org.
    public func find(_ id: String, of orgID: String) async throws -> WebhookDelivery? {
        try await self.database.ask(
            """
            SELECT \(WebhookDelivery.columns) FROM webhook_deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id
            WHERE d.id = \(id) AND e.org_id = \(orgID)
            """
        ).first.map { try WebhookDelivery($0) }
    }

    /// Puts a delivery that was given up, or waits for its turn, back to the front. One that was taken stays.
    /// - Returns: the delivery as it is then; nil if the org has none with this id.
    public func retry(_ id: String, of orgID: String) async throws -> WebhookDelivery? {
        try await self.database.ask(
            """
            UPDATE webhook_deliveries d SET status = 'pending', next_attempt_at = now()
            FROM webhook_endpoints e
            WHERE d.id = \(id) AND e.id = d.endpoint_id AND e.org_id = \(orgID) AND d.status <> 'delivered'
            """)
        return try await self.find(id, of: orgID)
    }
}
