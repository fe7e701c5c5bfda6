import ArgumentParser
import Records

/// `tollgate keys revoke`
struct KeysRevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Revoke a key for good.",
        discussion: """
            When the command returns, the change is recorded and every gateway refuses the key with its next request.

            Example:
              tollgate keys revoke key_01J...
            """)

    @Argument(help: "The key's id (key_...).")
    var id: String

    @Option(help: "Whose key, for --server: an org's id or slug.")
    var org: String?

    @Flag(help: "Print a JSON object.")
    var json = false

    @OptionGroup var options: StoreOptions
    @OptionGroup var server: ServerOptions

    func run() async throws {
        if let client = try self.server.asked {
            let request = try KeysServer.request("DELETE", self.id, org: self.org)
            return try APIAnswer.show(try await client.send(request), KeysServer.view, json: self.json)
        }
        try await self.options.withStores { _, stores in
            let known = try await KeyChange.find(self.id, stores)
            guard let key = try await APIKeys(stores.pool).revoke(self.id, of: known.orgID) else {
                throw CommandFailure("There is no key `\(self.id)`.", status: .notFound)
            }
            try await KeyChange.publish([key.id], stores)
            if self.json {
                StandardOutput.line(KeyText.json(key).text)
            } else {
                StandardOutput.line("Revoked \(key.id) (\(key.material.prefix)...).")
            }
        }
    }
}
