import ArgumentParser
import Control

/// `tollgate limits`
struct LimitsCommand: AsyncParsableCommand {
    static let configuration = APIGroup.configuration(
        "limits", "An org's own limits instead of its plan's, and what is left of them now.",
        examples: [
            "limits set --org acme --scope org --limit requests --capacity 500 --refill 250",
            "limits levels key_01J... --org acme",
        ],
        [APICommand<List>.self, APICommand<Put>.self, APICommand<Remove>.self, APICommand<Levels>.self])

    private static let path = "/v1/orgs/{org}/limit-overrides"
    private static let columns = RecordView(
        "ID id", "SCOPE scope", "SUBJECT subject", "LIMIT limit", ">CAPACITY capacity", ">REFILL refill",
        ">PERIOD MS period_ms")

    struct List: APIOptions {
        static let name = "list"
        static let abstract = "An org's overrides, oldest first."
        static let example = "limits list --org acme"
        static let view = LimitsCommand.columns
        @OptionGroup var of: OrgOption
        @OptionGroup var page: PageOptions
        func request() -> AdminRequest { .list(LimitsCommand.path, org: self.of.org, self.page) }
    }

    struct Put: APIOptions {
        static let name = "set"
        static let abstract = "Set an override, or change the one for the same scope, subject and limit."
        static let example = "limits set --org acme --scope org --limit requests --capacity 500 --refill 250"
        static let view = LimitsCommand.columns
        @OptionGroup var of: OrgOption
        @Option(help: "key, user, org, ip or route.") var scope: String
        @Option(help: "The key (the first of its rotations), user, address or route. Default: the org.")
        var subject: String?
        @Option(help: "The limit's name. Default: every limit of the scope.") var limit: String?
        @Option(help: "Tokens at most.") var capacity: Int64
        @Option(help: "Tokens that flow in each period.") var refill: Int64
        @Option(help: "Length of the period in milliseconds.") var periodMs: Int64 = 1_000
        func request() -> AdminRequest {
            .put(
                LimitsCommand.path, org: self.of.org,
                [
                    ("scope", .string(self.scope)), ("subject", .text(self.subject)), ("limit", .text(self.limit)),
                    ("capacity", .integer(self.capacity)), ("refill", .integer(self.refill)),
                    ("period_ms", .integer(self.periodMs)),
                ])
        }
    }

    struct Remove: APIOptions {
        static let name = "remove"
        static let abstract = "Take an override away: the plan's limit holds again."
        static let example = "limits remove 7 --org acme"
        static let view = RecordView(done: "Removed.")
        @Argument(help: "The override's number.") var id: String
        @OptionGroup var of: OrgOption
        func request() -> AdminRequest {
            .delete("\(LimitsCommand.path)/\(AdminClient.escaped(self.id))", org: self.of.org)
        }
    }

    struct Levels: APIOptions {
        static let name = "levels"
        static let abstract = "What is left now of every limit that a key meets on a route."
        static let example = "limits levels key_01J... --org acme --route jobs-create"
        static let view = RecordView()
        @Argument(help: "The key's id (key_...).") var key: String
        @OptionGroup var of: OrgOption
        @Option(help: "The route's id. Default: the first route.") var route: String?
        func request() -> AdminRequest {
            AdminRequest(
                method: "GET", path: "/v1/orgs/{org}/keys/\(AdminClient.escaped(self.key))/limits", org: self.of.org,
                query: [(name: "route", value: self.route)])
        }
    }
}
