import ArgumentParser
import Control
import PostgresClient
import Records

/// `tollgate orgs create`
struct OrgsCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Make an org. Its owner is signed up if there is no such user.",
        discussion:
            "Example:\n  tollgate orgs create --name \"Acme Inc\" --slug acme --plan PRO --owner ada@acme.example")

    @Option(help: "A name for people.")
    var name: String

    @Option(help: "A name for addresses: lower-case letters, digits, single hyphens. Default: made from the name.")
    var slug: String?

    @Option(help: "Its plan: FREE, PRO, ENTERPRISE, or one of your own.")
    var plan = "FREE"

    @Option(help: "The owner's email address.")
    var owner: String

    @Flag(help: "Print a JSON object.")
    var json = false

    @OptionGroup var options: StoreOptions
    @OptionGroup var server: ServerOptions

    func run() async throws {
        if let client = try self.server.asked {
            return try APIAnswer.show(try await self.made(by: client), OrgsCommand.view, json: self.json)
        }
        let org = try await self.options.withPool { pool in
            try await NewOrganisation.create(
                name: self.name, slug: self.slug ?? NewOrganisation.slug(from: self.name), plan: self.plan,
                ownerEmail: self.owner, pool)
        }
        StandardOutput.write(self.json ? OrgText.json(org).text + "\n" : OrgText.table([org]))
    }

    /// Its owner is signed up first, if there is no such user.
    private func made(by client: AdminClient) async throws -> AdminReply {
        var owner = ""
        do {
            owner = try await client.userID(self.owner)
        } catch let failure as CommandFailure where failure.status == .notFound {
            let signedUp = try await client.send(.post("/v1/users", [("email", .string(self.owner))]))
            if case .record(let record) = signedUp { owner = record?["user"]?["id"]?.text ?? "" }
        }
        return try await client.send(
            .post(
                "/v1/orgs",
                [
                    ("name", .string(self.name)), ("slug", .text(self.slug)), ("plan", .string(self.plan)),
                    ("owner_id", .string(owner)),
                ]))
    }
}
