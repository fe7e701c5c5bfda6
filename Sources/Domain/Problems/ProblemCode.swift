/// Every problem that the gateway itself can answer with (RFC 9457, STANDARDS §3). The raw value is the slug: the end
/// of `type`, the value of `code`, the label in metrics and logs, and the name of the page that explains it.
///
/// Adding a case? Also add its row to `ProblemKind`, in the same place; tests compare the two.
public enum ProblemCode: String, CaseIterable, Sendable, Hashable {
    case malformedRequest = "malformed-request"
    case invalidRequest = "invalid-request"
    case idempotencyKeyMissing = "idempotency-key-missing"
    case idempotencyKeyInvalid = "idempotency-key-invalid"
    case costInvalid = "cost-invalid"
    case multipleCredentials = "multiple-credentials"
    case webhookSignatureInvalid = "webhook-signature-invalid"
    case webhookTimestampOutOfTolerance = "webhook-timestamp-out-of-tolerance"
    case credentialsMissing = "credentials-missing"
    case apiKeyInvalid = "api-key-invalid"
    case apiKeyExpired = "api-key-expired"
    case apiKeyRevoked = "api-key-revoked"
    case paymentRequired = "payment-required"
    case insufficientScope = "insufficient-scope"
    case insufficientRole = "insufficient-role"
    case featureNotAvailable = "feature-not-available"
    case organizationSuspended = "organization-suspended"
    case ipNotAllowed = "ip-not-allowed"
    case routeNotFound = "route-not-found"
    case resourceNotFound = "resource-not-found"
    case methodNotAllowed = "method-not-allowed"
    case notAcceptable = "not-acceptable"
    case requestTimeout = "request-timeout"
    case idempotencyInProgress = "idempotency-in-progress"
    case idempotencyResultUnavailable = "idempotency-result-unavailable"
    case idempotencyOutcomeUnknown = "idempotency-outcome-unknown"
    case conflict = "conflict"
    case lengthRequired = "length-required"
    case preconditionFailed = "precondition-failed"
    case contentTooLarge = "content-too-large"
    case idempotencyBodyTooLarge = "idempotency-body-too-large"
    case uriTooLong = "uri-too-long"
    case unsupportedMediaType = "unsupported-media-type"
    case expectationFailed = "expectation-failed"
    case misdirectedRequest = "misdirected-request"
    case validationFailed = "validation-failed"
    case idempotencyKeyReused = "idempotency-key-reused"
    case costExceedsCapacity = "cost-exceeds-capacity"
    case upgradeRequired = "upgrade-required"
    case preconditionRequired = "precondition-required"
    case rateLimitExceeded = "rate-limit-exceeded"
    case quotaExceeded = "quota-exceeded"
    case tooManyConcurrentRequests = "too-many-concurrent-requests"
    case headerFieldsTooLarge = "header-fields-too-large"
    /// Only in logs and metrics: there is nobody left to answer.
    case clientClosedRequest = "client-closed-request"
    case internalError = "internal-error"
    case notImplemented = "not-implemented"
    case upstreamConnectFailed = "upstream-connect-failed"
    case upstreamConnectionLost = "upstream-connection-lost"
    case upstreamProtocolError = "upstream-protocol-error"
    case upstreamTruncated = "upstream-truncated"
    case upstreamTlsError = "upstream-tls-error"
    case overloaded = "overloaded"
    case upstreamUnavailable = "upstream-unavailable"
    case limiterUnavailable = "limiter-unavailable"
    case keyLookupUnavailable = "key-lookup-unavailable"
    case recordsUnavailable = "records-unavailable"
    case shuttingDown = "shutting-down"
    case maintenance = "maintenance"
    case upstreamTimeout = "upstream-timeout"
    case upstreamConnectTimeout = "upstream-connect-timeout"
    case httpVersionNotSupported = "http-version-not-supported"

    /// Where the cause lies.
    public enum Source: String, Sendable, CaseIterable { case client, upstream, store, gateway }

    /// Position in `allCases`, for tables and counters kept as arrays.
    ///
    /// An enum without payloads is stored as the ordinal of its case; a test holds this against `allCases`.
    public var index: Int { Int(unsafeBitCast(self, to: UInt8.self)) }

    /// The code at this position of `allCases`; nil outside of it.
    public init?(index: Int) {
        let table = ProblemKind.table
        guard index >= 0, index < table.count else { return nil }
        self = table[index].code
    }

    public var slug: String { rawValue }
    /// The status that is sent; 499 for the one that is only logged.
    public var status: Int { ProblemKind.table[index].status }
    /// Constant for a code (PD-2).
    public var title: String { ProblemKind.table[index].title }
    /// What to say where nothing more precise is known.
    public var detail: String { ProblemKind.table[index].detail }
    /// False where `X-Should-Retry: false` belongs on the answer: trying again repeats it, or may repeat work.
    public var shouldRetry: Bool? { ProblemKind.table[index].shouldRetry }
    /// `Retry-After` in seconds where nothing more precise is known; nil where the field does not belong.
    public var retryAfterSeconds: Int? { ProblemKind.table[index].retryAfterSeconds }
    public var source: Source { ProblemKind.table[index].source }
    /// Whether the client's connection cannot be used for another request after this answer.
    public var closesConnection: Bool { ProblemKind.table[index].closesConnection }
    /// What the problem means and how to mend it, for people.
    public var help: String { ProblemKind.table[index].help }
}
