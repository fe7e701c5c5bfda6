import ArgumentParser
import Control

/// `tollgate members`
struct MembersCommand: AsyncParsableCommand {
    static let configuration = APIGroup.configuration(
        "members", "Who is in an org, and as what.",
        examples: ["members list --org acme", "members set ada@acme.example --org acme --role ADMIN"],
        [APICommand<List>.self, APICommand<Show>.self, APICommand<Put>.self, APICommand<Remove>.self])

    private static let columns = RecordView("USER user_id", "ROLE role", "EMAIL email")

    struct List: APIOptions {
        static let name = "list"
        static let abstract = "An org's members."
        static let example = "members list --org acme"
        static let view = MembersCommand.columns
        @OptionGroup var of: OrgOption
        @OptionGroup var page: PageOptions
        func request() -> AdminRequest { .list("/v1/orgs/{org}/members", org: self.of.org, self.page) }
    }

    struct Show: APIOptions {
        static let name = "show"
        static let abstract = "A user's seat in an org."
        static let example = "members show ada@acme.example --org acme"
        static let view = MembersCommand.columns
        @Argument(help: "Their id or address.") var user: String
        @OptionGroup var of: OrgOption
        func request() -> AdminRequest {
            .get("/v1/orgs/{org}/members/{user}", org: self.of.org, user: self.user)
        }
    }

    struct Put: APIOptions {
        static let name = "set"
        static let abstract = "Give a user a seat, or another role."
        static let example = "members set ada@acme.example --org acme --role ADMIN"
        static let view = MembersCommand.columns
        @Argument(help: "Their id or address.") var user: String
        @OptionGroup var of: OrgOption
        @Option(help: "OWNER, ADMIN or MEMBER.") var role: String
        @Option(help: "Their address: for a new seat that no operator gives.") var email: String?
        func request() -> AdminRequest {
            .put(
                "/v1/orgs/{org}/members/{user}", org: self.of.org, user: self.user,
                [("role", .string(self.role)), ("email", .text(self.email))])
        }
    }

    struct Remove: APIOptions {
        static let name = "remove"
        static let abstract = "Take a user's seat away."
        static let example = "members remove ada@acme.example --org acme"
        static let view = RecordView(done: "Removed.")
        @Argument(help: "Their id or address.") var user: String
        @OptionGroup var of: OrgOption
        func request() -> AdminRequest {
            .delete("/v1/orgs/{org}/members/{user}", org: self.of.org, user: self.user)
        }
    }
}
