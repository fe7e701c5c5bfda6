import ArgumentParser

/// `tollgate idempotency`
struct IdempotencyCommand: AsyncParsableCommand {
    static let configuration = APIGroup.configuration(
        "idempotency", "Idempotency keys: look one up, forget one.",
        examples: ["idempotency show order-4711 --org acme", "idempotency expire order-4711 --org acme"],
        [APICommand<Show>.self, APICommand<Expire>.self])

    /// Which key.
    struct Name: ParsableArguments {
        @Argument(help: "The Idempotency-Key, without quotes.") var key: String
        @OptionGroup var of: OrgOption
        @Flag(help: "Of the test environment.") var test = false
        @Option(help: "The API key (key_...), for routes whose keys belong to one instead of the org.")
        var apiKey: String?

        func request(_ method: String) -> AdminRequest {
            AdminRequest(
                method: method,
                path: "/v1/orgs/{org}/idempotency-keys/\(self.test ? "test" : "live")/\(AdminClient.escaped(self.key))",
                org: self.of.org, query: [(name: "api_key_id", value: self.apiKey)])
        }
    }

    struct Show: APIOptions {
        static let name = "show"
        static let abstract = "What became of the request with this key."
        static let example = "idempotency show order-4711 --org acme"
        static let view = RecordView()
        @OptionGroup var of: Name
        func request() -> AdminRequest { self.of.request("GET") }
    }

    struct Expire: APIOptions {
        static let name = "expire"
        static let abstract = "Forget a key: the next request with it runs afresh."
        static let example = "idempotency expire order-4711 --org acme"
        static let view = RecordView(done: "Forgotten.")
        @OptionGroup var of: Name
        func request() -> AdminRequest { self.of.request("DELETE") }
    }
}
