import ArgumentParser

/// `tollgate admin`
struct AdminCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "admin", abstract: "Who may use the admin API.", subcommands: [AdminTokenCommand.self])
}

/// `tollgate admin token`
struct AdminTokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Operators' tokens.",
        subcommands: [AdminTokenCreateCommand.self, AdminTokenListCommand.self, AdminTokenRevokeCommand.self])
}
