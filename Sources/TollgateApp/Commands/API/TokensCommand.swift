import ArgumentParser
import Control

/// `tollgate tokens`
struct TokensCommand: AsyncParsableCommand {
    static let configuration = APIGroup.configuration(
        "tokens", "Tokens for the admin API: those of an org's members, or without --org those of operators.",
        examples: [
            "tokens create --org acme --user usr_01J... > token", "tokens create --name ops --expires 30d > token",
            "tokens revoke tok_01J... --org acme",
        ], [APICommand<List>.self, APICommand<Create>.self, APICommand<Show>.self, APICommand<Revoke>.self])

    /// Whose tokens.
    struct Holder: ParsableArguments {
        @Option(help: "An org's id or slug. Default: operators' tokens.") var org: String?
        var path: String { self.org == nil ? "/v1/operator-tokens" : "/v1/orgs/{org}/tokens" }
    }

    private static let columns = RecordView(
        "ID id", "PREFIX prefix", "USER user_id", "EXPIRES expires_at", "LAST USED last_used_at", "REVOKED revoked_at",
        "NAME name", secret: "token")

    struct List: APIOptions {
        static let name = "list"
        static let abstract = "Tokens, oldest first; a MEMBER sees their own."
        static let example = "tokens list --org acme"
        static let view = TokensCommand.columns
        @OptionGroup var of: Holder
        @OptionGroup var page: PageOptions
        func request() -> AdminRequest { .list(self.of.path, org: self.of.org, self.page) }
    }

    struct Create: APIOptions {
        static let name = "create"
        static let abstract = "Make a token that speaks for a member, or for an operator. It is printed once."
        static let example = "tokens create --org acme --user usr_01J... --expires 30d > token"
        static let view = TokensCommand.columns
        @OptionGroup var of: Holder
        @Option(help: "Whom it speaks for (usr_...). Default: whoever asks.") var user: String?
        @Option(help: "A name for people.") var name: String?
        @Option(help: "How long it lives: 15m, 24h, 30d. Default: 90d") var expires: DurationArgument?
        func request() -> AdminRequest {
            .post(
                self.of.path, org: self.of.org,
                [
                    ("user_id", .text(self.user)), ("name", .text(self.name)),
                    ("expires_in_s", self.expires.map { .integer(Int64($0.seconds)) } ?? .null),
                ])
        }
    }

    struct Show: APIOptions {
        static let name = "show"
        static let abstract = "What is known of a token. The token itself is not."
        static let example = "tokens show tok_01J... --org acme"
        static let view = TokensCommand.columns
        @Argument(help: "The token's id (tok_...).") var id: String
        @OptionGroup var of: Holder
        func request() -> AdminRequest { .get("\(self.of.path)/\(AdminClient.escaped(self.id))", org: self.of.org) }
    }

    struct Revoke: APIOptions {
        static let name = "revoke"
        static let abstract = "Revoke a token."
        static let example = "tokens revoke tok_01J... --org acme"
        static let view = RecordView(done: "Revoked.")
        @Argument(help: "The token's id (tok_...).") var id: String
        @OptionGroup var of: Holder
        func request() -> AdminRequest {
            .delete("\(self.of.path)/\(AdminClient.escaped(self.id))", org: self.of.org)
        }
    }
}
