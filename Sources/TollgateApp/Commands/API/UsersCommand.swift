import ArgumentParser
import Control

/// `tollgate users`
struct UsersCommand: AsyncParsableCommand {
    static let configuration = APIGroup.configuration(
        "users", "People: sign up, list, change, delete.",
        examples: ["users create --email ada@acme.example --name Ada", "users show ada@acme.example"],
        [
            APICommand<List>.self, APICommand<Create>.self, APICommand<Show>.self, APICommand<Update>.self,
            APICommand<Delete>.self,
        ])

    private static let columns = RecordView(
        "ID id", "EMAIL email", ">FOUNDING founding_number", "CREATED created_at", "NAME name")

    struct List: APIOptions {
        static let name = "list"
        static let abstract = "Users, oldest first."
        static let example = "users list --json | jq '.[].email'"
        static let view = UsersCommand.columns
        @Option(help: "Only the one with this address.") var email: String?
        @OptionGroup var page: PageOptions
        func request() -> AdminRequest { .list("/v1/users", self.page, [(name: "email", value: self.email)]) }
    }

    struct Create: APIOptions {
        static let name = "create"
        static let abstract = "Sign a user up, with a personal org that they own."
        static let example = "users create --email ada@acme.example --name Ada"
        static let view = UsersCommand.columns
        @Option(help: "Their address.") var email: String
        @Option(help: "Their name.") var name: String?
        @Option(help: "Slug of their personal org.") var orgSlug: String?
        @Option(help: "Plan of their personal org. Default: FREE") var plan: String?
        func request() -> AdminRequest {
            .post(
                "/v1/users",
                [
                    ("email", .string(self.email)), ("name", .text(self.name)), ("org_slug", .text(self.orgSlug)),
                    ("plan", .text(self.plan)),
                ])
        }
    }

    struct Show: APIOptions {
        static let name = "show"
        static let abstract = "A user."
        static let example = "users show ada@acme.example"
        static let view = UsersCommand.columns
        @Argument(help: "Their id or address.") var user: String
        func request() -> AdminRequest { .get("/v1/users/{user}", user: self.user) }
    }

    struct Update: APIOptions {
        static let name = "update"
        static let abstract = "Change a user's name or address."
        static let example = "users update ada@acme.example --name \"Ada Lovelace\""
        static let view = UsersCommand.columns
        @Argument(help: "Their id or address.") var user: String
        @Option(help: "Their name.") var name: String?
        @Option(help: "Their address.") var email: String?
        func request() -> AdminRequest {
            .patch("/v1/users/{user}", user: self.user, [("name", .text(self.name)), ("email", .text(self.email))])
        }
    }

    struct Delete: APIOptions {
        static let name = "delete"
        static let abstract = "Delete a user: their keys are revoked, their personal org goes with them."
        static let example = "users delete ada@acme.example"
        static let view = RecordView(done: "Deleted.")
        @Argument(help: "Their id or address.") var user: String
        func request() -> AdminRequest { .delete("/v1/users/{user}", user: self.user) }
    }
}
