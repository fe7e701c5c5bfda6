import PostgresClient

/// What orgs bought, spent and got back, in credits. Entries are only ever added; a correction is an entry too.
public struct CreditLedger: Sendable {
    private let database: any RecordsDatabase

    /// On a pool, or in a session's transaction.
    public init(_ database: any RecordsDatabase) { self.database = database }

    /// An org's credits now; below zero is a debt.
    public func balance(of orgID: String) async throws -> Int64 {
        try await self.database.ask("SELECT balance FROM credit_balances WHERE org_id = \(orgID)")
            .first.map { try $0["balance"] } ?? 0
    }

    /// An org's entries, newest first.
    /// - Parameter before: the last id of the page before.
    public func list(of orgID: String, before: Int64 = .max, limit: Int = 100) async throws -> [LedgerEntry] {
        try await self.database.ask(
            """
            SELECT \(LedgerEntry.columns) FROM credit_ledger
            WHERE org_id = \(orgID) AND id < \(before) ORDER BY id DESC LIMIT \(limit)
            """
        ).map { try LedgerEntry($0) }
    }

    /// Adds an entry.
    /// - Parameter reference: what it comes from; unique over all orgs.
    /// - Throws: ``RecordsError`` `taken(reference)` if that was entered before, `refused` for a delta whose sign does
    ///   not fit the reason, `missing` for the org.
    public func append(
        _ delta: Int64, _ reason: LedgerEntry.Reason, reference: String, of orgID: String
    ) async throws -> LedgerEntry {
        let entered = try await self.database.ask(
            """
            INSERT INTO credit_ledger (org_id, delta, reason, reference)
            SELECT id, \(delta), \(reason.rawValue), \(reference)::text FROM orgs WHERE id = \(orgID)
            RETURNING \(LedgerEntry.columns)
            """)
        guard let row = entered.first else { throw RecordsError.missing("org \(orgID)") }
        return try LedgerEntry(row)
    }

    /// Enters the credits of a package that was paid for.
    /// - Parameter reference: the payment; entered once however often it is told.
    /// - Throws: ``RecordsError`` `missing` for the package or the org, `taken(reference)`.
    public func enterPurchase(
        of code: String, reference: String, for orgID: String
    ) async throws -> LedgerEntry {
        let packages = try await SystemConfig(self.database).read().creditPackages
        guard let package = packages.first(where: { $0.code == code }) else {
            throw RecordsError.missing("credit package \(code)")
        }
        return try await self.append(Int64(package.credits), .purchase, reference: reference, of: orgID)
    }
}
