public import PostgresClient

/// A change of an org's credits, as it was written.
public struct LedgerEntry: Sendable, Hashable {
    /// Why credits change.
    public enum Reason: String, Sendable, CaseIterable, PostgresEncodable, PostgresDecodable {
        /// A package was paid for.
        case purchase
        /// A present.
        case grant
        /// Used.
        case spend
        /// What was spent is given back.
        case refund
        /// What was bought is taken back.
        case reversal
        /// A correction by an operator, up or down.
        case adjustment
    }

    /// Order of the changes.
    public let id: Int64
    /// Whose credits.
    public let orgID: String
    /// Credits added; taken, if below zero.
    public let delta: Int64
    /// Why.
    public let reason: Reason
    /// What it comes from; each reference counts once.
    public let reference: String
    /// The org's credits with this change.
    public let balanceAfter: Int64
    /// When.
    public let createdAt: PostgresInstant

    static let columns: PostgresQuery = "id, org_id, delta, reason, reference, balance_after, created_at"

    init(_ row: PostgresRow) throws(PostgresError) {
        self.id = try row["id"]
        self.orgID = try row["org_id"]
        self.delta = try row["delta"]
        self.reason = try row["reason"]
        self.reference = try row["reference"]
        self.balanceAfter = try row["balance_after"]
        self.createdAt = try row["created_at"]
    }
}
