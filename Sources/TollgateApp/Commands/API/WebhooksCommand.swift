import ArgumentParser
import Control

/// `tollgate webhooks`
struct WebhooksCommand: AsyncParsableCommand {
    static let configuration = APIGroup.configuration(
        "webhooks", "Where orgs are told of events, and what was sent.",
        examples: [
            "webhooks create --org acme --url https://example.com/hooks --event job.completed",
            "webhooks deliveries --org acme --status failed", "webhooks retry whd_01J... --org acme",
        ],
        [
            APICommand<List>.self, APICommand<Create>.self, APICommand<Show>.self, APICommand<Update>.self,
            APICommand<Rotate>.self, APICommand<Remove>.self, APICommand<Deliveries>.self, APICommand<Delivery>.self,
            APICommand<Retry>.self,
        ])

    private static let path = "/v1/orgs/{org}/webhook-endpoints"
    private static let columns = RecordView(
        "ID id", "ENABLED enabled", "LAST last_status_code", "EVENTS events", "URL url", secret: "secret")

    struct List: APIOptions {
        static let name = "list"
        static let abstract = "An org's endpoints, oldest first."
        static let example = "webhooks list --org acme"
        static let view = WebhooksCommand.columns
        @OptionGroup var of: OrgOption
        @OptionGroup var page: PageOptions
        func request() -> AdminRequest { .list(WebhooksCommand.path, org: self.of.org, self.page) }
    }

    struct Create: APIOptions {
        static let name = "create"
        static let abstract = "Add an endpoint. Its secret is printed once."
        static let example = "webhooks create --org acme --url https://example.com/hooks > secret"
        static let view = WebhooksCommand.columns
        @OptionGroup var of: OrgOption
        @Option(help: "Where to: https://...") var url: String
        @Option(help: "A type of event, such as job.completed; repeat for several. Default: every one.")
        var event: [String] = []
        func request() -> AdminRequest {
            .post(
                WebhooksCommand.path, org: self.of.org,
                [("url", .string(self.url)), ("events", self.event.isEmpty ? .null : .texts(self.event))])
        }
    }

    struct Show: APIOptions {
        static let name = "show"
        static let abstract = "An endpoint."
        static let example = "webhooks show whe_01J... --org acme"
        static let view = WebhooksCommand.columns
        @Argument(help: "The endpoint's id (whe_...).") var id: String
        @OptionGroup var of: OrgOption
        func request() -> AdminRequest {
            .get("\(WebhooksCommand.path)/\(AdminClient.escaped(self.id))", org: self.of.org)
        }
    }

    struct Update: APIOptions {
        static let name = "update"
        static let abstract = "Change an endpoint's address or events, switch it off or on."
        static let example = "webhooks update whe_01J... --org acme --disable-delivery"
        static let view = WebhooksCommand.columns
        @Argument(help: "The endpoint's id (whe_...).") var id: String
        @OptionGroup var of: OrgOption
        @Option(help: "Where to: https://...") var url: String?
        @Option(help: "A type of event; repeat for several.") var event: [String] = []
        @Flag(inversion: .prefixedEnableDisable, help: "Whether it is told.") var delivery: Bool?
        func request() -> AdminRequest {
            .patch(
                "\(WebhooksCommand.path)/\(AdminClient.escaped(self.id))", org: self.of.org,
                [
                    ("url", .text(self.url)), ("events", self.event.isEmpty ? .null : .texts(self.event)),
                    ("enabled", self.delivery.map { .bool($0) } ?? .null),
                ])
        }
    }

    struct Rotate: APIOptions {
        static let name = "rotate"
        static let abstract = "Replace an endpoint's secret. The new one is printed once."
        static let example = "webhooks rotate whe_01J... --org acme > secret"
        static let view = WebhooksCommand.columns
        @Argument(help: "The endpoint's id (whe_...).") var id: String
        @OptionGroup var of: OrgOption
        func request() -> AdminRequest {
            .post("\(WebhooksCommand.path)/\(AdminClient.escaped(self.id))/rotate", org: self.of.org)
        }
    }

    struct Remove: APIOptions {
        static let name = "remove"
        static let abstract = "Remove an endpoint with its deliveries."
        static let example = "webhooks remove whe_01J... --org acme"
        static let view = RecordView(done: "Removed.")
        @Argument(help: "The endpoint's id (whe_...).") var id: String
        @OptionGroup var of: OrgOption
        func request() -> AdminRequest {
            .delete("\(WebhooksCommand.path)/\(AdminClient.escaped(self.id))", org: self.of.org)
        }
    }

    private static let deliveries = "/v1/orgs/{org}/webhook-deliveries"
    private static let deliveryColumns = RecordView(
        "ID id", "CREATED created_at", "STATUS status", ">ATTEMPTS attempts", "ANSWER response_status", "TYPE type",
        "ENDPOINT endpoint_id")

    struct Deliveries: APIOptions {
        static let name = "deliveries"
        static let abstract = "An org's deliveries, newest first."
        static let example = "webhooks deliveries --org acme --status failed"
        static let view = WebhooksCommand.deliveryColumns
        @OptionGroup var of: OrgOption
        @Option(help: "Only those to this endpoint (whe_...).") var endpoint: String?
        @Option(help: "pending, delivered or failed.") var status: String?
        @OptionGroup var page: PageOptions
        func request() -> AdminRequest {
            .list(
                WebhooksCommand.deliveries, org: self.of.org, self.page,
                [(name: "endpoint_id", value: self.endpoint), (name: "status", value: self.status)])
        }
    }

    struct Delivery: APIOptions {
        static let name = "delivery"
        static let abstract = "A delivery with what is sent."
        static let example = "webhooks delivery whd_01J... --org acme --json | jq .payload"
        static let view = WebhooksCommand.deliveryColumns
        @Argument(help: "The delivery's id (whd_...).") var id: String
        @OptionGroup var of: OrgOption
        func request() -> AdminRequest {
            .get("\(WebhooksCommand.deliveries)/\(AdminClient.escaped(self.id))", org: self.of.org)
        }
    }

    struct Retry: APIOptions {
        static let name = "retry"
        static let abstract = "Try a delivery again now."
        static let example = "webhooks retry whd_01J... --org acme"
        static let view = WebhooksCommand.deliveryColumns
        @Argument(help: "The delivery's id (whd_...).") var id: String
        @OptionGroup var of: OrgOption
        func request() -> AdminRequest {
            .post("\(WebhooksCommand.deliveries)/\(AdminClient.escaped(self.id))/retry", org: self.of.org)
        }
    }
}
