import ArgumentParser

/// `tollgate stripe`
struct StripeCommand: AsyncParsableCommand {
    static let configuration = APIGroup.configuration(
        "stripe", "What Stripe told us: events, and invoices beside our own account of them.",
        examples: ["stripe events --status failed", "stripe invoices --org acme"],
        [APICommand<Events>.self, APICommand<Event>.self, APICommand<Invoices>.self, APICommand<Invoice>.self])

    private static let eventColumns = RecordView(
        "ID id", "RECEIVED received_at", "STATUS status", ">ATTEMPTS attempts", "TYPE type", "ERROR error")
    private static let invoiceColumns = RecordView(
        "ID stripe_invoice_id", "FROM period_start", "TO period_end", "STATUS status", "CURRENCY currency",
        ">DUE amount_due", ">COMPUTED computed_amount", ">DIFFERENCE difference")

    struct Events: APIOptions {
        static let name = "events"
        static let abstract = "Events, the last received first."
        static let example = "stripe events --status failed"
        static let view = StripeCommand.eventColumns
        @Option(help: "received, processed, ignored or failed.") var status: String?
        @Option(help: "Only those of this type, such as invoice.paid.") var type: String?
        @OptionGroup var page: PageOptions
        func request() -> AdminRequest {
            .list(
                "/v1/stripe-events", self.page,
                [(name: "status", value: self.status), (name: "type", value: self.type)])
        }
    }

    struct Event: APIOptions {
        static let name = "event"
        static let abstract = "An event as Stripe sent it."
        static let example = "stripe event evt_1N... --json | jq .payload"
        static let view = StripeCommand.eventColumns
        @Argument(help: "Stripe's id (evt_...).") var id: String
        func request() -> AdminRequest { .get("/v1/stripe-events/\(AdminClient.escaped(self.id))") }
    }

    struct Invoices: APIOptions {
        static let name = "invoices"
        static let abstract = "An org's invoices, the latest period first."
        static let example = "stripe invoices --org acme"
        static let view = StripeCommand.invoiceColumns
        @OptionGroup var of: OrgOption
        @Option(help: "draft, open, paid, uncollectible or void.") var status: String?
        @OptionGroup var page: PageOptions
        func request() -> AdminRequest {
            .list("/v1/orgs/{org}/invoices", org: self.of.org, self.page, [(name: "status", value: self.status)])
        }
    }

    struct Invoice: APIOptions {
        static let name = "invoice"
        static let abstract = "An invoice with its lines."
        static let example = "stripe invoice in_1N... --org acme --json | jq .lines"
        static let view = StripeCommand.invoiceColumns
        @Argument(help: "Stripe's id (in_...).") var id: String
        @OptionGroup var of: OrgOption
        func request() -> AdminRequest {
            .get("/v1/orgs/{org}/invoices/\(AdminClient.escaped(self.id))", org: self.of.org)
        }
    }
}
