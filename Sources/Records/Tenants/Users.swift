import PostgresClient

/// People.
public struct Users: Sendable {
    let database: any RecordsDatabase

    /// On a pool, or in a session's transaction.
    public init(_ database: any RecordsDatabase) { self.database = database }

    /// Adds a user together with their personal org, which they own.
    /// - Throws: ``RecordsError`` `taken` for the email or the slug.
    public func signUp(id: String, email: String, name: String, org: NewOrg) async throws -> (user: User, org: Org) {
        try await self.database.together { session in
            // The org first: adding the user takes the lock on the system's counters, which is best held shortly.
            let org = try await Orgs(session).insert(org, isPersonal: true)
            let row = try await session.ask(
                """
                INSERT INTO users (id, email, name) VALUES (\(id), \(email), \(name)) RETURNING \(User.columns)
                """
            ).only()
            try await Orgs(session).setRole(.owner, of: id, in: org.id)
            return (try User(row), org)
        }
    }

    /// A user, deleted or not.
    public func find(_ id: String) async throws -> User? {
        try await self.database.ask("SELECT \(User.columns) FROM users WHERE id = \(id)").first.map { try User($0) }
    }

    /// The user with this address who is not deleted.
    public func find(email: String) async throws -> User? {
        try await self.database.ask(
            "SELECT \(User.columns) FROM users WHERE lower(email) = lower(\(email)) AND deleted_at IS NULL"
        ).first.map { try User($0) }
    }

    /// Marks a user as deleted: their keys are revoked, their personal org goes with them, their memberships end.
    /// - Returns: false if there is none, or not any more.
    /// - Throws: ``RecordsError`` `refused` if an org would be left without an owner.
    public func delete(_ id: String) async throws -> Bool {
        try await self.database.together { session in
            try await session.ask("UPDATE users SET deleted_at = now() WHERE id = \(id) AND deleted_at IS NULL")
                .affected > 0
        }
    }
}
