import ArgumentParser
import Control

/// `tollgate payment-methods`
struct PaymentMethodsCommand: AsyncParsableCommand {
    static let configuration = APIGroup.configuration(
        "payment-methods", "Cards by which orgs pay.",
        examples: ["payment-methods list --org acme", "payment-methods default pmt_01J... --org acme"],
        [
            APICommand<List>.self, APICommand<Create>.self, APICommand<Show>.self, APICommand<MakeDefault>.self,
            APICommand<Remove>.self,
        ])

    private static let path = "/v1/orgs/{org}/payment-methods"
    private static let columns = RecordView(
        "ID id", "USER user_id", "BRAND brand", "LAST4 last4", ">MONTH expiry_month", ">YEAR expiry_year",
        "DEFAULT is_default")

    struct List: APIOptions {
        static let name = "list"
        static let abstract = "An org's cards, oldest first."
        static let example = "payment-methods list --org acme"
        static let view = PaymentMethodsCommand.columns
        @OptionGroup var of: OrgOption
        @OptionGroup var page: PageOptions
        func request() -> AdminRequest { .list(PaymentMethodsCommand.path, org: self.of.org, self.page) }
    }

    struct Create: APIOptions {
        static let name = "create"
        static let abstract = "Note a card that Stripe keeps for a member."
        static let example = """
            payment-methods create --org acme --user usr_01J... --stripe-id pm_1P... --customer cus_9... --brand visa \
            --last4 4242 --expires 2030-08
            """
        static let view = PaymentMethodsCommand.columns
        @OptionGroup var of: OrgOption
        @Option(help: "The member's id (usr_...).") var user: String
        @Option(help: "Stripe's id of the card (pm_...).") var stripeId: String
        @Option(help: "Stripe's id of the customer (cus_...).") var customer: String
        @Option(help: "visa, mastercard, ...") var brand: String
        @Option(help: "The last four digits.") var last4: String
        @Option(help: "Year and month: 2030-08.") var expires: String
        func request() throws -> AdminRequest {
            let parts = self.expires.split(separator: "-").map { Int64($0) }
            guard parts.count == 2, let year = parts[0], let month = parts[1] else {
                throw CommandFailure("`\(self.expires)` is no month; expected e.g. 2030-08.", status: .usage)
            }
            return .post(
                PaymentMethodsCommand.path, org: self.of.org,
                [
                    ("user_id", .string(self.user)), ("stripe_payment_method_id", .string(self.stripeId)),
                    ("stripe_customer_id", .string(self.customer)), ("brand", .string(self.brand)),
                    ("last4", .string(self.last4)), ("expiry_month", .integer(month)), ("expiry_year", .integer(year)),
                ])
        }
    }

    struct Show: APIOptions {
        static let name = "show"
        static let abstract = "A card."
        static let example = "payment-methods show pmt_01J... --org acme"
        static let view = PaymentMethodsCommand.columns
        @Argument(help: "The card's id (pmt_...).") var id: String
        @OptionGroup var of: OrgOption
        func request() -> AdminRequest {
            .get("\(PaymentMethodsCommand.path)/\(AdminClient.escaped(self.id))", org: self.of.org)
        }
    }

    struct MakeDefault: APIOptions {
        static let name = "default"
        static let abstract = "Make a card its user's default."
        static let example = "payment-methods default pmt_01J... --org acme"
        static let view = PaymentMethodsCommand.columns
        @Argument(help: "The card's id (pmt_...).") var id: String
        @OptionGroup var of: OrgOption
        func request() -> AdminRequest {
            .post("\(PaymentMethodsCommand.path)/\(AdminClient.escaped(self.id))/default", org: self.of.org)
        }
    }

    struct Remove: APIOptions {
        static let name = "remove"
        static let abstract = "Forget a card."
        static let example = "payment-methods remove pmt_01J... --org acme"
        static let view = RecordView(done: "Removed.")
        @Argument(help: "The card's id (pmt_...).") var id: String
        @OptionGroup var of: OrgOption
        func request() -> AdminRequest {
            .delete("\(PaymentMethodsCommand.path)/\(AdminClient.escaped(self.id))", org: self.of.org)
        }
    }
}
