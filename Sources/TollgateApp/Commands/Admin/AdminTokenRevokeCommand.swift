import ArgumentParser
import PostgresClient
import Records

/// `tollgate admin token revoke`
struct AdminTokenRevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Revoke an operator's token for good, from the next request on.")

    @Argument(help: "The id of the token (tok_...).")
    var id: String

    @OptionGroup var options: StoreOptions

    func run() async throws {
        let token = try await self.options.withPool { try await AdminTokenChange.revoke(self.id, $0) }
        guard let token else { throw CommandFailure("There is no operator's token `\(self.id)`.", status: .notFound) }
        StandardOutput.line("Revoked \(token.id).")
    }
}
