public import Domain
import PostgresClient

/// A key as the edge needs it, and how to recognise it.
public struct EdgeKey: Sendable, Equatable {
    /// What the edge knows of it.
    public var record: KeyRecord
    /// What is kept of the key itself.
    public var material: KeyMaterial

    /// A key.
    public init(record: KeyRecord, material: KeyMaterial) {
        self.record = record
        self.material = material
    }

    static let columns: PostgresQuery = """
        k.id AS key_id, k.lineage_id, k.org_id, k.user_id, k.environment, k.status AS key_status, k.scopes, \
        k.expires_at, k.allowed_addresses::text[] AS allowed_addresses, k.key_hash, k.hash_algorithm, k.key_prefix
        """

    init(_ row: PostgresRow) throws(PostgresError) {
        let expiry = try row["expires_at", as: PostgresInstant?.self] ?? .distantFuture
        self.record = KeyRecord(
            keyID: try row["key_id"], lineageID: try row["lineage_id"], orgID: try row["org_id"],
            userID: try row["user_id"], environment: try row["environment"], status: try row["key_status"],
            scopes: try row["scopes"],
            expiresAtMs: expiry == .distantFuture ? 0 : Int(max(1, expiry.unixMicroseconds / 1000)),
            allowedAddresses: try row["allowed_addresses"])
        self.material = KeyMaterial(
            hash: try row["key_hash"], algorithm: try row["hash_algorithm"], prefix: try row["key_prefix"])
    }
}
