public import PostgresClient

/// One event on its way to one endpoint.
public struct WebhookDelivery: Sendable, Hashable {
    /// How far it got.
    public enum Status: String, Sendable, CaseIterable, PostgresEncodable, PostgresDecodable {
        /// Will be tried at `nextAttemptAt`.
        case pending
        /// The endpoint took it.
        case delivered
        /// Given up.
        case failed
    }

    /// `whd_…`.
    public let id: String
    /// Where to.
    public let endpointID: String
    /// What happened; reaches an endpoint once.
    public let eventID: String
    /// Such as `job.completed`.
    public let type: String
    /// JSON.
    public let payload: String
    /// How far it got.
    public let status: Status
    /// How often it was tried.
    public let attempts: Int
    /// While it is pending.
    public let nextAttemptAt: PostgresInstant?
    /// What the endpoint answered last.
    public let responseStatus: Int?
    /// The beginning of that answer.
    public let responseExcerpt: String?
    /// When it was made.
    public let createdAt: PostgresInstant
    /// When the endpoint took it.
    public let deliveredAt: PostgresInstant?

    static let columns: PostgresQuery = """
        d.id, d.endpoint_id, d.event_id, d.type, d.payload, d.status, d.attempts, d.next_attempt_at, d.response_status, \
        d.response_excerpt, d.created_at, d.delivered_at
        """

    init(_ row: PostgresRow) throws(PostgresError) {
        self.id = try row["id"]
        self.endpointID = try row["endpoint_id"]
        self.eventID = try row["event_id"]
        self.type = try row["type"]
        self.payload = try row["payload"]
        self.status = try row["status"]
        self.attempts = try row["attempts"]
        self.nextAttemptAt = try row["next_attempt_at"]
        self.responseStatus = try row["response_status"]
        self.responseExcerpt = try row["response_excerpt"]
        self.createdAt = try row["created_at"]
        self.deliveredAt = try row["delivered_at"]
    }
}
