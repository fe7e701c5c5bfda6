import ArgumentParser

/// `tollgate keys`
struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "API keys: make, list, show, revoke, rotate.",
        discussion: """
            Examples:
              tollgate keys create --org demo --name ci
              tollgate keys list --org demo --json
              tollgate keys revoke key_01J...
              tollgate keys rotate key_01J... --grace 24h

            \(ExitStatus.help)
            """,
        subcommands: [
            KeysCreateCommand.self, KeysListCommand.self, KeysShowCommand.self, KeysRevokeCommand.self,
            KeysRotateCommand.self,
        ])
}
