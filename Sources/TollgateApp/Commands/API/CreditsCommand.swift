import ArgumentParser
import Control

/// `tollgate credits`
struct CreditsCommand: AsyncParsableCommand {
    static let configuration = APIGroup.configuration(
        "credits", "Credits: packages, balances, the ledger.",
        examples: [
            "credits balance --org acme",
            "credits enter --org acme --reason grant --credits 50 --reference welcome-acme",
        ],
        [
            APICommand<Packages>.self, APICommand<Balance>.self, APICommand<Ledger>.self, APICommand<Enter>.self,
            APICommand<Purchase>.self,
        ])

    private static let columns = RecordView(
        ">ID id", "CREATED created_at", "REASON reason", ">DELTA delta", ">BALANCE balance_after", "REFERENCE reference"
    )

    struct Packages: APIOptions {
        static let name = "packages"
        static let abstract = "Packages on sale."
        static let example = "credits packages"
        static let view = RecordView("CODE code", ">CREDITS credits", ">CENTS price_cents", ">BONUS % bonus_percent")
        func request() -> AdminRequest { .get("/v1/credit-packages") }
    }

    struct Balance: APIOptions {
        static let name = "balance"
        static let abstract = "What an org has."
        static let example = "credits balance --org acme"
        static let view = CreditsCommand.columns
        @OptionGroup var of: OrgOption
        func request() -> AdminRequest { .get("/v1/orgs/{org}/credits", org: self.of.org) }
    }

    struct Ledger: APIOptions {
        static let name = "ledger"
        static let abstract = "An org's ledger, newest first."
        static let example = "credits ledger --org acme --limit 20"
        static let view = CreditsCommand.columns
        @OptionGroup var of: OrgOption
        @OptionGroup var page: PageOptions
        func request() -> AdminRequest { .list("/v1/orgs/{org}/credits/ledger", org: self.of.org, self.page) }
    }

    struct Enter: APIOptions {
        static let name = "enter"
        static let abstract = "Enter credits given, refunded, spent or taken back."
        static let example = "credits enter --org acme --reason grant --credits 50 --reference welcome-acme"
        static let view = CreditsCommand.columns
        @OptionGroup var of: OrgOption
        @Option(help: "grant or refund, which add; spend or reversal, which take.") var reason: String
        @Option(help: "How many.") var credits: Int64
        @Option(help: "What it comes from; each is entered once.") var reference: String
        func request() -> AdminRequest {
            .post(
                "/v1/orgs/{org}/credits/ledger", org: self.of.org,
                [
                    ("reason", .string(self.reason)), ("credits", .integer(self.credits)),
                    ("reference", .string(self.reference)),
                ])
        }
    }

    struct Purchase: APIOptions {
        static let name = "purchase"
        static let abstract = "Enter a package that was paid for."
        static let example = "credits purchase --org acme --package popular --reference pi_3Mt..."
        static let view = CreditsCommand.columns
        @OptionGroup var of: OrgOption
        @Option(help: "The package's code.") var package: String
        @Option(help: "The payment; each is entered once.") var reference: String
        func request() -> AdminRequest {
            .post(
                "/v1/orgs/{org}/credits/purchases", org: self.of.org,
                [("package", .string(self.package)), ("reference", .string(self.reference))])
        }
    }
}
