import PostgresClient

/// Looking through orgs and their members, and changing them.
extension Orgs {
    /// Which orgs a list shows.
    public struct Filter: Sendable, Hashable {
        /// Only those on this plan.
        public var plan: String?
        /// Only those in this state.
        public var status: Org.Status?
        /// Only the one with this slug.
        public var slug: String?
        /// Only this one.
        public var id: String?
        /// Deleted ones too.
        public var includesDeleted = false

        /// All that are not deleted.
        public init() {}
    }

    /// Orgs by id, which is by age.
    /// - Parameter after: the last id of the page before.
    public func list(_ filter: Filter, after: String, limit: Int) async throws -> [Org] {
        try await self.database.ask(
            """
            SELECT \(Org.columns) FROM orgs
            WHERE id > \(after) AND (deleted_at IS NULL OR \(filter.includesDeleted))
                AND (\(filter.plan)::text IS NULL OR plan = \(filter.plan)::text)
                AND (\(filter.status?.rawValue)::text IS NULL OR status = \(filter.status?.rawValue)::text)
                AND (\(filter.slug)::text IS NULL OR slug = \(filter.slug)::text)
                AND (\(filter.id)::text IS NULL OR id = \(filter.id)::text)
            ORDER BY id LIMIT \(limit)
            """
        ).map { try Org($0) }
    }

    /// Changes name and slug; nil leaves one as it is.
    /// - Throws: ``RecordsError`` `taken` for the slug, `missing` for the org.
    public func rename(_ id: String, name: String?, slug: String?) async throws -> Org {
        let changed = try await self.database.ask(
            """
            UPDATE orgs SET name = coalesce(\(name)::text, name), slug = coalesce(\(slug)::text, slug)
            WHERE id = \(id) AND deleted_at IS NULL RETURNING \(Org.columns)
            """)
        guard let row = changed.first else { throw RecordsError.missing("org \(id)") }
        return try Org(row)
    }

    /// Who is in an org, by user.
    /// - Parameter after: the last user of the page before.
    public func members(of id: String, after: String, limit: Int) async throws -> [Membership] {
        try await self.database.ask(
            """
            SELECT user_id, email, role FROM memberships JOIN users ON users.id = user_id
            WHERE org_id = \(id) AND user_id > \(after) ORDER BY user_id LIMIT \(limit)
            """
        ).map { Membership(userID: try $0["user_id"], email: try $0["email"], role: try $0["role"]) }
    }

    /// A user's seat in an org.
    public func member(_ userID: String, of id: String) async throws -> Membership? {
        try await self.database.ask(
            """
            SELECT user_id, email, role FROM memberships JOIN users ON users.id = user_id
            WHERE org_id = \(id) AND user_id = \(userID)
            """
        ).first.map { Membership(userID: try $0["user_id"], email: try $0["email"], role: try $0["role"]) }
    }
}
