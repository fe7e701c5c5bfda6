import ArgumentParser
import Domain
import Logging
import PostgresClient
import Records

/// `tollgate migrate`
struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Bring the database's schema up to this version.",
        discussion: """
            Safe to run at any time and from several machines at once: migrations run in order, once, under a lock. \
            There is no way back but a backup.

            Examples:
              tollgate migrate --config config/tollgate.yaml
              tollgate migrate --database-url postgresql://tollgate@db/tollgate
            """)

    @OptionGroup var stores: StoreOptions

    func run() async throws {
        let applied = try await self.stores.withPool { try await Migrate.run(on: $0) }
        StandardOutput.line(
            applied.isEmpty ? "The schema is up to date." : "Applied: \(applied.joined(separator: ", "))")
    }
}
