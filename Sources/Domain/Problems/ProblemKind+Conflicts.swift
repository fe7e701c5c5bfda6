/// 409 to 431: the request is understood, but its content, its state or its size stands against it, or a limit does.
extension ProblemKind {
    static let conflicts: [ProblemKind] = [
        .init(
            .idempotencyInProgress, 409, "A request with this key is in progress", retryAfter: 1,
            detail: "The first request with this Idempotency-Key is still running.",
            help: """
                Your earlier attempt has not finished. Wait as long as `Retry-After` says and send the same request \
                with the same key again: you then get its result, and nothing is executed twice.
                """),
        .init(
            .idempotencyResultUnavailable, 409, "Stored result unavailable", retry: false,
            detail: "The request was executed, but its response was too large to be kept.",
            help: """
                The operation took place once; `original_status` says how it ended. Its response was larger than \
                what is stored for replay, so it cannot be given again. Read the result through the API instead \
                (list or get); do not send the operation with a new key unless you want it twice.
                """),
        .init(
            .idempotencyOutcomeUnknown, 409, "Outcome unknown", retry: false,
            detail: "An earlier attempt with this key was cut off; whether it took effect is not known.",
            help: """
                A process died while it handled the first attempt. Look up through the API whether the operation \
                took place. If it did not, send it with a new key.
                """),
        .init(
            .conflict, 409, "Conflicts with current state",
            detail: "The request contradicts the current state of the record.",
            help: """
                A name is taken, the record has changed meanwhile, or a rule would be broken (an organisation keeps \
                one owner, for example). `detail` says which. Read the record again and decide anew.
                """),
        .init(
            .lengthRequired, 411, "Length required",
            detail: "This route needs a Content-Length.",
            help: "Send the body with `Content-Length` instead of `Transfer-Encoding: chunked`."),
        .init(
            .preconditionFailed, 412, "Precondition failed",
            detail: "The record is not the version that `If-Match` names.",
            help: """
                Somebody changed the record since you read it. Read it again, apply your change to the new version, \
                and send its `ETag` in `If-Match`.
                """),
        .init(
            .contentTooLarge, 413, "Request content too large", closes: true,
            detail: "The request body is larger than this route takes.",
            help: """
                `limit_bytes` is the largest body that the route forwards. Send less, split the request, or upload \
                the data elsewhere and send a reference.
                """),
        .init(
            .idempotencyBodyTooLarge, 413, "Request content too large for an Idempotency-Key", closes: true,
            detail: "A request with an Idempotency-Key is read completely first, and this one is too large for that.",
            help: """
                To compare repetitions, the gateway reads the whole body before it forwards it, up to `limit_bytes`. \
                Nothing was executed and the key is still free. Send a smaller body, or no key if repeating does no \
                harm.
                """),
        .init(
            .uriTooLong, 414, "Request target too long", closes: true,
            detail: "The request line is longer than the gateway takes.",
            help: "Move parameters from the query into the body, or shorten them."),
        .init(
            .unsupportedMediaType, 415, "Unsupported media type",
            detail: "The body's media type is not understood here.",
            help: "Send `Content-Type: application/json` and a JSON body, without a content coding."),
        .init(
            .expectationFailed, 417, "Unsupported Expect value",
            detail: "Only `Expect: 100-continue` is understood.",
            help: "Leave the `Expect` header out, or send `100-continue`."),
        .init(
            .misdirectedRequest, 421, "Host is not served here",
            detail: "No route of this gateway serves the requested host.",
            help: """
                The name in `Host` belongs to no route here: a wrong DNS record, a connection reused for another \
                name, or a host missing from the configuration.
                """),
        .init(
            .validationFailed, 422, "Validation failed",
            detail: "The request is well-formed, but some of its values are not acceptable; see `errors`.",
            help: """
                Each entry of `errors` points at one value and says what is wrong with it. All of them are reported \
                at once. Correct them and send the request again.
                """),
        .init(
            .idempotencyKeyReused, 422, "Idempotency-Key reused with a different request",
            detail: "This Idempotency-Key was first used with another method, path, content type or body.",
            help: """
                A key stands for one operation. To repeat that operation, send exactly the same request; for another \
                operation, make a new key. A body that is generated anew (with a fresh date, for example) counts as \
                another request.
                """),
        .init(
            .costExceedsCapacity, 422, "Cost above bucket capacity", retry: false,
            detail: "The request costs more than the limit can ever hold, so waiting does not help.",
            help: """
                One request asks for more than the whole bucket named in `violated_policies`. Split it into smaller \
                requests, or have the limit raised.
                """),
        .init(
            .upgradeRequired, 426, "Protocol upgrade required",
            detail: "This route speaks another protocol only; see `Upgrade`.",
            help: "Connect with the protocol that the `Upgrade` header names, for example a WebSocket client."),
        .init(
            .preconditionRequired, 428, "Precondition required",
            detail: "Changing this record needs an `If-Match` header.",
            help: """
                Read the record, and send the `ETag` you got in `If-Match`, so that nobody's change is lost unseen.
                """),
    ]

    static let limits: [ProblemKind] = [
        .init(
            .rateLimitExceeded, 429, "Rate limit exceeded", retryAfter: 1,
            detail: "Too many requests for now.",
            help: """
                `violated_policies` names the limits that are used up, `RateLimit` shows what is left of each, and \
                `retry_after_ms` how long to wait, to the millisecond. A refused request takes nothing. Spread \
                requests evenly instead of retrying at once; `Retry-After` is honoured by most SDKs.
                """),
        .init(
            .quotaExceeded, 429, "Period quota exceeded", retryAfter: 3600,
            detail: "The organisation has used up its quota for this month.",
            help: """
                The plan includes a fixed quantity a month (UTC), and it is used up. It starts anew on the first of \
                the next month. Change to a larger plan to go on before that.
                """),
        .init(
            .tooManyConcurrentRequests, 429, "Too many concurrent requests", retryAfter: 1,
            detail: "Too many requests are in flight at the same time.",
            help: """
                The limit named in `violated_policies` caps how many requests may run at once. Wait for some to end \
                before starting more; a pool of workers of that size never meets this answer.
                """),
        .init(
            .headerFieldsTooLarge, 431, "Request header fields too large", closes: true,
            detail: "The request's headers are larger or more numerous than the gateway takes.",
            help: "Send fewer or shorter headers; large cookies are the usual cause."),
        .init(
            .clientClosedRequest, 499, "Client closed the connection", closes: true,
            detail: "The client went away before the answer was complete.",
            help: """
                Never sent, only logged and counted. The client's own timeout is shorter than the answer took, or \
                the person behind it left. A keyed request goes on to its end, and repeating it gets its result.
                """),
    ]
}
