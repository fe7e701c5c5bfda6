import ArgumentParser
import Control

/// `tollgate keys`
struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "API keys: make, list, show, change, revoke, rotate.",
        discussion: """
            Examples:
              tollgate keys create --org demo --name ci
              tollgate keys list --org demo --json
              tollgate keys revoke key_01J...
              tollgate keys rotate key_01J... --grace 24h
              tollgate keys update key_01J... --org demo --allow 192.0.2.0/24

            \(ExitStatus.help)
            """,
        subcommands: [
            KeysCreateCommand.self, KeysListCommand.self, KeysShowCommand.self, APICommand<Update>.self,
            KeysRevokeCommand.self, KeysRotateCommand.self,
        ])

    struct Update: APIOptions {
        static let name = "update"
        static let abstract = "Change a key's name, scopes or networks, through the admin API."
        static let example = "keys update key_01J... --org acme --scope jobs:read --allow 192.0.2.0/24"
        static let view = KeysServer.view
        @Argument(help: "The key's id (key_...).") var id: String
        @OptionGroup var of: OrgOption
        @Option(help: "A name for people.") var name: String?
        @Option(help: "What it may do, instead of before; repeat for several.") var scope: [String] = []
        @Flag(help: "It may do nothing that asks for a scope.") var noScopes = false
        @Option(help: "A network that it may be used from, instead of before; repeat for several.")
        var allow: [String] = []
        @Flag(help: "It may be used from anywhere.") var allowAll = false

        func validate() throws {
            guard self.scope.isEmpty || !self.noScopes else {
                throw ValidationError("--scope and --no-scopes exclude one another.")
            }
            guard self.allow.isEmpty || !self.allowAll else {
                throw ValidationError("--allow and --allow-all exclude one another.")
            }
        }

        func request() -> AdminRequest {
            .patch(
                "\(KeysServer.path)/\(AdminClient.escaped(self.id))", org: self.of.org,
                [
                    ("name", .text(self.name)),
                    ("scopes", self.scope.isEmpty && !self.noScopes ? .null : .texts(self.scope)),
                    ("allowed_addresses", self.allow.isEmpty && !self.allowAll ? .null : .texts(self.allow)),
                ])
        }
    }
}
