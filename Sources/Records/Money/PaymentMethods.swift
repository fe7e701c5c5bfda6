import PostgresClient

/// Cards by which orgs pay. Of a user's cards one at most is the default; the first one is.
public struct PaymentMethods: Sendable {
    private let database: any RecordsDatabase

    /// On a pool, or in a session's transaction.
    public init(_ database: any RecordsDatabase) { self.database = database }

    /// Adds a card of one of the org's members; the user's first becomes their default.
    /// - Throws: ``RecordsError`` `taken` (`stripe_payment_method_id`), `missing` (member), `refused`.
    public func insert(_ new: NewPaymentMethod) async throws -> PaymentMethod {
        try await self.database.together { session in
            // The user's row serialises two first cards.
            let member = try await session.ask(
                """
                SELECT 1 FROM users JOIN memberships ON memberships.user_id = users.id
                WHERE users.id = \(new.userID) AND memberships.org_id = \(new.orgID) FOR NO KEY UPDATE OF users
                """)
            guard !member.isEmpty else { throw RecordsError.missing("member \(new.userID) of \(new.orgID)") }
            return try PaymentMethod(
                try await session.ask(
                    """
                    INSERT INTO payment_methods (id, user_id, org_id, stripe_payment_method_id, stripe_customer_id, brand,
                        last4, expiry_month, expiry_year, is_default)
                    VALUES (\(new.id), \(new.userID), \(new.orgID), \(new.stripePaymentMethodID), \(new.stripeCustomerID),
                        \(new.brand), \(new.last4), \(new.expiryMonth), \(new.expiryYear),
                        NOT EXISTS (SELECT 1 FROM payment_methods WHERE user_id = \(new.userID) AND is_default))
                    RETURNING \(PaymentMethod.columns)
                    """
                ).only())
        }
    }

    /// An org's cards, oldest first.
    /// - Parameter after: the last id of the page before.
    public func list(of orgID: String, after: String = "", limit: Int = 100) async throws -> [PaymentMethod] {
        try await self.database.ask(
            """
            SELECT \(PaymentMethod.columns) FROM payment_methods
            WHERE org_id = \(orgID) AND id > \(after) ORDER BY id LIMIT \(limit)
            """
        ).map { try PaymentMethod($0) }
    }

    /// A card of an org.
    public func find(_ id: String, of orgID: String) async throws -> PaymentMethod? {
        try await self.database.ask(
            "SELECT \(PaymentMethod.columns) FROM payment_methods WHERE id = \(id) AND org_id = \(orgID)"
        ).first.map { try PaymentMethod($0) }
    }

    /// Makes a card its user's default instead of the one that was.
    /// - Returns: the card; nil if the org has none with this id.
    public func makeDefault(_ id: String, of orgID: String) async throws -> PaymentMethod? {
        try await self.database.together { session in
            guard let method = try await PaymentMethods(session).find(id, of: orgID) else { return nil }
            try await session.ask("SELECT 1 FROM users WHERE id = \(method.userID) FOR NO KEY UPDATE")
            try await session.ask(
                """
                UPDATE payment_methods SET is_default = false
                WHERE user_id = \(method.userID) AND is_default AND id <> \(id)
                """)
            return try await session.ask(
                "UPDATE payment_methods SET is_default = true WHERE id = \(id) RETURNING \(PaymentMethod.columns)"
            ).first.map { try PaymentMethod($0) }
        }
    }

    /// Forgets a card.
    /// - Returns: the card as it was; nil if the org has none with this id.
    public func remove(_ id: String, of orgID: String) async throws -> PaymentMethod? {
        try await self.database.ask(
            "DELETE FROM payment_methods WHERE id = \(id) AND org_id = \(orgID) RETURNING \(PaymentMethod.columns)"
        ).first.map { try PaymentMethod($0) }
    }
}
