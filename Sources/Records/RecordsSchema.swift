public import PostgresClient

/// The tables of all records, as numbered files that go forward only.
public enum RecordsSchema {
    /// Brings a database up to date: `try await RecordsSchema.migrator().run(on: pool)`.
    /// - Throws: `MigrationError`, only if two of the embedded files have one number.
    public static func migrator() throws -> Migrator {
        try Migrator(
            self.files.map { file in
                try Migration(fileName: file.name, sql: String(decoding: file.bytes, as: UTF8.self))
            })
    }

    /// Names carry the number; the embedding turns them into identifiers.
    private static let files: [(name: String, bytes: [UInt8])] = [
        ("0001_tenants.sql", PackageResources._001_tenants_sql),
        ("0002_edge.sql", PackageResources._002_edge_sql),
        ("0003_usage.sql", PackageResources._003_usage_sql),
        ("0004_money.sql", PackageResources._004_money_sql),
        ("0005_jobs_webhooks.sql", PackageResources._005_jobs_webhooks_sql),
        ("0006_audit.sql", PackageResources._006_audit_sql),
        ("0007_gates.sql", PackageResources._007_gates_sql),
        ("0008_closed_states.sql", PackageResources._008_closed_states_sql),
        ("0009_admin.sql", PackageResources._009_admin_sql),
        ("0010_idempotency.sql", PackageResources._010_idempotency_sql),
        ("0011_usage_journals.sql", PackageResources._011_usage_journals_sql),
        ("0012_plans_at_the_edge.sql", PackageResources._012_plans_at_the_edge_sql),
        ("0013_many_keys.sql", PackageResources._013_many_keys_sql),
    ]
}
