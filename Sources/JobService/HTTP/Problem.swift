import HTTPTypes
import Hummingbird

/// An error as clients see it: RFC 9457 problem details (STANDARDS §3).
struct Problem: Error, Sendable {
    /// A stable kind of problem. Titles never change from one occurrence to the next.
    struct Kind: Sendable, Hashable {
        let status: Int
        let slug: String
        let title: String
    }

    var kind: Kind
    /// This occurrence, and how to mend it.
    var detail: String
    var errors: [FieldProblem] = []
    var headers = HTTPFields()
    /// Further members, named in the table of problems.
    var members: [String: JSONValue] = [:]

    static let base = "urn:tollgate:problem:"

    init(_ kind: Kind, _ detail: String, errors: [FieldProblem] = []) {
        self.kind = kind
        self.detail = detail
        self.errors = errors
    }

    /// The whole answer.
    func response(requestID: String) -> Response {
        var body = self.members
        body["type"] = .string(Self.base + self.kind.slug)
        body["title"] = .string(self.kind.title)
        body["status"] = .integer(self.kind.status)
        body["detail"] = .string(self.detail)
        body["code"] = .string(self.kind.slug)
        body["request_id"] = .string(requestID)
        if !self.errors.isEmpty { body["errors"] = .array(self.errors.map(\.json)) }
        var headers = self.headers
        headers[.contentType] = "application/problem+json"
        headers[.cacheControl] = "no-store"
        headers[.contentLanguage] = "en"
        return .json(.object(body), status: .init(code: self.kind.status), headers: headers)
    }
}

extension Problem.Kind {
    static let invalidRequest = Self(status: 400, slug: "invalid-request", title: "Request is not valid")
    static let credentialsMissing = Self(status: 401, slug: "credentials-missing", title: "Authentication required")
    static let routeNotFound = Self(status: 404, slug: "route-not-found", title: "No such route")
    static let resourceNotFound = Self(status: 404, slug: "resource-not-found", title: "No such resource")
    static let methodNotAllowed = Self(status: 405, slug: "method-not-allowed", title: "Method not allowed")
    static let conflict = Self(status: 409, slug: "conflict", title: "Conflicts with current state")
    static let contentTooLarge = Self(status: 413, slug: "content-too-large", title: "Request content too large")
    static let unsupportedMediaType = Self(status: 415, slug: "unsupported-media-type", title: "Unsupported media type")
    static let validationFailed = Self(status: 422, slug: "validation-failed", title: "Validation failed")
    static let internalError = Self(status: 500, slug: "internal-error", title: "Internal error")
    static let unavailable = Self(status: 503, slug: "upstream-unavailable", title: "Temporarily unavailable")
}

extension Problem {
    /// For a job that is not there, or not the caller's: the two look alike.
    static func noSuchJob(_ id: String) -> Problem {
        Problem(.resourceNotFound, "There is no job `\(id.prefix(64))` among yours.")
    }
}
