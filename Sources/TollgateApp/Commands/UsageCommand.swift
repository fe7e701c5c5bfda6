import ArgumentParser
import Domain
import PostgresClient
import Records

/// `tollgate usage`
struct UsageCommand: AsyncParsableCommand {
    enum Step: String, CaseIterable, ExpressibleByArgument { case hour, day, month }

    static let configuration = CommandConfiguration(
        commandName: "usage",
        abstract: "What was used, by meter.",
        discussion: """
            Usage reaches PostgreSQL within a second or two of the request. Times are UTC.

            Examples:
              tollgate usage
              tollgate usage --org demo --meter jobs --from 2026-01-01 --to 2026-02-01 --by day --json
              tollgate usage --org demo --by hour --by-key

            \(ExitStatus.help)
            """)

    @Option(help: "Only this org's: its id or slug. Default: every org.")
    var org: String?

    @Option(help: "Only this key's (key_...).")
    var key: String?

    @Option(help: "Only this meter.")
    var meter: String?

    @Option(help: "First hour: 2026-01, 2026-01-31, 2026-01-31T12. Default: the start of this month.")
    var from: String?

    @Option(help: "End, exclusive. Default: now.")
    var to: String?

    @Option(help: "Length of the sums: hour, day or month.")
    var by = Step.month

    @Flag(help: "A sum for each key.")
    var byKey = false

    @Flag(help: "Print comma-separated values; goes with --server.")
    var csv = false

    @Flag(help: "Print a JSON array.")
    var json = false

    @OptionGroup var options: StoreOptions
    @OptionGroup var server: ServerOptions

    func validate() throws {
        for text in [self.from, self.to].compactMap(\.self) where InstantText.parse(text) == nil {
            throw ValidationError("`\(text)` is no time; expected e.g. 2026-01, 2026-01-31 or 2026-01-31T12.")
        }
    }

    func run() async throws {
        if let client = try self.server.asked {
            let reply = try await client.send(try self.request())
            return try APIAnswer.show(reply, UsageCommand.view, json: self.json)
        }
        guard !self.csv else { throw CommandFailure("--csv goes with --server.", status: .usage) }
        let rows = try await self.options.withPool { pool -> [(org: Org, sum: UsageSum)] in
            var rows: [(Org, UsageSum)] = []
            for org in try await self.orgs(pool) {
                rows += try await Usage(pool).sums(self.query(org)).map { (org, $0) }
            }
            return rows
        }
        StandardOutput.write(self.json ? self.document(rows).text + "\n" : self.table(rows))
    }

    private static let view = RecordView(
        "START start", "ENV environment", "METER meter", "KEY api_key_id", ">QUANTITY quantity")

    private func request() throws -> AdminRequest {
        guard let org else { throw CommandFailure("--server needs --org as well.", status: .usage) }
        let times = [self.from, self.to].map { $0.flatMap(InstantText.parse).map(InstantText.full) }
        return AdminRequest(
            method: "GET", path: "/v1/orgs/{org}/usage" + (self.csv ? ".csv" : ""), org: org,
            query: [
                (name: "from", value: times[0]), (name: "to", value: times[1]), (name: "step", value: self.by.rawValue),
                (name: "meter", value: self.meter), (name: "api_key_id", value: self.key),
                (name: "by_key", value: self.byKey || self.key != nil ? "true" : nil),
            ], answer: self.csv ? .text : .list(wanted: 1_000_000))
    }

    private func orgs(_ pool: PostgresPool) async throws -> [Org] {
        if let org { return [try await OrgReference.find(org, pool)] }
        var orgs: [Org] = []
        while true {
            let page = try await Orgs(pool).list(after: orgs.last?.id ?? "", limit: 1_000)
            orgs += page
            if page.count < 1_000 { return orgs }
        }
    }

    private func query(_ org: Org) -> UsageQuery {
        var query = UsageQuery(
            orgID: org.id, from: self.from.flatMap(InstantText.parse) ?? InstantText.startOfMonth(),
            until: self.to.flatMap(InstantText.parse) ?? .now,
            step: UsageQuery.Step(rawValue: self.by.rawValue) ?? .month)
        query.apiKeyID = self.key
        query.meter = self.meter
        query.isByKey = self.byKey || self.key != nil
        return query
    }

    private func start(_ sum: UsageSum) -> String {
        InstantText.start(sum.start, ofHour: self.by == .hour, ofDay: self.by == .day)
    }

    private func table(_ rows: [(org: Org, sum: UsageSum)]) -> String {
        var table = TextTable(
            (self.by.rawValue.uppercased(), .left), ("ORG", .left), ("KEY", .left), ("ENV", .left), ("METER", .left),
            ("QUANTITY", .right))
        for (org, sum) in rows {
            table.add(
                self.start(sum), org.slug, sum.apiKeyID ?? "all", sum.environment.rawValue, sum.meter,
                String(sum.quantity))
        }
        return table.text
    }

    private func document(_ rows: [(org: Org, sum: UsageSum)]) -> JSONValue {
        .list(
            rows.map { org, sum in
                .object([
                    ("start", .text(InstantText.full(sum.start))), ("org_id", .text(org.id)), ("org", .text(org.slug)),
                    ("api_key_id", .optional(sum.apiKeyID)), ("environment", .text(sum.environment.rawValue)),
                    ("meter", .text(sum.meter)), ("quantity", .integer(sum.quantity)),
                ])
            })
    }
}
