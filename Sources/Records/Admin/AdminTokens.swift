import PostgresClient

/// Credentials for the admin API.
public struct AdminTokens: Sendable {
    private let database: any RecordsDatabase

    /// On a pool, or in a session's transaction.
    public init(_ database: any RecordsDatabase) { self.database = database }

    /// A token that was presented, and what its user may do now.
    public struct Found: Sendable, Hashable {
        /// The token.
        public let token: AdminToken
        /// The role of its user in its org; nil for operators.
        public let role: MembershipRole?
        /// Whether it is neither revoked nor expired, and its org and user are not deleted.
        public let isGood: Bool
    }

    /// The token with this hash, good or not.
    public func find(hash: String) async throws -> Found? {
        try await self.database.ask(
            """
            SELECT \(AdminToken.columns), m.role, t.revoked_at IS NULL AND t.expires_at > now() AND (t.kind = 'operator'
                OR (m.role IS NOT NULL AND o.deleted_at IS NULL AND u.deleted_at IS NULL)) AS good
            FROM admin_tokens t
            LEFT JOIN memberships m ON m.org_id = t.org_id AND m.user_id = t.user_id
            LEFT JOIN orgs o ON o.id = t.org_id LEFT JOIN users u ON u.id = t.user_id
            WHERE t.token_hash = \(hash)
            """
        ).first.map { row in
            Found(token: try AdminToken(row), role: try row["role"], isGood: try row["good"])
        }
    }

    /// Notes a use; at most one write a minute.
    public func touch(_ id: String) async throws {
        try await self.database.ask(
            """
            UPDATE admin_tokens SET last_used_at = now()
            WHERE id = \(id) AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
            """)
    }

    /// Adds a token.
    /// - Throws: ``RecordsError`` `missing` if the user has no seat in the org.
    public func insert(_ token: NewAdminToken) async throws -> AdminToken {
        let kind: AdminToken.Kind = token.seat == nil ? .operator : .member
        let seconds = Double(token.lifetime.components.seconds)
        return try AdminToken(
            try await self.database.ask(
                """
                INSERT INTO admin_tokens AS t (id, kind, org_id, user_id, name, token_hash, token_prefix, expires_at)
                VALUES (\(token.id), \(kind), \(token.seat?.orgID), \(token.seat?.userID), \(token.name),
                    \(token.hash), \(token.prefix), now() + make_interval(secs => \(seconds)))
                RETURNING \(AdminToken.columns)
                """
            ).only())
    }

    /// Tokens by id, which is by age.
    /// - Parameters:
    ///   - orgID: whose members'; nil gives those of operators.
    ///   - userID: only this user's.
    public func list(of orgID: String?, user userID: String? = nil, after: String = "", limit: Int = 100) async throws
        -> [AdminToken]
    {
        try await self.database.ask(
            """
            SELECT \(AdminToken.columns) FROM admin_tokens t
            WHERE t.org_id IS NOT DISTINCT FROM \(orgID)::text AND t.id > \(after)
                AND (\(userID)::text IS NULL OR t.user_id = \(userID)::text)
            ORDER BY t.id LIMIT \(limit)
            """
        ).map { try AdminToken($0) }
    }

    /// A token of an org's member, or of an operator.
    public func find(_ id: String, of orgID: String?) async throws -> AdminToken? {
        try await self.database.ask(
            """
            SELECT \(AdminToken.columns) FROM admin_tokens t
            WHERE t.id = \(id) AND t.org_id IS NOT DISTINCT FROM \(orgID)::text
            """
        ).first.map { try AdminToken($0) }
    }

    /// Revokes a token for good.
    /// - Returns: the token; nil if there is none.
    public func revoke(_ id: String, of orgID: String?) async throws -> AdminToken? {
        try await self.database.ask(
            """
            UPDATE admin_tokens t SET revoked_at = coalesce(t.revoked_at, now())
            WHERE t.id = \(id) AND t.org_id IS NOT DISTINCT FROM \(orgID)::text RETURNING \(AdminToken.columns)
            """
        ).first.map { try AdminToken($0) }
    }
}
