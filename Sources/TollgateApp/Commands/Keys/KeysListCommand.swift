import ArgumentParser
import Records

/// `tollgate keys list`
struct KeysListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "An org's keys, oldest first.",
        discussion: "Example:\n  tollgate keys list --org demo --all")

    @Option(help: "An org's id or slug.")
    var org: String

    @Flag(help: "Revoked keys too.")
    var all = false

    @Flag(help: "Print a JSON array.")
    var json = false

    @OptionGroup var options: StoreOptions
    @OptionGroup var server: ServerOptions

    func run() async throws {
        if let client = try self.server.asked {
            var request = AdminRequest(method: "GET", path: KeysServer.path, org: self.org)
            request.answer = .list(wanted: 100_000)
            if !self.all { request.query = [(name: "status", value: "active")] }
            return try APIAnswer.show(try await client.send(request), KeysServer.view, json: self.json)
        }
        let keys = try await self.options.withPool { pool in
            let org = try await OrgReference.find(self.org, pool)
            return try await APIKeys(pool).list(of: org.id, includingRevoked: self.all)
        }
        StandardOutput.write(
            self.json ? JSONValue.list(keys.map { KeyText.json($0) }).text + "\n" : KeyText.table(keys))
    }
}
