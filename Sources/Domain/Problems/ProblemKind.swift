/// One row of the catalogue of problems: all that is constant about a code. One array, read by index, so that a
/// problem costs the data path one load; the texts are here and nowhere else.
struct ProblemKind: Sendable {
    let code: ProblemCode
    let status: Int
    let title: String
    let source: ProblemCode.Source
    let shouldRetry: Bool?
    let retryAfterSeconds: Int?
    let closesConnection: Bool
    let detail: String
    let help: String

    init(
        _ code: ProblemCode, _ status: Int, _ title: String, _ source: ProblemCode.Source = .client,
        retry: Bool? = nil, retryAfter: Int? = nil, closes: Bool = false, detail: String, help: String
    ) {
        self.code = code
        self.status = status
        self.title = title
        self.source = source
        self.shouldRetry = retry
        self.retryAfterSeconds = retryAfter
        self.closesConnection = closes
        self.detail = detail
        self.help = help
    }

    /// In the order of the cases of `ProblemCode`, which is the order of the statuses.
    static let table: [ProblemKind] = badRequests + refusals + conflicts + limits + failures
}
