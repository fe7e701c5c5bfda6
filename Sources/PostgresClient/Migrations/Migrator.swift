/// Brings a database's schema up to date: numbered files, forward only, each in a transaction and recorded with its
/// SHA-256 in `schema_migrations`, under an advisory lock so that any number of processes may try at once.
public struct Migrator: Sendable {
    /// In order of their numbers. Work that goes on at the same time takes numbers apart, so there may be gaps, and one
    /// with a lower number may come to a database later: it is applied then.
    public let migrations: [Migration]
    /// Longest wait for another process that migrates.
    public var lockTimeout: Duration = .seconds(300)

    /// "tollgate" in ASCII: one lock for all programs that migrate this database.
    private static let lockKey: Int64 = 0x746F_6C6C_6761_7465

    private struct Applied {
        let version: Int
        let name: String
        let checksum: String
    }

    /// Takes the migrations in any order.
    /// - Throws: ``MigrationError`` `double` where two have one number.
    public init(_ migrations: [Migration]) throws(MigrationError) {
        let ordered = migrations.sorted { $0.version < $1.version }
        for (one, next) in zip(ordered, ordered.dropFirst()) where one.version == next.version {
            throw .double(version: next.version)
        }
        self.migrations = ordered
    }

    /// Applies what is missing.
    /// - Returns: the migrations applied by this call, in order.
    /// - Throws: ``MigrationError``, or ``PostgresError`` if the server cannot be reached.
    @discardableResult
    public func run(on pool: PostgresPool) async throws -> [Migration] {
        try await pool.withSession { session in
            try await self.lock(session)
            // Whatever happens, the lock goes with the connection.
            await session.discard()
            try await session.script(Self.table)
            try await session.query("SET statement_timeout = 0")
            let missing = try await self.missing(session)
            for migration in missing { try await self.apply(migration, session) }
            return missing
        }
    }

    /// Checks what was applied against the files, changing nothing.
    /// - Returns: the migrations that `run` would apply.
    /// - Throws: as `run` does.
    public func pending(on pool: PostgresPool) async throws -> [Migration] {
        try await pool.withSession { session in
            let exists = try await session.query("SELECT to_regclass('schema_migrations') IS NOT NULL AS exists")
            guard try exists.only()["exists", as: Bool.self] else { return self.migrations }
            return try await self.missing(session)
        }
    }

    private static let table = """
        CREATE TABLE IF NOT EXISTS schema_migrations (
            version bigint PRIMARY KEY,
            name text NOT NULL,
            checksum text NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
        )
        """

    private func lock(_ session: PostgresSession) async throws {
        let deadline = ContinuousClock.now + self.lockTimeout
        while true {
            let row = try await session.query("SELECT pg_try_advisory_lock(\(Self.lockKey)) AS locked").only()
            if try row["locked", as: Bool.self] { return }
            guard ContinuousClock.now < deadline else { throw MigrationError.locked(waited: self.lockTimeout) }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// - Returns: those of ours that are not applied; all others are, unchanged.
    private func missing(_ session: PostgresSession) async throws -> [Migration] {
        let applied = try await session.query("SELECT version, name, checksum FROM schema_migrations ORDER BY version")
            .map { row in
                Applied(version: try row["version"], name: try row["name"], checksum: try row["checksum"])
            }
        for record in applied {
            guard let ours = self.migrations.first(where: { $0.version == record.version }) else {
                throw MigrationError.unknown(version: record.version, name: record.name)
            }
            let checksum = try await session.query("SELECT \(Self.checksum(ours.sql)) AS checksum").only()
            guard try checksum["checksum"] == record.checksum, ours.name == record.name else {
                throw MigrationError.changed(version: record.version, name: record.name)
            }
        }
        let known = Set(applied.map(\.version))
        return self.migrations.filter { !known.contains($0.version) }
    }

    private func apply(_ migration: Migration, _ session: PostgresSession) async throws {
        do {
            try await session.query("BEGIN")
            let before = try await session.query("SELECT txid_current() AS id").only()["id", as: Int64.self]
            try await session.script(migration.sql)
            let after = try await session.query("SELECT txid_current() AS id").only()["id", as: Int64.self]
            guard before == after else {
                throw MigrationError.endsTransaction(version: migration.version, name: migration.name)
            }
            try await session.query(
                """
                INSERT INTO schema_migrations (version, name, checksum)
                VALUES (\(migration.version), \(migration.name), \(Self.checksum(migration.sql)))
                """)
            try await session.query("COMMIT")
        } catch let error as PostgresError {
            throw MigrationError.failed(version: migration.version, name: migration.name, error)
        }
    }

    private static func checksum(_ sql: String) -> PostgresQuery {
        "encode(sha256(convert_to(\(sql), 'UTF8')), 'hex')"
    }
}
