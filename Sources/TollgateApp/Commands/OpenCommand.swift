import ArgumentParser
import HotStore
import Records

/// `tollgate open`
struct OpenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "open",
        abstract: "What requests hold at this moment, and what nobody ended in time.",
        discussion: """
            Every admitted request ends in one settlement; what a dead gateway held ends with its lease. OVERDUE is what \
            has been over for a minute without being ended, and must be 0: otherwise the status is 1. Nothing is changed.

            Example:
              tollgate open --config config/tollgate.yaml

            \(ExitStatus.help)
            """)

    @Flag(help: "Print a JSON array.")
    var json = false

    @OptionGroup var options: StoreOptions

    private struct Row {
        let what: String
        let open: Int
        let overdue: Int
    }

    func run() async throws {
        let rows = try await self.options.withStores { _, stores in
            let redis = try await OpenWork(redis: stores.redis, keyspace: stores.keyspace).look(isEnding: false)
            let durable = try await DurableClaims(stores.pool).standing(overdueMs: Int(OpenWork.overdueMs))
            let gaps = try await UsageJournals(stores.pool).gaps()
            return [
                Row(what: "claims in Redis", open: redis.claims, overdue: redis.overdueClaims),
                Row(what: "leases in Redis", open: redis.leases, overdue: redis.overdueLeases),
                Row(what: "claims in PostgreSQL", open: durable.open, overdue: durable.overdue),
                Row(what: "requests of gateways that are gone", open: gaps.requests, overdue: gaps.requests),
            ]
        }
        StandardOutput.write(self.json ? Self.document(rows).text + "\n" : Self.table(rows))
        guard rows.contains(where: { $0.overdue > 0 }) else { return }
        throw CommandFailure(
            "Something is open that nobody ended in time.",
            hint: "Is a worker running (`tollgate serve`)? It ends what dead gateways have left.", status: .failure)
    }

    private static func table(_ rows: [Row]) -> String {
        var table = TextTable(("WHAT", .left), ("OPEN", .right), ("OVERDUE", .right))
        for row in rows { table.add(row.what, String(row.open), String(row.overdue)) }
        return table.text
    }

    private static func document(_ rows: [Row]) -> JSONValue {
        .list(
            rows.map { row in
                .object([
                    ("what", .text(row.what)), ("open", .integer(Int64(row.open))),
                    ("overdue", .integer(Int64(row.overdue))),
                ])
            })
    }
}
