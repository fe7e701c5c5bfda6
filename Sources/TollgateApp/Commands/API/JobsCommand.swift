import ArgumentParser

/// `tollgate jobs`
struct JobsCommand: AsyncParsableCommand {
    static let configuration = APIGroup.configuration(
        "jobs", "Jobs, as the job service keeps them.",
        examples: ["jobs list --org acme --status failed", "jobs show job_01J... --org acme --json"],
        [APICommand<List>.self, APICommand<Show>.self])

    private static let columns = RecordView(
        "ID id", "CREATED created_at", "STATUS status", "TYPE type", ">ATTEMPTS attempts", "FINISHED finished_at",
        "KEY api_key_id")

    struct List: APIOptions {
        static let name = "list"
        static let abstract = "An org's jobs, newest first."
        static let example = "jobs list --org acme --status failed"
        static let view = JobsCommand.columns
        @OptionGroup var of: OrgOption
        @Option(help: "queued, running, succeeded, failed or cancelled.") var status: String?
        @Option(help: "live or test.") var environment: String?
        @Option(help: "Only those asked for with this key (key_...).") var key: String?
        @Option(help: "Only those of this type.") var type: String?
        @OptionGroup var page: PageOptions
        func request() -> AdminRequest {
            .list(
                "/v1/orgs/{org}/jobs", org: self.of.org, self.page,
                [
                    (name: "status", value: self.status), (name: "environment", value: self.environment),
                    (name: "api_key_id", value: self.key), (name: "type", value: self.type),
                ])
        }
    }

    struct Show: APIOptions {
        static let name = "show"
        static let abstract = "A job with its input and output."
        static let example = "jobs show job_01J... --org acme --json | jq .output"
        static let view = JobsCommand.columns
        @Argument(help: "The job's id (job_...).") var id: String
        @OptionGroup var of: OrgOption
        func request() -> AdminRequest { .get("/v1/orgs/{org}/jobs/\(AdminClient.escaped(self.id))", org: self.of.org) }
    }
}
