import ArgumentParser
import PostgresClient
import Records

/// `tollgate admin token list`
struct AdminTokenListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Operators' tokens, oldest first; never the tokens themselves.")

    @Flag(help: "Print a JSON object a line.")
    var json = false

    @OptionGroup var options: StoreOptions

    func run() async throws {
        let tokens = try await self.options.withPool { try await AdminTokens($0).list(of: nil, limit: 1_000) }
        if self.json { return tokens.forEach { StandardOutput.line(AdminTokenText.json($0).text) } }
        var table = TextTable(("ID", .left), ("PREFIX", .left), ("STATUS", .left), ("EXPIRES", .left), ("NAME", .left))
        for token in tokens {
            table.add(
                token.id, token.prefix, AdminTokenText.status(token), InstantText.full(token.expiresAt), token.name)
        }
        StandardOutput.write(table.text)
    }
}
