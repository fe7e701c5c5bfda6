import ArgumentParser
import Control
import Domain
import PostgresClient
import Records

/// `tollgate keys create`
struct KeysCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Make a key. It is printed once and kept nowhere.",
        discussion: """
            The key alone goes to standard output.

            Examples:
              KEY=$(tollgate keys create --org demo)
              tollgate keys create --org demo --test --name ci --scope jobs:read --expires 90d --json
            """)

    @Option(help: "Whose key: an org's id or slug.")
    var org: String

    @Option(help: "A name for people.")
    var name = ""

    @Flag(help: "A test key: it costs nothing.")
    var test = false

    @Option(help: "What it may do; repeat for several.")
    var scope: [String] = []

    @Option(help: "A network that it may be used from, such as 192.0.2.0/24; repeat for several. None: anywhere.")
    var allow: [String] = []

    @Option(help: "The user it speaks for (usr_...).")
    var user: String?

    @Option(help: "How long it lives: 90s, 15m, 24h, 30d. Default: for ever.")
    var expires: DurationArgument?

    @Flag(help: "Print a JSON object.")
    var json = false

    @OptionGroup var options: StoreOptions
    @OptionGroup var server: ServerOptions

    func run() async throws {
        if let client = try self.server.asked {
            let request = AdminRequest.post(
                KeysServer.path, org: self.org,
                [
                    ("name", .string(self.name)), ("environment", self.test ? "test" : "live"),
                    ("scopes", .texts(self.scope)),
                    ("allowed_addresses", self.allow.isEmpty ? .null : .texts(self.allow)),
                    ("user_id", .text(self.user)),
                    ("expires_in_s", self.expires.map { .integer(Int64($0.seconds)) } ?? .null),
                ])
            return try APIAnswer.show(try await client.send(request), KeysServer.view, json: self.json)
        }
        guard self.allow.isEmpty else { throw CommandFailure("--allow goes with --server.", status: .usage) }
        try await self.options.withStores { configuration, stores in
            let org = try await OrgReference.find(self.org, stores.pool)
            let environment: Domain.Environment = self.test ? .test : .live
            let fresh = NewKey(brand: configuration.keys.brand, environment: environment)
            let key = try await APIKeys(stores.pool).insert(
                NewAPIKey(
                    id: FreshID.make("key_"), orgID: org.id, userID: self.user, name: self.name,
                    material: fresh.material, environment: environment, scopes: self.scope,
                    expiresAt: self.expires.map { PostgresInstant.now.advanced(by: $0.duration) }))
            KeyText.answer(key, secret: fresh.text, json: self.json, note: "Made")
            try await KeyChange.publish([key.id], stores)
        }
    }
}
