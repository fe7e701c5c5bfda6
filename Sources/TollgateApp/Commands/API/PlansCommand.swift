import ArgumentParser
import Control

/// `tollgate plans`
struct PlansCommand: AsyncParsableCommand {
    static let configuration = APIGroup.configuration(
        "plans", "What can be bought: limits, quotas, features, price.",
        examples: ["plans list", "plans show PRO --json > pro.json", "plans set TEAM --file team.json"],
        [APICommand<List>.self, APICommand<Show>.self, APICommand<Put>.self, APICommand<Delete>.self])

    private static let columns = RecordView(
        "CODE code", "NAME name", ">CENTS price_cents", "CURRENCY currency", "LIMITS limits", "QUOTAS quotas",
        "FEATURES features", "SOURCE source")

    struct List: APIOptions {
        static let name = "list"
        static let abstract = "All plans by code."
        static let example = "plans list"
        static let view = PlansCommand.columns
        @OptionGroup var page: PageOptions
        func request() -> AdminRequest { .list("/v1/plans", self.page) }
    }

    struct Show: APIOptions {
        static let name = "show"
        static let abstract = "A plan."
        static let example = "plans show PRO --json > pro.json"
        static let view = PlansCommand.columns
        @Argument(help: "The plan's code.") var plan: String
        func request() -> AdminRequest { .get("/v1/plans/\(AdminClient.escaped(self.plan))") }
    }

    struct Put: APIOptions {
        static let name = "set"
        static let abstract = "Add a plan, or replace what it grants: for all orgs on it, from the next request on."
        static let example = "plans set TEAM --file team.json"
        static let view = PlansCommand.columns
        @Argument(help: "The plan's code.") var plan: String
        @Option(help: "A JSON object as `plans show --json` prints it.", completion: .file(extensions: ["json"]))
        var file: String
        func request() throws -> AdminRequest {
            guard let text = FileText.read(self.file) else {
                throw CommandFailure("\(self.file) cannot be read.", status: .usage)
            }
            do {
                // The code is in the path, and the source is ours to say.
                let body = try JSONParser.parse(Array(text.utf8)).without("code", "source")
                return AdminRequest(method: "PUT", path: "/v1/plans/\(AdminClient.escaped(self.plan))", body: body)
            } catch {
                throw CommandFailure(
                    "\(self.file) is not JSON: \(error.reason), at byte \(error.offset).", status: .usage)
            }
        }
    }

    struct Delete: APIOptions {
        static let name = "delete"
        static let abstract = "Remove a plan that no org was ever on."
        static let example = "plans delete TEAM"
        static let view = RecordView(done: "Deleted.")
        @Argument(help: "The plan's code.") var plan: String
        func request() -> AdminRequest { .delete("/v1/plans/\(AdminClient.escaped(self.plan))") }
    }
}
