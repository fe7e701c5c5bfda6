public import PostgresClient

/// The one row that describes the whole system. Its counters are kept by the database.
public struct SystemConfig: Sendable {
    private let database: any RecordsDatabase

    /// On a pool, or in a session's transaction.
    public init(_ database: any RecordsDatabase) { self.database = database }

    /// Credits that can be bought at once.
    public struct CreditPackage: Sendable, Hashable {
        /// `starter`, `popular`, …
        public let code: String
        /// Credits.
        public let credits: Int
        /// Price in cents.
        public let priceCents: Int
        /// How much more than at the base price.
        public let bonusPercent: Int
    }

    /// The row.
    public struct Values: Sendable, Hashable {
        /// 0 to 100.
        public let foundingMemberCount: Int
        /// Users that are not deleted.
        public let totalUsers: Int
        /// Jobs ever accepted.
        public let totalJobs: Int
        /// Requests are refused while it is on.
        public let isInMaintenance: Bool
        /// Networks whose requests pass all the same.
        public let maintenanceAllowed: [String]
        /// When it is expected to be over.
        public let maintenanceUntil: PostgresInstant?
        /// In the order of sale.
        public let creditPackages: [CreditPackage]
    }

    /// Reads the row.
    public func read() async throws -> Values {
        let row = try await self.database.ask(
            """
            SELECT founding_member_count, total_users, total_jobs, maintenance_mode,
                maintenance_allowed::text[] AS allowed, maintenance_until
            FROM system_config
            """
        ).only()
        return Values(
            foundingMemberCount: try row["founding_member_count"], totalUsers: try row["total_users"],
            totalJobs: try row["total_jobs"], isInMaintenance: try row["maintenance_mode"],
            maintenanceAllowed: try row["allowed"], maintenanceUntil: try row["maintenance_until"],
            creditPackages: try await self.creditPackages())
    }

    /// Switches maintenance mode; the edge learns of it through the outbox.
    /// - Parameters:
    ///   - allowed: networks whose requests pass all the same; nil leaves them as they are.
    ///   - until: when it is expected to be over, for clients that are told when to come back. It ends nothing.
    /// - Throws: ``RecordsError`` `refused` for more than 64 networks; `PostgresError` for a text that is none.
    public func setMaintenance(_ isOn: Bool, allowed: [String]? = nil, until: PostgresInstant? = nil) async throws {
        try await self.database.ask(
            """
            UPDATE system_config SET maintenance_mode = \(isOn),
                maintenance_allowed = coalesce(\(allowed)::text[]::cidr[], maintenance_allowed),
                maintenance_until = CASE WHEN \(isOn) THEN \(until)::timestamptz END
            """)
    }

    private func creditPackages() async throws -> [CreditPackage] {
        try await self.database.ask(
            """
            SELECT x.code, x.credits, x.price_cents, x.bonus_percent
            FROM system_config, jsonb_array_elements(credit_packages) WITH ORDINALITY AS e (value, n),
                jsonb_to_record(e.value) AS x (code text, credits bigint, price_cents bigint, bonus_percent bigint)
            ORDER BY e.n
            """
        ).map { row in
            CreditPackage(
                code: try row["code"], credits: try row["credits"], priceCents: try row["price_cents"],
                bonusPercent: try row["bonus_percent"])
        }
    }
}
