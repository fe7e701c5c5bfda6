import Domain
import Logging
import PostgresClient
import Records

/// Bringing the schema up to date.
enum Migrate {
    /// Returns the names of the migrations that were applied.
    static func run(on pool: PostgresPool) async throws -> [String] {
        try await RecordsSchema.migrator().run(on: pool).map { "\($0.version) \($0.name)" }
    }

    /// The same with a pool of its own.
    static func run(_ configuration: Configuration, logger: Logger) async throws {
        var settings = configuration.postgres
        settings.connectionsMax = 1
        let pool = try Stores.pool(settings)
        do {
            let applied = try await Self.run(on: pool)
            if !applied.isEmpty { logger.notice("Migrations applied", metadata: ["count": "\(applied.count)"]) }
        } catch {
            await pool.close()
            throw error
        }
        await pool.close()
    }
}
