/// Renders the catalogue for people: a page for each slug (PD-4), and one document with all of them.
public enum ProblemReference {
    /// What one problem means, as Markdown.
    public static func page(_ code: ProblemCode) -> String {
        var page = "## \(code.slug)\n\n**\(code.status) \(code.title).** \(code.detail)\n\n\(code.help)\n\n"
        page += "- cause: \(cause(code.source))\n"
        if let seconds = code.retryAfterSeconds {
            page += "- `Retry-After` is sent (\(seconds) s where nothing more precise is known)\n"
        }
        if code.shouldRetry == false { page += "- `X-Should-Retry: false` is sent\n" }
        if code.closesConnection { page += "- the connection is closed\n" }
        return page
    }

    /// The whole catalogue as Markdown, in order of status.
    public static func document() -> String {
        var document = """
            # Problems

            Every error that Tollgate itself answers is `application/problem+json` (RFC 9457). Its `type` ends in \
            one of the names below, `code` is that name, and `request_id` finds the log entry. Errors of the service \
            behind the gateway pass through untouched; those made by the gateway carry `X-Tollgate-Error: <name>`.

            This file is generated from the catalogue in `Sources/Domain/Problems`.

            | status | name | title |
            |---|---|---|

            """
        for code in ProblemCode.allCases {
            document += "| \(code.status) | [`\(code.slug)`](#\(code.slug)) | \(code.title) |\n"
        }
        for code in ProblemCode.allCases { document += "\n" + page(code) }
        return document
    }

    private static func cause(_ source: ProblemCode.Source) -> String {
        switch source {
        case .client: "the request"
        case .upstream: "the service behind the gateway"
        case .store: "a store that the gateway depends on"
        case .gateway: "the gateway"
        }
    }
}
