import ArgumentParser
import Control

/// `tollgate tokens`
struct TokensCommand: AsyncParsableCommand {
    static let configuration = APIGroup.configuration(
        "tokens", "Members' tokens for the admin API.",
        examples: ["tokens create --org acme --user ada@acme.example > token", "tokens revoke tok_01J... --org acme"],
        [APICommand<List>.self, APICommand<Create>.self, APICommand<Revoke>.self])

    private static let columns = RecordView(
        "ID id", "PREFIX prefix", "USER user_id", "EXPIRES expires_at", "LAST USED last_used_at", "REVOKED revoked_at",
        "NAME name", secret: "token")

    struct List: APIOptions {
        static let name = "list"
        static let abstract = "An org's tokens; a MEMBER sees their own."
        static let example = "tokens list --org acme"
        static let view = TokensCommand.columns
        @OptionGroup var of: OrgOption
        @OptionGroup var page: PageOptions
        func request() -> AdminRequest { .list("/v1/orgs/{org}/tokens", org: self.of.org, self.page) }
    }

    struct Create: APIOptions {
        static let name = "create"
        static let abstract = "Make a token that speaks for a member. It is printed once."
        static let example = "tokens create --org acme --user usr_01J... --expires 30d > token"
        static let view = TokensCommand.columns
        @OptionGroup var of: OrgOption
        @Option(help: "Whom it speaks for (usr_...). Default: whoever asks.") var user: String?
        @Option(help: "A name for people.") var name: String?
        @Option(help: "How long it lives: 15m, 24h, 30d. Default: 90d") var expires: DurationArgument?
        func request() -> AdminRequest {
            .post(
                "/v1/orgs/{org}/tokens", org: self.of.org,
                [
                    ("user_id", .text(self.user)), ("name", .text(self.name)),
                    ("expires_in_s", self.expires.map { .integer(Int64($0.seconds)) } ?? .null),
                ])
        }
    }

    struct Revoke: APIOptions {
        static let name = "revoke"
        static let abstract = "Revoke a token."
        static let example = "tokens revoke tok_01J... --org acme"
        static let view = RecordView(done: "Revoked.")
        @Argument(help: "The token's id (tok_...).") var id: String
        @OptionGroup var of: OrgOption
        func request() -> AdminRequest {
            .delete("/v1/orgs/{org}/tokens/\(AdminClient.escaped(self.id))", org: self.of.org)
        }
    }
}
