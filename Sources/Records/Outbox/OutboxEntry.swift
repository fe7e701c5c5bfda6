public import PostgresClient

/// A change that the edge must learn of.
public struct OutboxEntry: Sendable, Hashable {
    /// What changed.
    public enum Kind: String, Sendable, PostgresEncodable, PostgresDecodable {
        /// Something of the org: plan, status, overrides, flags.
        case org
        /// One key of the org.
        case key
        /// The whole system: maintenance mode.
        case system
    }

    /// Order of the changes.
    public let id: Int64
    /// What changed.
    public let kind: Kind
    /// The org; nil for the system.
    public let orgID: String?
    /// The org's version with this change; nil for the system, and for what went together with its org.
    public let version: Int64?
    /// The key.
    public let apiKeyID: String?
    /// The key's hash.
    public let keyHash: String?
    /// The hash it had before, where that changed (bcrypt to SHA-256).
    public let oldKeyHash: String?
    /// Maintenance mode from now on.
    public let isInMaintenance: Bool?
    /// When it happened.
    public let createdAt: PostgresInstant

    static let columns: PostgresQuery = """
        id, kind, org_id, (payload->>'version')::bigint AS version, payload->>'api_key_id' AS api_key_id, \
        payload->>'key_hash' AS key_hash, payload->>'old_key_hash' AS old_key_hash, \
        (payload->>'maintenance_mode')::boolean AS maintenance, created_at
        """

    init(_ row: PostgresRow) throws(PostgresError) {
        self.id = try row["id"]
        self.kind = try row["kind"]
        self.orgID = try row["org_id"]
        self.version = try row["version"]
        self.apiKeyID = try row["api_key_id"]
        self.keyHash = try row["key_hash"]
        self.oldKeyHash = try row["old_key_hash"]
        self.isInMaintenance = try row["maintenance"]
        self.createdAt = try row["created_at"]
    }
}
