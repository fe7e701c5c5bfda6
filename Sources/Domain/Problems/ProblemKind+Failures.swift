/// 500 to 505: the request may be fine, but something behind the gateway, or the gateway, is not.
extension ProblemKind {
    static let failures: [ProblemKind] = [
        .init(
            .internalError, 500, "Internal gateway error", .gateway,
            detail: "The gateway failed; the request id finds the log entry.",
            help: """
                A defect of the gateway itself. Tell the operator the `request_id`; the log has an entry with the \
                same id.
                """),
        .init(
            .notImplemented, 501, "Method or transfer coding not implemented", closes: true,
            detail: "The method or the transfer coding is not understood.",
            help: "Use a registered method other than CONNECT, and no transfer coding but `chunked`."),
        .init(
            .upstreamConnectFailed, 502, "Upstream could not be reached", .upstream,
            detail: "No connection to the service could be made; the request was not executed.",
            help: """
                Nothing of the request was sent, so it is safe to try again. Operators: the service is down, its \
                address or port is wrong, or a firewall refuses the gateway.
                """),
        .init(
            .upstreamConnectionLost, 502, "Upstream connection lost", .upstream, retry: false,
            detail:
                "The service closed the connection before it answered; whether it executed the request is not known.",
            help: """
                The request was sent, and the connection broke before an answer came. Look up whether the operation \
                took place before repeating it. Operators: the service crashed or was restarted, or closes idle \
                connections earlier than the gateway does.
                """),
        .init(
            .upstreamProtocolError, 502, "Upstream answered with invalid HTTP", .upstream,
            detail: "The service's answer does not follow HTTP, or the request came back in a loop.",
            help: """
                Operators: the answer has bad framing, an invalid header, or more than one Content-Length; or an \
                upstream address leads back to this gateway. The log says which.
                """),
        .init(
            .upstreamTruncated, 502, "Upstream response was cut off", .upstream, retry: false,
            detail: "The service's answer ended before it was complete.",
            help: """
                The service began to answer and stopped in the middle. What reached you is not usable; the operation \
                may have taken effect. Look it up before repeating it.
                """),
        .init(
            .upstreamTlsError, 502, "Upstream TLS handshake failed", .upstream,
            detail: "No trusted connection to the service could be made; the request was not executed.",
            help: """
                Operators: the service's certificate is expired, is for another name, or is signed by an authority \
                that the gateway does not trust.
                """),
        .init(
            .overloaded, 503, "Temporarily overloaded", .gateway, retryAfter: 1,
            detail: "The gateway has more work than it can take; the request was not executed.",
            help: """
                The request was shed before it was forwarded, and took nothing from any limit. Try again after \
                `Retry-After`, with growing pauses.
                """),
        .init(
            .upstreamUnavailable, 503, "Service temporarily unavailable", .upstream, retryAfter: 1,
            detail: "The service has no capacity for this request; it was not executed.",
            help: """
                Every instance of the service is unhealthy, or too many requests wait for it already. Try again \
                after `Retry-After`. Operators: see the upstream's health and pool metrics.
                """),
        .init(
            .limiterUnavailable, 503, "Limits cannot be checked", .store, retryAfter: 1,
            detail: "The store that keeps limits and idempotency keys cannot be reached; the request was not executed.",
            help: """
                This route, or any request with an Idempotency-Key, is refused rather than let through unchecked. \
                Try again after `Retry-After` with the same key. Operators: Redis is down, slow or unreachable.
                """),
        .init(
            .keyLookupUnavailable, 503, "API key cannot be looked up", .store, retryAfter: 1,
            detail: "The API key cannot be checked at the moment; the request was not executed.",
            help: """
                The key is not known to this process and the stores that know it cannot be asked. It says nothing \
                about the key. Try again after `Retry-After`. Operators: Redis or PostgreSQL is unreachable.
                """),
        .init(
            .recordsUnavailable, 503, "Records cannot be reached", .store, retryAfter: 2,
            detail: "The database of records cannot be reached; nothing was changed unless an answer was cut off.",
            help: """
                The admin API needs its database. API requests with known keys go on meanwhile. Try again after \
                `Retry-After`, with the same Idempotency-Key if the request had one. Operators: PostgreSQL is down, \
                busy or unreachable.
                """),
        .init(
            .shuttingDown, 503, "Gateway is shutting down", .gateway, retryAfter: 1, closes: true,
            detail: "This gateway is stopping; the request was not executed.",
            help: "Connect again: another instance answers. Nothing was taken from any limit."),
        .init(
            .maintenance, 503, "Under maintenance", .gateway, retryAfter: 60,
            detail: "The API is closed for maintenance.",
            help: "The operator has switched maintenance on. Try again later; nothing was executed."),
        .init(
            .upstreamTimeout, 504, "Upstream did not respond in time", .upstream, retry: false,
            detail: "The service did not begin to answer in time; whether it executed the request is not known.",
            help: """
                The request was sent and no answer came within the route's time. It may still be running. Look up \
                whether the operation took place before repeating it. Operators: see the route's `timeouts.head`.
                """),
        .init(
            .upstreamConnectTimeout, 504, "Upstream connection timed out", .upstream,
            detail: "No connection to the service could be made in time; the request was not executed.",
            help: """
                Nothing of the request was sent, so it is safe to try again. Operators: the service's host is down \
                or overloaded, or packets to it are dropped.
                """),
        .init(
            .httpVersionNotSupported, 505, "HTTP version not supported", closes: true,
            detail: "Only HTTP/1.0, HTTP/1.1 and HTTP/2 are spoken here.",
            help: "Use HTTP/1.1 or HTTP/2; the number stands at the end of the request line."),
    ]
}
