import ArgumentParser

/// `tollgate audit`
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "The audit log: read it, verify that nobody changed it.",
        discussion: """
            Examples:
              tollgate audit list --org acme
              tollgate audit verify

            \(ExitStatus.help)
            """,
        subcommands: [APICommand<AuditList>.self, AuditVerifyCommand.self])
}
