public import Domain
public import PostgresClient

/// The durable copy of an idempotency key, where a route asked for one.
public struct IdempotencyRecord: Sendable, Hashable {
    /// Whose key.
    public let orgID: String
    /// Live or test.
    public let environment: Environment
    /// SHA-256 of what the client sent (without quotes), in hexadecimal.
    public let key: String
    /// SHA-256 of the request.
    public let fingerprint: [UInt8]
    /// `running`, `completed`, `unreplayable` or `failed`.
    public let state: String
    /// The stored answer's status.
    public let responseStatus: Int?
    /// Bytes of the stored answer.
    public let responseBytes: Int?
    /// When it was claimed.
    public let createdAt: PostgresInstant
    /// When it is forgotten.
    public let expiresAt: PostgresInstant

    static let columns: PostgresQuery = """
        org_id, environment, key, fingerprint, state, response_status, octet_length(response) AS response_bytes, \
        created_at, expires_at
        """

    init(_ row: PostgresRow) throws(PostgresError) {
        self.orgID = try row["org_id"]
        self.environment = try row["environment"]
        self.key = try row["key"]
        self.fingerprint = try row["fingerprint"]
        self.state = try row["state"]
        self.responseStatus = try row["response_status"]
        self.responseBytes = try row["response_bytes"]
        self.createdAt = try row["created_at"]
        self.expiresAt = try row["expires_at"]
    }
}
