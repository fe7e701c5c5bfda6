public import Domain
public import PostgresClient

/// An API key as it is kept: never the key itself.
public struct APIKey: Sendable, Hashable {
    /// `key_…`.
    public let id: String
    /// Whose it is.
    public let orgID: String
    /// The user it speaks for.
    public let userID: String?
    /// For people.
    public let name: String
    /// How the key itself is kept.
    public let material: KeyMaterial
    /// Live or test.
    public let environment: Environment
    /// Revoked keys stay revoked.
    public let status: KeyRecord.Status
    /// What it may do.
    public let scopes: [String]
    /// Networks that it may be used from, `10.0.0.0/8`; none means anywhere.
    public let allowedAddresses: [String]
    /// When it was made.
    public let createdAt: PostgresInstant
    /// Last use, as far as it has been written.
    public let lastUsedAt: PostgresInstant?
    /// From when on it is refused.
    public let expiresAt: PostgresInstant?
    /// When it was revoked.
    public let revokedAt: PostgresInstant?
    /// The key it replaced.
    public let rotatedFrom: String?
    /// The first key of its chain of rotations.
    public let lineageID: String

    static let columns: PostgresQuery = """
        id, org_id, user_id, name, key_hash, hash_algorithm, key_prefix, environment, status, scopes, \
        allowed_addresses::text[] AS allowed_addresses, created_at, \
        last_used_at, expires_at, revoked_at, rotated_from, lineage_id
        """

    init(_ row: PostgresRow) throws(PostgresError) {
        self.id = try row["id"]
        self.orgID = try row["org_id"]
        self.userID = try row["user_id"]
        self.name = try row["name"]
        self.material = KeyMaterial(
            hash: try row["key_hash"], algorithm: try row["hash_algorithm"], prefix: try row["key_prefix"])
        self.environment = try row["environment"]
        self.status = try row["status"]
        self.scopes = try row["scopes"]
        self.allowedAddresses = try row["allowed_addresses"]
        self.createdAt = try row["created_at"]
        self.lastUsedAt = try row["last_used_at"]
        self.expiresAt = try row["expires_at"]
        self.revokedAt = try row["revoked_at"]
        self.rotatedFrom = try row["rotated_from"]
        self.lineageID = try row["lineage_id"]
    }
}
