public import PostgresClient

/// Organisations and who is in them. Every change that concerns the edge raises the org's version and is put into the
/// outbox by the database itself.
public struct Orgs: Sendable {
    let database: any RecordsDatabase

    /// On a pool, or in a session's transaction.
    public init(_ database: any RecordsDatabase) { self.database = database }

    /// Adds an org with its first owner.
    /// - Throws: ``RecordsError`` `taken` (slug), `missing` (plan, user).
    public func create(_ org: NewOrg, owner userID: String) async throws -> Org {
        try await self.database.together { session in
            let org = try await Orgs(session).insert(org, isPersonal: false)
            try await Orgs(session).setRole(.owner, of: userID, in: org.id)
            return org
        }
    }

    func insert(_ org: NewOrg, isPersonal: Bool) async throws -> Org {
        try Org(
            try await self.database.ask(
                """
                INSERT INTO orgs (id, name, slug, plan, personal)
                VALUES (\(org.id), \(org.name), \(org.slug), \(org.plan), \(isPersonal)) RETURNING \(Org.columns)
                """
            ).only())
    }

    /// An org, deleted or not.
    public func find(_ id: String) async throws -> Org? {
        try await self.database.ask("SELECT \(Org.columns) FROM orgs WHERE id = \(id)").first.map { try Org($0) }
    }

    /// An org, deleted or not.
    /// - Parameter holding: whether nobody else may change it until the transaction ends.
    public func find(_ id: String, holding: Bool) async throws -> Org? {
        let lock: PostgresQuery = holding ? " FOR NO KEY UPDATE" : ""
        return try await self.database.ask("SELECT \(Org.columns) FROM orgs WHERE id = \(id)\(lock)")
            .first.map { try Org($0) }
    }

    /// The org with this slug that is not deleted.
    public func find(slug: String) async throws -> Org? {
        try await self.database.ask(
            "SELECT \(Org.columns) FROM orgs WHERE slug = \(slug) AND deleted_at IS NULL"
        ).first.map { try Org($0) }
    }

    /// Orgs that are not deleted, by id, which is by age.
    /// - Parameter after: the last id of the page before.
    public func list(after: String = "", limit: Int = 100) async throws -> [Org] {
        try await self.database.ask(
            """
            SELECT \(Org.columns) FROM orgs WHERE deleted_at IS NULL AND id > \(after) ORDER BY id LIMIT \(limit)
            """
        ).map { try Org($0) }
    }

    /// A user's orgs that are not deleted.
    public func list(of userID: String) async throws -> [Org] {
        try await self.database.ask(
            """
            SELECT \(Org.columns) FROM orgs JOIN memberships ON memberships.org_id = orgs.id
            WHERE memberships.user_id = \(userID) AND deleted_at IS NULL ORDER BY orgs.id
            """
        ).map { try Org($0) }
    }

    /// Moves an org to another plan.
    /// - Throws: ``RecordsError`` `missing` for the org or the plan.
    public func setPlan(_ plan: String, of id: String) async throws -> Org {
        try await self.changed(
            id,
            "UPDATE orgs SET plan = \(plan) WHERE id = \(id) AND deleted_at IS NULL RETURNING \(Org.columns)")
    }

    /// Sets when an org's access ends; nil is never.
    /// - Throws: ``RecordsError`` `missing`.
    public func setExpiry(_ expiresAt: PostgresInstant?, of id: String) async throws -> Org {
        try await self.changed(
            id,
            """
            UPDATE orgs SET expires_at = \(expiresAt) WHERE id = \(id) AND deleted_at IS NULL RETURNING \(Org.columns)
            """)
    }

    /// Suspends an org, or lets it go on.
    /// - Throws: ``RecordsError`` `missing`.
    public func setStatus(_ status: Org.Status, of id: String) async throws -> Org {
        try await self.changed(
            id,
            "UPDATE orgs SET status = \(status) WHERE id = \(id) AND deleted_at IS NULL RETURNING \(Org.columns)")
    }

    /// Notes Stripe's id.
    /// - Throws: ``RecordsError`` `missing`, or `taken` if another org has it.
    public func setStripeCustomer(_ customerID: String, of id: String) async throws -> Org {
        try await self.changed(
            id, "UPDATE orgs SET stripe_customer_id = \(customerID) WHERE id = \(id) RETURNING \(Org.columns)")
    }

    /// Marks an org as deleted: its keys are revoked, queued jobs cancelled, webhooks silenced; rows stay.
    /// - Returns: false if there is none, or not any more.
    public func delete(_ id: String) async throws -> Bool {
        try await self.database.ask(
            "UPDATE orgs SET deleted_at = now() WHERE id = \(id) AND deleted_at IS NULL"
        ).affected > 0
    }

    /// Removes an org and everything it owns; usage, ledger, invoices and the audit log keep their rows.
    /// - Returns: false if there is none.
    public func erase(_ id: String) async throws -> Bool {
        try await self.database.ask("DELETE FROM orgs WHERE id = \(id)").affected > 0
    }

    /// Who is in an org.
    public func members(of id: String) async throws -> [Membership] {
        try await self.database.ask(
            """
            SELECT user_id, email, role FROM memberships JOIN users ON users.id = user_id
            WHERE org_id = \(id) ORDER BY memberships.created_at, user_id
            """
        ).map { Membership(userID: try $0["user_id"], email: try $0["email"], role: try $0["role"]) }
    }

    /// Gives a user a seat, or another role.
    /// - Throws: ``RecordsError`` `missing`; `refused` if the last owner would become less.
    public func setRole(_ role: MembershipRole, of userID: String, in id: String) async throws {
        try await self.database.ask(
            """
            INSERT INTO memberships (org_id, user_id, role) VALUES (\(id), \(userID), \(role))
            ON CONFLICT (org_id, user_id) DO UPDATE SET role = EXCLUDED.role
            """)
    }

    /// Takes a user's seat away.
    /// - Returns: false if they had none.
    /// - Throws: ``RecordsError`` `refused` if they are the last owner.
    public func removeMember(_ userID: String, from id: String) async throws -> Bool {
        try await self.database.ask(
            "DELETE FROM memberships WHERE org_id = \(id) AND user_id = \(userID)"
        ).affected > 0
    }

    private func changed(_ id: String, _ statement: PostgresQuery) async throws -> Org {
        guard let row = try await self.database.ask(statement).first else { throw RecordsError.missing("org \(id)") }
        return try Org(row)
    }
}
