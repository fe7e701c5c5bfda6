import ArgumentParser
import Digests
import PostgresClient
import Records

/// `tollgate seed`
struct SeedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "seed",
        abstract: "Fill an empty database with demo data: users, orgs, keys, jobs, usage, webhooks, credits.",
        discussion: """
            4 users; 2 orgs, `tim` on FREE and `acme` on PRO; 5 keys; 100 jobs of the last 30 days; hourly usage of the last \
            7 days; 2 webhook endpoints with a delivery that failed; a card, an invoice, credits bought and spent.

            The same --seed and --now give the same rows, byte for byte, keys included: whoever knows the seed knows the \
            keys. Without --seed one is drawn and printed.

            A database that holds records already is refused; --force adds to what is there.

            Examples:
              tollgate seed
              tollgate seed --seed 7 --now 2026-01-31T12:00:00Z --json

            \(ExitStatus.help)
            """)

    @Option(help: "A number that decides everything. Default: drawn at random.")
    var seed: UInt64?

    @Option(help: "The instant that the data ends at, such as 2026-01-31T12:00:00Z. Default: now.")
    var now: String?

    @Flag(help: "Add to a database that is not empty.")
    var force = false

    @Flag(help: "Print a JSON object.")
    var json = false

    @OptionGroup var options: StoreOptions

    func validate() throws {
        if let now, InstantText.parse(now) == nil {
            throw ValidationError("`\(now)` is no time; expected e.g. 2026-01-31T12:00:00Z.")
        }
    }

    func run() async throws {
        let seed = self.seed ?? UInt64.random(in: 0...UInt64(Int64.max))
        let now = self.now.flatMap(InstantText.parse) ?? .now
        let brand = try self.options.resolved().keys.brand
        let data = SeedMaker.make(seed: seed, now: now, brand: brand)
        try await self.options.withPool { pool in
            _ = try await Migrate.run(on: pool)
            try await Self.put(data, seed: seed, at: now, isForced: self.force, pool)
        }
        if self.json {
            StandardOutput.line(SeedText.json(data, seed: seed, now: now).text)
        } else {
            StandardOutput.write(SeedText.text(data, seed: seed, now: now))
        }
    }

    /// Puts the data in, all or nothing.
    ///
    /// - Throws: `CommandFailure` for a database that is not empty, unless forced.
    static func put(
        _ data: SeedData, seed: UInt64, at now: PostgresInstant, isForced: Bool, _ pool: PostgresPool
    ) async throws {
        let seeding = Seeding(pool)
        let present = try await seeding.present()
        guard present.isEmpty || isForced else {
            throw CommandFailure(
                "The database is not empty: it has \(present.joined(separator: ", ")).",
                hint: "Seed an empty one, or add the demo data to what is there with --force.")
        }
        do {
            try await seeding.put(data.tables, at: now)
        } catch let error as RecordsError {
            throw CommandFailure(
                "Nothing was put in: \(error).",
                hint: "Has seed \(seed) been put in before? Choose another with --seed, or another database.")
        }
    }
}
