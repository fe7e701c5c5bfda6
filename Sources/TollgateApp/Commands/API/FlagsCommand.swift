import ArgumentParser
import Control

/// `tollgate flags`
struct FlagsCommand: AsyncParsableCommand {
    static let configuration = APIGroup.configuration(
        "flags", "Feature flags: by default, by plan, for one org.",
        examples: [
            "flags set bulk-jobs --on-for PRO --on-for ENTERPRISE", "flags override bulk-jobs on --org acme",
            "flags explain --org acme",
        ],
        [
            APICommand<List>.self, APICommand<Show>.self, APICommand<Put>.self, APICommand<Delete>.self,
            APICommand<Explain>.self, APICommand<Override>.self, APICommand<Reset>.self,
        ])

    /// On the command line, a flag is on or off.
    enum Value: String, CaseIterable, ExpressibleByArgument {
        case on, off
        var json: JSON { .bool(self == .on) }
    }

    private static let columns = RecordView(
        "FLAG key", "DEFAULT default", "BY PLAN plan_values", "DESCRIPTION description")

    struct List: APIOptions {
        static let name = "list"
        static let abstract = "All flags by name."
        static let example = "flags list"
        static let view = FlagsCommand.columns
        @OptionGroup var page: PageOptions
        func request() -> AdminRequest { .list("/v1/flags", self.page) }
    }

    struct Show: APIOptions {
        static let name = "show"
        static let abstract = "A flag."
        static let example = "flags show bulk-jobs"
        static let view = FlagsCommand.columns
        @Argument(help: "The flag's name.") var flag: String
        func request() -> AdminRequest { .get("/v1/flags/\(AdminClient.escaped(self.flag))") }
    }

    struct Put: APIOptions {
        static let name = "set"
        static let abstract = "Add a flag, or replace its values."
        static let example = "flags set bulk-jobs --default off --on-for PRO --description \"Many jobs at once\""
        static let view = FlagsCommand.columns
        @Argument(help: "The flag's name.") var flag: String
        @Option(help: "Where nothing else says so: on or off.") var `default` = Value.off
        @Option(help: "On for this plan; repeat for several.") var onFor: [String] = []
        @Option(help: "Off for this plan; repeat for several.") var offFor: [String] = []
        @Option(help: "For people.") var description: String?
        func request() -> AdminRequest {
            let plans = self.onFor.map { JSON.Member($0, true) } + self.offFor.map { JSON.Member($0, false) }
            return .put(
                "/v1/flags/\(AdminClient.escaped(self.flag))",
                [
                    ("default", self.default.json), ("plan_values", .object(plans)),
                    ("description", .text(self.description)),
                ])
        }
    }

    struct Delete: APIOptions {
        static let name = "delete"
        static let abstract = "Remove a flag with its overrides."
        static let example = "flags delete bulk-jobs"
        static let view = RecordView(done: "Deleted.")
        @Argument(help: "The flag's name.") var flag: String
        func request() -> AdminRequest { .delete("/v1/flags/\(AdminClient.escaped(self.flag))") }
    }

    struct Explain: APIOptions {
        static let name = "explain"
        static let abstract = "What an org gets of every flag, and why."
        static let example = "flags explain --org acme"
        static let view = RecordView(
            "FLAG key", "VALUE value", "BECAUSE OF reason", "OVERRIDE override", "PLAN plan_value",
            "PLAN FEATURE plan_feature", "DEFAULT default")
        @OptionGroup var of: OrgOption
        func request() -> AdminRequest { .get("/v1/orgs/{org}/flags", org: self.of.org) }
    }

    struct Override: APIOptions {
        static let name = "override"
        static let abstract = "Give an org its own value."
        static let example = "flags override bulk-jobs on --org acme"
        static let view = RecordView()
        @Argument(help: "The flag's name.") var flag: String
        @Argument(help: "on or off.") var value: Value
        @OptionGroup var of: OrgOption
        func request() -> AdminRequest {
            .put(
                "/v1/orgs/{org}/flags/\(AdminClient.escaped(self.flag))", org: self.of.org, [("value", self.value.json)]
            )
        }
    }

    struct Reset: APIOptions {
        static let name = "reset"
        static let abstract = "Take an org's own value away."
        static let example = "flags reset bulk-jobs --org acme"
        static let view = RecordView(done: "Taken away.")
        @Argument(help: "The flag's name.") var flag: String
        @OptionGroup var of: OrgOption
        func request() -> AdminRequest {
            .delete("/v1/orgs/{org}/flags/\(AdminClient.escaped(self.flag))", org: self.of.org)
        }
    }
}
