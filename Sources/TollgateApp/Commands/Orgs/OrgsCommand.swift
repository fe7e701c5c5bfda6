import ArgumentParser
import Control

/// `tollgate orgs`
struct OrgsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "orgs",
        abstract: "Organisations: make, list, change, suspend, delete.",
        discussion: """
            Examples:
              tollgate orgs create --name "Acme Inc" --slug acme --plan PRO --owner ada@acme.example
              tollgate orgs list
              tollgate orgs plan acme ENTERPRISE
              tollgate orgs suspend acme

            \(ExitStatus.help)
            """,
        subcommands: [
            OrgsCreateCommand.self, OrgsListCommand.self, APICommand<Show>.self, APICommand<Update>.self,
            APICommand<Plan>.self, APICommand<Expire>.self, APICommand<Suspend>.self, APICommand<Resume>.self,
            APICommand<Delete>.self,
        ])

    static let view = RecordView(
        "ID id", "SLUG slug", "PLAN plan", "STATUS status", "CREATED created_at", "NAME name")

    struct Show: APIOptions {
        static let name = "show"
        static let abstract = "An org."
        static let example = "orgs show acme"
        static let view = OrgsCommand.view
        @Argument(help: "Its id or slug.") var org: String
        func request() -> AdminRequest { .get("/v1/orgs/{org}", org: self.org) }
    }

    struct Update: APIOptions {
        static let name = "update"
        static let abstract = "Change an org's name or slug."
        static let example = "orgs update acme --name \"Acme Inc\""
        static let view = OrgsCommand.view
        @Argument(help: "Its id or slug.") var org: String
        @Option(help: "A name for people.") var name: String?
        @Option(help: "A name for addresses.") var slug: String?
        func request() -> AdminRequest {
            .patch("/v1/orgs/{org}", org: self.org, [("name", .text(self.name)), ("slug", .text(self.slug))])
        }
    }

    struct Plan: APIOptions {
        static let name = "plan"
        static let abstract = "Move an org to another plan: its limits hold from the next request on."
        static let example = "orgs plan acme ENTERPRISE"
        static let view = OrgsCommand.view
        @Argument(help: "Its id or slug.") var org: String
        @Argument(help: "The plan's code.") var plan: String
        func request() -> AdminRequest { .put("/v1/orgs/{org}/plan", org: self.org, [("plan", .string(self.plan))]) }
    }

    struct Expire: APIOptions {
        static let name = "expire"
        static let abstract = "Say when an org's access ends: its keys are refused from then on."
        static let example = "orgs expire acme --at 2030-01-31T12:00:00Z"
        static let view = OrgsCommand.view
        @Argument(help: "Its id or slug.") var org: String
        @Option(help: "A time: 2030-01-31, 2030-01-31T12, 2030-01-31T12:00:00Z.") var at: String?
        @Flag(help: "Its access does not end.") var never = false

        func validate() throws {
            guard (self.at == nil) == self.never else { throw ValidationError("Give --at TIME or --never.") }
            if let at, InstantText.parse(at) == nil {
                throw ValidationError("`\(at)` is no time; expected e.g. 2030-01-31T12:00:00Z.")
            }
        }

        func request() -> AdminRequest {
            let instant = self.at.flatMap(InstantText.parse).map(InstantText.full)
            // Null says never, and must be said.
            let body: JSON = ["expires_at": .text(instant)]
            return AdminRequest(method: "PUT", path: "/v1/orgs/{org}/expiry", org: self.org, body: body)
        }
    }

    struct Suspend: APIOptions {
        static let name = "suspend"
        static let abstract = "Refuse an org's requests until it is resumed."
        static let example = "orgs suspend acme"
        static let view = OrgsCommand.view
        @Argument(help: "Its id or slug.") var org: String
        func request() -> AdminRequest { .post("/v1/orgs/{org}/suspend", org: self.org) }
    }

    struct Resume: APIOptions {
        static let name = "resume"
        static let abstract = "Serve a suspended org again."
        static let example = "orgs resume acme"
        static let view = OrgsCommand.view
        @Argument(help: "Its id or slug.") var org: String
        func request() -> AdminRequest { .post("/v1/orgs/{org}/resume", org: self.org) }
    }

    struct Delete: APIOptions {
        static let name = "delete"
        static let abstract = "Delete an org: its keys are revoked; its records stay."
        static let example = "orgs delete acme"
        static let view = RecordView(done: "Deleted.")
        @Argument(help: "Its id or slug.") var org: String
        func request() -> AdminRequest { .delete("/v1/orgs/{org}", org: self.org) }
    }
}
