import ArgumentParser

/// `tollgate`
struct TollgateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tollgate",
        abstract: "An edge gateway for APIs that are paid for.",
        discussion: """
            Start with `tollgate dev`: it runs everything on this machine and prints what to try. In production, \
            `tollgate serve` runs the edge and the workers from a configuration file.

            Commands that need PostgreSQL or Redis find them, in this order: --database-url and --redis-url; the file \
            named with --config; the variables TOLLGATE_DATABASE_URL and TOLLGATE_REDIS; a `tollgate dev` that runs in \
            this folder (.data/demo.env).

            \(ExitStatus.help)
            """,
        version: "0.1.0",
        subcommands: [
            ServeCommand.self, DevCommand.self, CheckCommand.self, MigrateCommand.self, KeysCommand.self,
            OrgsCommand.self, UsersCommand.self, MembersCommand.self, TokensCommand.self, PlansCommand.self,
            LimitsCommand.self, FlagsCommand.self, UsageCommand.self, IdempotencyCommand.self, JobsCommand.self,
            WebhooksCommand.self, CreditsCommand.self, PaymentMethodsCommand.self, StripeCommand.self,
            AuditCommand.self, MaintenanceCommand.self, SeedCommand.self, SyncCommand.self, AdminCommand.self,
            APICommand<WhoAmIOptions>.self,
        ])
}
