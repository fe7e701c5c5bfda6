/// Brings a database's schema up to date: numbered files, forward only, each in a transaction and recorded with its
/// SHA-256 in `schema_migrations`, under an advisory lock so that any number of processes may try at once.
public struct Migrator: Sendable {
    /// In order, from 1, without gaps.
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
    /// - Throws: ``MigrationError`` `gap` unless they are numbered 1, 2, 3, ….
    public init(_ migrations: [Migration]) throws(MigrationError) {
        let ordered = migrations.sorted { $0.version < $1.version }
        for (index, migration) in ordered.enumerated() where migration.version != index + 1 {
            throw .gap(expected: index + 1, found: migration.version)
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
            let applied = try await self.verify(session)
            let missing = Array(self.migrations.dropFirst(applied))
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
            return Array(self.migrations.dropFirst(try await self.verify(session)))
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

    /// - Returns: how many of ours are applied, all of them unchanged.
    private func verify(_ session: PostgresSession) async throws -> Int {
        let applied = try await session.query("SELECT version, name, checksum FROM schema_migrations ORDER BY version")
            .map { row in
                Applied(version: try row["version"], name: try row["name"], checksum: try row["checksum"])
            }
        for (index, record) in applied.enumerated() {
            guard index < self.migrations.count else {
                throw MigrationError.unknown(version: record.version, name: record.name)
            }
            guard record.version == index + 1 else {
                throw MigrationError.gap(expected: index + 1, found: record.version)
            }
            let ours = self.migrations[index]
            let checksum = try await session.query("SELECT \(Self.checksum(ours.sql)) AS checksum").only()
            guard try checksum["checksum"] == record.checksum, ours.name == record.name else {
                throw MigrationError.changed(version: record.version, name: record.name)
            }
        }
        return applied.count
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
