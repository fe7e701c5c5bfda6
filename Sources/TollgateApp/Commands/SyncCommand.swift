import ArgumentParser
import Logging
import Records
import Workers

/// `tollgate sync`
struct SyncCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sync",
        abstract: "Make Redis say what PostgreSQL says: every org, key, plan and limit that the edge decides by.",
        discussion: """
            Publishes what the records grant and withdraws what they do not, such as revoked keys that an older file of \
            Redis has brought back. Workers do this by themselves at their start and when Redis comes back as another \
            server. Usage and the levels of limits are not touched.

            Plans of the configuration file are recorded first, except those that were changed through the admin API.

            Examples:
              tollgate sync --config config/tollgate.yaml
              tollgate sync --config config/tollgate.yaml --reset-plans
            """)

    @Flag(help: "Plans of the configuration file replace what was changed through the admin API.")
    var resetPlans = false

    @OptionGroup var options: StoreOptions

    func run() async throws {
        try await self.options.withStores { configuration, stores in
            let plans = try await PlanSeeder.seed(
                configuration.plans, isForced: self.resetPlans, stores.pool, logger: .init(label: "tollgate"))
            let sync = RedisSync(
                pool: stores.pool, redis: stores.redis, publisher: stores.publisher, counters: WorkerCounters(),
                logger: .init(label: "tollgate"))
            let rebuilt = try await sync.rebuild()
            if !plans.changed.isEmpty {
                StandardOutput.line("Plans recorded from the file: \(plans.changed.joined(separator: ", ")).")
            }
            StandardOutput.line(
                "Redis holds \(rebuilt.orgs) orgs and \(rebuilt.keys) keys. "
                    + "Withdrawn, besides what changed lately: \(rebuilt.withdrawn).")
        }
    }
}
