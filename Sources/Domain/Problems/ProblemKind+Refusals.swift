/// 400 to 408: what the client sent cannot be read, or the client may not have what it asks for.
extension ProblemKind {
    static let badRequests: [ProblemKind] = [
        .init(
            .malformedRequest, 400, "Malformed HTTP request", closes: true,
            detail: "The request does not follow HTTP/1.1 and was not forwarded.",
            help: """
                The bytes received are not a request that can be understood in only one way: a bad request line or \
                header, a missing or repeated Host, or contradictory framing (Content-Length and Transfer-Encoding \
                together, for instance). The connection is closed, because where the next request would start is not \
                known. Use an HTTP library instead of writing requests by hand, and check for proxies that rewrite \
                them.
                """),
        .init(
            .invalidRequest, 400, "Request is not valid",
            detail: "The request cannot be read; `errors` says where.",
            help: """
                The body or a parameter has the wrong syntax, for example broken JSON or a date in another format. \
                Each entry of `errors` names the place and what was expected there. Correct it and send the request \
                again.
                """),
        .init(
            .idempotencyKeyMissing, 400, "Idempotency-Key is missing",
            detail: "This route needs an Idempotency-Key header.",
            help: """
                The route executes a request at most once, and needs a key to recognise a repetition. Send \
                `Idempotency-Key` with a new random value (a UUID is fine) for each new operation, and the same \
                value when you try that operation again.
                """),
        .init(
            .idempotencyKeyInvalid, 400, "Idempotency-Key is not valid",
            detail: "Send one Idempotency-Key of 1 to 255 visible ASCII characters.",
            help: """
                The header was empty, longer than 255 bytes, sent twice, or holds characters outside visible ASCII. \
                Both a bare value and a quoted string are understood; a bare value has no quotes, commas or \
                backslashes.
                """),
        .init(
            .costInvalid, 400, "Request cost is not valid",
            detail: "The header that names this request's cost must be one decimal integer within the route's bounds.",
            help: """
                The route charges what a request header says. The header was sent twice, is not a whole decimal \
                number, or is larger than the route allows. Send digits only, or leave the header out to be charged \
                the default.
                """),
        .init(
            .multipleCredentials, 400, "More than one credential supplied",
            detail: "Send exactly one credential.",
            help: """
                The request names an API key in more than one place, or repeats the header. Which one is meant \
                cannot be guessed safely. Keep `Authorization` or `X-API-Key`, not both, and send it once.
                """),
        .init(
            .webhookSignatureInvalid, 400, "Webhook signature not valid",
            detail: "No signature of this delivery matches its body.",
            help: """
                The delivery was not signed with the secret configured here, or its body was changed on the way. \
                Compare the endpoint's signing secret with the configured one, and make sure nothing between \
                re-encodes the body.
                """),
        .init(
            .webhookTimestampOutOfTolerance, 400, "Webhook timestamp outside tolerance",
            detail: "The delivery's timestamp is more than five minutes away from this clock.",
            help: """
                A signature is taken for five minutes only, so that a recorded delivery cannot be played back. Check \
                the clocks of both sides; a sender that retries must sign each attempt anew.
                """),
    ]

    static let refusals: [ProblemKind] = [
        .init(
            .credentialsMissing, 401, "Authentication required",
            detail: "Send an API key.",
            help: """
                The route needs an API key and the request carries none in a place that this route reads. Send \
                `Authorization: Bearer <key>`. Keys in the query string are never read.
                """),
        .init(
            .apiKeyInvalid, 401, "API key not valid",
            detail: "The API key is not valid.",
            help: """
                The key is mistyped, cut off, from another installation, or was deleted. Copy it again from where it \
                was stored; a key is shown once only, so a lost one must be replaced by a new one.
                """),
        .init(
            .apiKeyExpired, 401, "API key expired",
            detail: "The API key has reached the end of its life.",
            help: """
                The key was given an end date, or was rotated and its grace period is over. Use its successor, or \
                create a new key.
                """),
        .init(
            .apiKeyRevoked, 401, "API key revoked",
            detail: "The API key was revoked.",
            help: """
                Somebody in the organisation revoked this key; the audit log says who and when. It cannot be brought \
                back: create a new one, and find out where the old one is still in use.
                """),
        .init(
            .paymentRequired, 402, "Organisation has an unpaid balance",
            detail: "Requests are refused until the organisation's balance is settled.",
            help: """
                An invoice is overdue, or prepaid credits are used up. Somebody who owns the organisation has to pay \
                the open invoice, replace the payment method or buy credits; requests are then taken at once.
                """),
        .init(
            .insufficientScope, 403, "API key lacks a required scope",
            detail: "The API key is valid but does not have every scope that this route needs.",
            help: """
                `required_scope` lists what the route needs. Create a key with these scopes, or ask an administrator \
                of the organisation for one. Repeating the request with the same key does not help.
                """),
        .init(
            .insufficientRole, 403, "Role does not allow this",
            detail: "The token is valid, but its role does not allow this operation.",
            help: """
                The admin API's documentation lists who may do what. Ask somebody with that role in the organisation, \
                or the operator of this installation, to do it or to change your role.
                """),
        .init(
            .featureNotAvailable, 403, "Feature not available on this plan",
            detail: "The organisation's plan does not include this feature.",
            help: """
                The route belongs to a feature that the organisation's plan does not have and that was not switched \
                on for it. Change the plan, or ask for the feature.
                """),
        .init(
            .organizationSuspended, 403, "Organisation suspended",
            detail: "The organisation that this API key belongs to is suspended.",
            help: """
                The organisation was suspended or closed by the operator of this API. All of its keys are refused. \
                Contact the operator.
                """),
        .init(
            .ipNotAllowed, 403, "Source address not allowed",
            detail: "Requests from this address are not accepted.",
            help: """
                The API key or the route takes requests from listed networks only. Send the request from one of \
                them, or have the list changed. Behind a proxy, check which address arrives.
                """),
        .init(
            .routeNotFound, 404, "No such route",
            detail: "Nothing is served at this path.",
            help: """
                No route matches the path. Check it for a missing version (`/v1/...`), a slash at the end, and \
                spelling; paths are compared byte by byte, upper and lower case differ.
                """),
        .init(
            .resourceNotFound, 404, "No such resource",
            detail: "There is no such record, or it belongs to somebody else.",
            help: """
                The path is right but the record it names does not exist, was deleted, or belongs to another \
                organisation. Check the identifier.
                """),
        .init(
            .methodNotAllowed, 405, "Method not allowed",
            detail: "The path exists, but not with this method; see `Allow`.",
            help: """
                The `Allow` header lists the methods that this path takes. A form or a redirect that turned a POST \
                into a GET is a common cause.
                """),
        .init(
            .notAcceptable, 406, "Not acceptable",
            detail: "None of the media types in `Accept` can be produced.",
            help: "Accept `application/json`, or leave the `Accept` header out."),
        .init(
            .requestTimeout, 408, "Request not received in time", closes: true,
            detail: "The request did not arrive completely in the time allowed.",
            help: """
                The head took too long, or the body stopped arriving. Nothing was executed unless the route streams \
                its body. Send the request again on a new connection; on slow links, send smaller bodies.
                """),
    ]
}
