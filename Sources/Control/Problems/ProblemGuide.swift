/// What a problem means and what its reader can do about it, for the page of its slug.
///
/// A new problem needs a row here: a test compares the rows with the catalogue in `Domain`.
struct ProblemGuide {
    let meaning: String
    let remedy: String

    init(_ meaning: String, _ remedy: String) {
        self.meaning = meaning
        self.remedy = remedy
    }

    /// The guide for a slug.
    static func of(_ slug: String) -> ProblemGuide? {
        Self.request[slug] ?? Self.identity[slug] ?? Self.idempotency[slug] ?? Self.limits[slug]
            ?? Self.upstream[slug] ?? Self.gateway[slug]
    }

    /// Every slug that has a guide.
    static var slugs: [String] {
        [Self.request, Self.identity, Self.idempotency, Self.limits, Self.upstream, Self.gateway].flatMap(\.keys)
    }

    private static let request: [String: ProblemGuide] = [
        "malformed-request": .init(
            "The bytes received are not a request that HTTP allows: its framing, its Host or a header field is broken. "
                + "The connection is closed, because nothing after it could be trusted.",
            "Use an HTTP client library, and send one Content-Length or one Transfer-Encoding, never both."),
        "invalid-request": .init(
            "The request is HTTP, but not one that this resource understands.",
            "See `errors` in the answer for what is wrong and where."),
        "route-not-found": .init(
            "No route of the gateway serves this host and path.", "Check the path and the host name."),
        "resource-not-found": .init(
            "What the path names does not exist, or does not belong to the caller.", "Check the id."),
        "method-not-allowed": .init(
            "The path exists, but not with this method.", "Use one of the methods in the Allow header."),
        "not-acceptable": .init(
            "None of the media types in Accept can be produced.", "Send Accept: application/json."),
        "unsupported-media-type": .init(
            "The content is of a type that is not understood here.", "Send Content-Type: application/json."),
        "request-timeout": .init(
            "The request did not arrive in time, and the connection was closed.", "Send it again."),
        "conflict": .init(
            "The change contradicts the present state of the resource.", "Read the resource again and decide anew."),
        "length-required": .init(
            "This route takes only content of a declared length.", "Send Content-Length instead of chunks."),
        "precondition-failed": .init(
            "The resource has changed since the caller read it.", "Read it again and repeat the change."),
        "precondition-required": .init(
            "A change here needs If-Match, so that nobody overwrites what they have not seen.",
            "Send the ETag of the version you read as If-Match."),
        "content-too-large": .init(
            "The content is larger than `limit_bytes`.", "Send less, or in parts."),
        "uri-too-long": .init("The request line is too long.", "Move parameters into the content."),
        "header-fields-too-large": .init(
            "The header fields together, or their number, exceed what is read.", "Send fewer or shorter fields."),
        "expectation-failed": .init(
            "Expect holds something other than 100-continue.", "Leave the Expect header out."),
        "misdirected-request": .init("The host named is not served here.", "Check the host name and its DNS."),
        "validation-failed": .init(
            "The content was understood, but some values cannot be.", "See `errors` in the answer."),
        "upgrade-required": .init(
            "This route speaks another protocol.", "Use the one that the Upgrade header names."),
        "not-implemented": .init(
            "The method or the transfer coding is one that the gateway does not know.",
            "Use a registered method, and `chunked` alone as transfer coding."),
        "http-version-not-supported": .init("Only HTTP/1.0 and HTTP/1.1 are spoken here.", "Use HTTP/1.1."),
        "client-closed-request": .init(
            "The client went away before it was answered. It appears in logs only; it is never sent.",
            "Raise the client's timeout if this is frequent."),
    ]

    private static let identity: [String: ProblemGuide] = [
        "multiple-credentials": .init(
            "The request carries more than one credential, and it is not ours to choose.",
            "Send one of Authorization or X-API-Key, once."),
        "credentials-missing": .init(
            "The request carries no API key, and this route asks for one.",
            "Send the key as `Authorization: Bearer <key>`. Keys in the query are not read."),
        "api-key-invalid": .init(
            "The key is unknown or not of the right form.",
            "Copy the whole key again; a key is shown only once, so make a new one if it is lost."),
        "api-key-expired": .init("The key's lifetime is over.", "Make a new key."),
        "api-key-revoked": .init("The key was revoked, or replaced and its grace period is over.", "Use the new key."),
        "payment-required": .init("The organisation has an unpaid balance.", "Settle the open invoice."),
        "insufficient-scope": .init(
            "The key is good, but lacks the scope `required_scope`.", "Use a key that has the scope."),
        "organization-suspended": .init("The organisation is suspended.", "Get in touch with the operator."),
        "ip-not-allowed": .init(
            "Requests with this key are not taken from this address.", "Call from an address on the key's list."),
    ]

