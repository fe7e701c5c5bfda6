import ArgumentParser
import Control
import Domain
import PostgresClient
import Records

/// `tollgate keys rotate`
struct KeysRotateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Replace a key. Old and new one share their limits while both are good.",
        discussion: """
            The new key alone goes to standard output.

            Example:
              NEW=$(tollgate keys rotate key_01J... --grace 24h)
            """)

    @Argument(help: "The id of the key to replace (key_...).")
    var id: String

    @Option(help: "How long the old key goes on: 90s, 15m, 24h, 7d.")
    var grace: String = "24h"

    @Option(help: "Whose key, for --server: an org's id or slug.")
    var org: String?

    @Flag(help: "Print a JSON object of the new key.")
    var json = false

    @OptionGroup var options: StoreOptions
    @OptionGroup var server: ServerOptions

    func validate() throws {
        guard DurationArgument(argument: self.grace) != nil else {
            throw ValidationError("`\(self.grace)` is no length of time; expected e.g. 90s, 15m, 24h or 7d.")
        }
    }

    func run() async throws {
        let seconds = DurationArgument(argument: self.grace)?.seconds ?? 0
        if let client = try self.server.asked {
            let request = try KeysServer.request(
                "POST", self.id, org: self.org, "/rotate", ["grace_s": .integer(Int64(seconds))])
            return try APIAnswer.show(try await client.send(request), KeysServer.view, json: self.json)
        }
        let grace = Duration.seconds(seconds)
        try await self.options.withStores { configuration, stores in
            let known = try await KeyChange.find(self.id, stores)
            let fresh = NewKey(brand: configuration.keys.brand, environment: known.environment)
            let (new, old) = try await APIKeys(stores.pool).rotate(
                self.id, of: known.orgID, to: FreshID.make("key_"), fresh.material, grace: grace)
            let until = old.expiresAt.map { " \(old.id) goes on until \(InstantText.full($0))." } ?? ""
            KeyText.answer(new, secret: fresh.text, json: self.json, note: "Rotated.\(until) The new key is")
            try await KeyChange.publish([old.id, new.id], stores)
        }
    }
}
