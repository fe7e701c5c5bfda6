public import PostgresClient

/// Putting a whole set of records into a database at once: demo data, fixtures.
public struct Seeding: Sendable {
    private let database: any RecordsDatabase

    /// On a pool, or in a session's transaction.
    public init(_ database: any RecordsDatabase) { self.database = database }

    /// What a database has already; empty if nobody has signed up or used it.
    public func present() async throws -> [String] {
        try await self.database.ask(
            """
            SELECT n || ' ' || what AS found FROM (
                SELECT 'users' AS what, count(*) AS n FROM users UNION ALL SELECT 'orgs', count(*) FROM orgs
                UNION ALL SELECT 'keys', count(*) FROM api_keys UNION ALL SELECT 'jobs', count(*) FROM jobs
                UNION ALL SELECT 'windows of usage', count(*) FROM usage_meters
                UNION ALL SELECT 'ledger entries', count(*) FROM credit_ledger) counts
            WHERE n > 0
            """
        ).map { try $0["found"] }
    }

    /// Puts in all rows, table by table in the order given, or none.
    ///
    /// The database adds what it always adds: counters, balances, meters, versions and the outbox.
    /// - Parameter at: when it is done, as far as rows tell that by themselves.
    /// - Throws: ``RecordsError`` `taken` if a row is there already.
    public func put(_ tables: [SeedTable], at now: PostgresInstant) async throws {
        try await self.database.together { session in
            for table in tables {
                let columns = Self.list(table.columns)
                try await session.ask(
                    """
                    INSERT INTO \(identifier: table.name) (\(columns))
                    SELECT \(columns) FROM jsonb_populate_recordset(NULL::\(identifier: table.name), \(table.rows))
                    """)
            }
            // Rows that the database itself made carry its clock.
            let epochs = tables.filter { $0.name == "usage_counters" }.map(\.rows)
            for rows in epochs {
                try await session.ask(
                    """
                    UPDATE usage_meters SET updated_at = \(now) WHERE (org_id, api_key_id) IN (
                        SELECT org_id, api_key_id FROM jsonb_populate_recordset(NULL::usage_counters, \(rows)))
                    """)
            }
        }
    }

    private static func list(_ columns: [String]) -> PostgresQuery {
        columns.dropFirst().reduce("\(identifier: columns.first ?? "")") { $0 + ", \(identifier: $1)" }
    }
}
