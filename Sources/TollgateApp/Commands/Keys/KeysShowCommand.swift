import ArgumentParser
import Domain
import Records

/// `tollgate keys show`
struct KeysShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "What is known of a key. The key itself is not.",
        discussion: "Example:\n  tollgate keys show key_01J...")

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
            let request = try KeysServer.request("GET", self.id, org: self.org)
            return try APIAnswer.show(try await client.send(request), KeysServer.view, json: self.json)
        }
        let key = try await self.options.withPool { pool -> APIKey in
            guard let record = try await EdgeRecords(pool).find(keyID: self.id),
                let key = try await APIKeys(pool).find(self.id, of: record.org.orgID)
            else { throw CommandFailure("There is no key `\(self.id)`.", status: .notFound) }
            return key
        }
        guard case .object(let members) = KeyText.json(key), !self.json else {
            return StandardOutput.line(KeyText.json(key).text)
        }
        var table = TextTable(("FIELD", .left), ("VALUE", .left))
        for (name, value) in members {
            if case .text(let text) = value { table.add(name, text) } else { table.add(name, value.text) }
        }
        StandardOutput.write(table.text)
    }
}
