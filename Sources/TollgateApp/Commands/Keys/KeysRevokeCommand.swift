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

    @Flag(help: "Print a JSON object.")
    var json = false

    @OptionGroup var options: StoreOptions

    func run() async throws {
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