    private static let idempotency: [String: ProblemGuide] = [
        "idempotency-key-missing": .init(
            "This route executes a request once, and needs to know which requests are the same.",
            "Send an Idempotency-Key: a new random value (a UUID) for each operation, the same one for each retry."),
        "idempotency-key-invalid": .init(
            "The Idempotency-Key is empty, too long, repeated, or has characters that it may not have.",
            "Use a UUID, in quotes or without."),
        "idempotency-key-reused": .init(
            "This Idempotency-Key was used before, with another request. Nothing was executed.",
            "Use a new key for a new operation, and send exactly the same request when retrying."),
        "idempotency-in-progress": .init(
            "The first request with this Idempotency-Key is still running.",
            "Wait as long as Retry-After says and repeat: you will get its answer."),
        "idempotency-result-unavailable": .init(
            "The request with this Idempotency-Key was executed, but its answer was too large to keep.",
            "Look up the result by other means. Do not send it again with a new key: that executes it twice."),
        "idempotency-outcome-unknown": .init(
            "The request with this Idempotency-Key was forwarded, and the connection failed before the outcome was "
                + "known. It may have been executed.",
            "Find out whether it was, and use a new key only if it was not."),
        "idempotency-body-too-large": .init(
            "The content is too large for a request with an Idempotency-Key.",
            "Send less than `limit_bytes`, or leave the key out where the route does not require it."),
    ]

    private static let limits: [String: ProblemGuide] = [
        "rate-limit-exceeded": .init(
            "A bucket named in `violated_policies` is empty. The request took nothing from any bucket.",
            "Wait `retry_after_ms` milliseconds and repeat. The RateLimit headers of every answer show what is left."),
        "quota-exceeded": .init(
            "The month's quota of a meter is used up.", "Wait for the next calendar month (UTC), or change the plan."),
        "too-many-concurrent-requests": .init(
            "As many requests as allowed are running already.", "Wait for one of them to end."),
        "cost-exceeds-capacity": .init(
            "The request costs more than its bucket can ever hold, so that waiting does not help.",
            "Make the request smaller, or ask for a larger limit."),
        "limiter-unavailable": .init(
            "The gateway cannot decide at the moment whether the request may pass, and this route does not let it "
                + "pass undecided. Nothing was executed.",
            "Repeat after Retry-After. Operators: see the redis check of /readyz."),
    ]

    private static let upstream: [String: ProblemGuide] = [
        "upstream-connect-failed": .init(
            "The service behind the gateway does not accept connections. The request was not executed.",
            "Repeat later. Operators: is the service running, and at the address in `upstreams`?"),
        "upstream-connection-lost": .init(
            "The connection to the service broke before it answered. The request may have been executed.",
            "Repeat with the same Idempotency-Key, or only if it is safe to execute twice."),
        "upstream-protocol-error": .init(
            "The service answered with something that is not HTTP.", "Operators: see the log line of `request_id`."),
        "upstream-truncated": .init(
            "The service's answer ended before it was complete.", "Repeat if that is safe."),
        "upstream-tls-error": .init(
            "No secure connection to the service could be made.", "Operators: check certificate and name."),
        "upstream-unavailable": .init(
            "No connection to the service was free in time. The request was not executed.", "Repeat after Retry-After."),
        "upstream-timeout": .init(
            "The service did not answer in time. The request may have been executed.",
            "Repeat with the same Idempotency-Key, or only if it is safe to execute twice."),
        "upstream-connect-timeout": .init(
            "The service did not accept a connection in time. The request was not executed.", "Repeat later."),
    ]

    private static let gateway: [String: ProblemGuide] = [
        "internal-error": .init(
            "Something in the gateway failed. That is our mistake.",
            "Report the `request_id`; operators find the cause under it in the log."),
        "overloaded": .init(
            "The gateway sheds load, and this request was among it. It was not executed.", "Repeat after Retry-After."),
        "shutting-down": .init(
            "This gateway process is stopping. The request was not executed.", "Repeat at once: another one takes it."),
        "maintenance": .init("The service is in maintenance.", "Repeat after Retry-After."),
        "webhook-signature-invalid": .init(
            "The signature of the webhook does not match its content.", "Check the signing secret on both sides."),
        "webhook-timestamp-out-of-tolerance": .init(
            "The webhook was signed too long ago, or by a clock that is wrong.", "Check the clocks on both sides."),
    ]
}
