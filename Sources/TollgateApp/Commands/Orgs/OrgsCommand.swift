import ArgumentParser

/// `tollgate orgs`
struct OrgsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "orgs",
        abstract: "Organisations: make, list.",
        discussion: """
            Examples:
              tollgate orgs create --name "Acme Inc" --slug acme --plan PRO --owner ada@acme.example
              tollgate orgs list

            \(ExitStatus.help)
            """,
        subcommands: [OrgsCreateCommand.self, OrgsListCommand.self])
}
