import ArgumentParser
import Logging
import Records
import Workers

/// `tollgate sync`
struct SyncCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sync",
        abstract: "Fill Redis from PostgreSQL: every org, key, plan and limit that the edge decides by.",
        discussion: """
            Workers do this by themselves at their start and when Redis comes back as another server. What Redis has in \
            a newer version stays; usage and limits are not touched.

            Example:
              tollgate sync --config config/tollgate.yaml
            """)

    @OptionGroup var options: StoreOptions

    func run() async throws {
        try await self.options.withStores { _, stores in
            let sync = RedisSync(
                pool: stores.pool, redis: stores.redis, publisher: stores.publisher, counters: WorkerCounters(),
                logger: .init(label: "tollgate"))
            let (orgs, keys) = try await sync.rebuild()
            StandardOutput.line("Redis holds \(orgs) orgs and \(keys) keys.")
        }
    }
}
