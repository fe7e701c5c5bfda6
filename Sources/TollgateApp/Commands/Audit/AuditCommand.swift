import ArgumentParser

/// `tollgate audit`
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "The audit log: verify that nobody changed it.",
        discussion: """
            Examples:
              tollgate audit verify

            \(ExitStatus.help)
            """,
        subcommands: [AuditVerifyCommand.self])
}
