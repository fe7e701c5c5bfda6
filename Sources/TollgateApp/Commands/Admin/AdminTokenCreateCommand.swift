import ArgumentParser
import Control
import PostgresClient
import Records

/// `tollgate admin token create`
struct AdminTokenCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Make an operator's token. It is printed once; only its hash is kept.",
        discussion: """
            The token alone goes to standard output. This writes to PostgreSQL directly: it is how the first operator \
            comes in. Give no --org for an operator; with --org and --user the token speaks for that member.

            Examples:
              export TOLLGATE_ADMIN_TOKEN=$(tollgate admin token create --name laptop --expires 90d)
              tollgate admin token create --org acme --user usr_01J... --expires 24h
            """)

    @Option(help: "A name for people.")
    var name = ""

    @Option(help: "How long it lives: 90s, 15m, 24h, 30d.")
    var expires: String = "90d"

    @Option(help: "Speak for a member of this org (id or slug) rather than for an operator.")
    var org: String?

    @Option(help: "The member (usr_...).")
    var user: String?

    @Flag(help: "Print a JSON object.")
    var json = false

    @OptionGroup var options: StoreOptions

    func validate() throws {
        guard DurationArgument(argument: self.expires) != nil else {
            throw ValidationError("`\(self.expires)` is no length of time; expected e.g. 90s, 15m, 24h or 7d.")
        }
        guard (self.org == nil) == (self.user == nil) else {
            throw ValidationError("--org and --user go together.")
        }
    }

    func run() async throws {
        let lifetime = DurationArgument(argument: self.expires)?.duration ?? .seconds(7_776_000)
        let (token, text) = try await self.options.withPool { pool -> (AdminToken, String) in
            var seat: NewAdminToken.Seat?
            if let org, let user { seat = .init(orgID: try await OrgReference.find(org, pool).id, userID: user) }
            let fresh = FreshToken(seat: seat, name: self.name, lifetime: lifetime)
            do {
                return (try await AdminTokenChange.insert(fresh, pool), fresh.text)
            } catch let error as RecordsError {
                throw CommandFailure("The token was not made: \(error).")
            }
        }
        guard case .object(let members) = AdminTokenText.json(token), self.json else {
            StandardOutput.line(text)
            return
        }
        StandardOutput.line(JSONValue.object(members + [("token", .text(text))]).text)
    }
}
