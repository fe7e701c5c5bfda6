import ArgumentParser
import Records

/// `tollgate orgs list`
struct OrgsListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Orgs, oldest first.",
        discussion: "Example:\n  tollgate orgs list --json | jq '.[].slug'")

    @Option(help: "How many at most.")
    var limit = 100

    @Option(help: "Only those after this id: the last of the page before.")
    var after = ""

    @Flag(help: "Print a JSON array.")
    var json = false

    @OptionGroup var options: StoreOptions
    @OptionGroup var server: ServerOptions

    func validate() throws {
        guard (1...10_000).contains(self.limit) else { throw ValidationError("--limit takes 1 to 10000.") }
    }

    func run() async throws {
        if let client = try self.server.asked {
            var request = AdminRequest(method: "GET", path: "/v1/orgs")
            request.answer = .list(wanted: self.limit)
            if !self.after.isEmpty { request.query = [(name: "cursor", value: self.after)] }
            return try APIAnswer.show(try await client.send(request), OrgsCommand.view, json: self.json)
        }
        let orgs = try await self.options.withPool { try await Orgs($0).list(after: self.after, limit: self.limit) }
        StandardOutput.write(self.json ? JSONValue.list(orgs.map(OrgText.json)).text + "\n" : OrgText.table(orgs))
    }
}
