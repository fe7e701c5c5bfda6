public import PostgresClient

/// An event of Stripe's as it was received, and what became of it.
public struct StripeEvent: Sendable, Hashable {
    /// How far it got.
    public enum Status: String, Sendable, CaseIterable, PostgresEncodable, PostgresDecodable {
        /// Waits.
        case received
        /// Took effect, once and for all.
        case processed
        /// Concerns nothing of ours.
        case ignored
        /// The last attempt failed; it will be tried again.
        case failed
    }

    /// `evt_…`.
    public let id: String
    /// Such as `invoice.paid`.
    public let type: String
    /// When it happened at Stripe.
    public let created: PostgresInstant
    /// The event as JSON.
    public let payload: String
    /// How far it got.
    public let status: Status
    /// How often it was tried.
    public let attempts: Int
    /// Why the last attempt failed.
    public let error: String?
    /// When it came.
    public let receivedAt: PostgresInstant
    /// When it took effect.
    public let processedAt: PostgresInstant?

    static let columns: PostgresQuery =
        "id, type, created, payload, status, attempts, error, received_at, processed_at"

    init(_ row: PostgresRow) throws(PostgresError) {
        self.id = try row["id"]
        self.type = try row["type"]
        self.created = try row["created"]
        self.payload = try row["payload"]
        self.status = try row["status"]
        self.attempts = try row["attempts"]
        self.error = try row["error"]
        self.receivedAt = try row["received_at"]
        self.processedAt = try row["processed_at"]
    }
}
