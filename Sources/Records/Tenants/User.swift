public import PostgresClient

/// A person who signed up.
public struct User: Sendable, Hashable {
    /// `usr_…`.
    public let id: String
    /// As given; unique among users that are not deleted, whatever its case.
    public let email: String
    /// May be empty.
    public let name: String
    /// 1 to 100 for the first hundred who signed up.
    public let foundingNumber: Int?
    /// When they signed up.
    public let createdAt: PostgresInstant
    /// When they were deleted.
    public let deletedAt: PostgresInstant?

    static let columns: PostgresQuery = "id, email, name, founding_number, created_at, deleted_at"

    init(_ row: PostgresRow) throws(PostgresError) {
        self.id = try row["id"]
        self.email = try row["email"]
        self.name = try row["name"]
        self.foundingNumber = try row["founding_number"]
        self.createdAt = try row["created_at"]
        self.deletedAt = try row["deleted_at"]
    }
}
