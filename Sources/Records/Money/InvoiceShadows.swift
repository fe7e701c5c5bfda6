import PostgresClient

/// Our own accounts of invoices. Read here; the worker that follows Stripe writes them.
public struct InvoiceShadows: Sendable {
    private let database: any RecordsDatabase

    /// On a pool, or in a session's transaction.
    public init(_ database: any RecordsDatabase) { self.database = database }

    /// An org's invoices, the latest period first.
    /// - Parameter after: the last invoice's id of the page before.
    public func list(
        of orgID: String, status: InvoiceShadow.Status? = nil, after: String? = nil, limit: Int = 100
    ) async throws -> [InvoiceShadow] {
        var statement: PostgresQuery =
            "SELECT \(InvoiceShadow.columns) FROM invoice_shadows WHERE org_id = \(orgID)"
        if let status { statement += " AND status = \(status)" }
        if let after {
            statement += """
                 AND (period_start, stripe_invoice_id) < (
                    SELECT last.period_start, last.stripe_invoice_id FROM invoice_shadows last
                    WHERE last.stripe_invoice_id = \(after) AND last.org_id = \(orgID))
                """
        }
        statement += " ORDER BY period_start DESC, stripe_invoice_id DESC LIMIT \(limit)"
        return try await self.database.ask(statement).map { try InvoiceShadow($0) }
    }

    /// An invoice of an org.
    public func find(_ stripeInvoiceID: String, of orgID: String) async throws -> InvoiceShadow? {
        try await self.database.ask(
            """
            SELECT \(InvoiceShadow.columns) FROM invoice_shadows
            WHERE stripe_invoice_id = \(stripeInvoiceID) AND org_id = \(orgID)
            """
        ).first.map { try InvoiceShadow($0) }
    }
}
