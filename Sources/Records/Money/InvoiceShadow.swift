public import PostgresClient

/// Our own account of one of Stripe's invoices: what it says, what we computed, and the difference.
public struct InvoiceShadow: Sendable, Hashable {
    /// Stripe's words.
    public enum Status: String, Sendable, CaseIterable, PostgresEncodable, PostgresDecodable {
        case draft, open, paid, uncollectible, void
    }

    /// `in_…`, unique.
    public let stripeInvoiceID: String
    /// Who owes it.
    public let orgID: String
    /// Start, inclusive.
    public let periodStart: PostgresInstant
    /// End, exclusive.
    public let periodEnd: PostgresInstant
    /// ISO 4217, lower-case.
    public let currency: String
    /// Cents, as Stripe says.
    public let amountDue: Int64
    /// As Stripe says.
    public let status: Status
    /// What it consists of, as a JSON array.
    public let lines: String
    /// Cents, as we computed.
    public let computedAmount: Int64
    /// Stripe's less ours.
    public let difference: Int64
    /// When we first heard of it.
    public let createdAt: PostgresInstant
    /// When it was last changed.
    public let updatedAt: PostgresInstant

    static let columns: PostgresQuery = """
        stripe_invoice_id, org_id, period_start, period_end, currency, amount_due, status, lines, computed_amount, \
        difference, created_at, updated_at
        """

    init(_ row: PostgresRow) throws(PostgresError) {
        self.stripeInvoiceID = try row["stripe_invoice_id"]
        self.orgID = try row["org_id"]
        self.periodStart = try row["period_start"]
        self.periodEnd = try row["period_end"]
        self.currency = try row["currency"]
        self.amountDue = try row["amount_due"]
        self.status = try row["status"]
        self.lines = try row["lines"]
        self.computedAmount = try row["computed_amount"]
        self.difference = try row["difference"]
        self.createdAt = try row["created_at"]
        self.updatedAt = try row["updated_at"]
    }
}
