import PostgresClient

/// Looking through users, and changing them.
extension Users {
    /// Users by id, which is by age.
    /// - Parameters:
    ///   - email: only the one with this address, whatever its case.
    ///   - after: the last id of the page before.
    public func list(
        email: String? = nil, includingDeleted: Bool = false, after: String = "", limit: Int = 100
    ) async throws -> [User] {
        try await self.database.ask(
            """
            SELECT \(User.columns) FROM users
            WHERE id > \(after) AND (deleted_at IS NULL OR \(includingDeleted))
                AND (\(email)::text IS NULL OR lower(email) = lower(\(email)::text))
            ORDER BY id LIMIT \(limit)
            """
        ).map { try User($0) }
    }

    /// Changes name and address; nil leaves one as it is.
    /// - Returns: the user; nil if there is none, or not any more.
    /// - Throws: ``RecordsError`` `taken` for the email.
    public func change(_ id: String, name: String?, email: String?) async throws -> User? {
        try await self.database.ask(
            """
            UPDATE users SET name = coalesce(\(name)::text, name), email = coalesce(\(email)::text, email)
            WHERE id = \(id) AND deleted_at IS NULL RETURNING \(User.columns)
            """
        ).first.map { try User($0) }
    }
}
