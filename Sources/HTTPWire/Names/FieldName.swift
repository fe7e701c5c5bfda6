/// The field names that a gateway acts on. Every other field is `.other` and passes through as bytes.
///
/// Checklist for a new name: add the case here and its spelling in `canonical`; both must stay below
/// `FieldName.capacity` cases. The recogniser and the sets build themselves from this list.
public enum FieldName: UInt8, CaseIterable, Sendable {
    /// No name of this list.
    case other
    /// A name which turns into one of this list when `_` is read as `-`, as CGI-style upstreams do: `X_Tollgate_Org`
    /// would arrive there as the same variable as the field that the gateway vouches for.
    case underscoreAlias
    /// Any `X-Tollgate-...`: identity that only the gateway may state.
    case tollgate
    /// `RateLimit` and any `RateLimit-...`.
    case rateLimit
    /// Any `X-RateLimit-...`.
    case xRateLimit

    // Framing, routing and the connection.
    case host, connection, contentLength, transferEncoding, te, trailer, upgrade, keepAlive, proxyConnection
    case http2Settings, expect, maxForwards
    // Credentials.
    case authorization, proxyAuthenticate, proxyAuthorization, wwwAuthenticate, xAPIKey, cookie, setCookie
    // Content.
    case contentType, contentEncoding, contentRange, acceptEncoding, accept, idempotencyKey
    // Where the request came from.
    case forwarded, xForwardedFor, xForwardedProto, xForwardedHost, xForwardedPort, xRealIP, via
    // Tracing.
    case xRequestID, traceparent, tracestate, traceresponse, baggage, serverTiming
    // Control data of responses.
    case date, server, age, cacheControl, retryAfter, retryAfterMs, xShouldRetry, altSvc, strictTransportSecurity
    case location, vary, etag, link, allow, lastEventID, origin, xAccelBuffering, userAgent

    /// No raw value reaches this, so tables indexed by a name have this many entries.
    static var capacity: Int { 128 }

    /// Whether one value stands for many names.
    var isFamily: Bool { self.rawValue <= FieldName.xRateLimit.rawValue }
}

extension FieldName {
    /// The spelling that the gateway writes; empty for `.other` and the families.
    public var canonical: StaticString {
        switch self {
        case .other, .underscoreAlias, .tollgate, .rateLimit, .xRateLimit: ""
        case .host: "Host"
        case .connection: "Connection"
        case .contentLength: "Content-Length"
        case .transferEncoding: "Transfer-Encoding"
        case .te: "TE"
        case .trailer: "Trailer"
        case .upgrade: "Upgrade"
        case .keepAlive: "Keep-Alive"
        case .proxyConnection: "Proxy-Connection"
        case .http2Settings: "HTTP2-Settings"
        case .expect: "Expect"
        case .maxForwards: "Max-Forwards"
        case .authorization: "Authorization"
        case .proxyAuthenticate: "Proxy-Authenticate"
        case .proxyAuthorization: "Proxy-Authorization"
        case .wwwAuthenticate: "WWW-Authenticate"
        case .xAPIKey: "X-API-Key"
        case .cookie: "Cookie"
        case .setCookie: "Set-Cookie"
        case .contentType: "Content-Type"
        case .contentEncoding: "Content-Encoding"
        case .contentRange: "Content-Range"
        case .acceptEncoding: "Accept-Encoding"
        case .accept: "Accept"
        case .idempotencyKey: "Idempotency-Key"
        case .forwarded: "Forwarded"
        case .xForwardedFor: "X-Forwarded-For"
        case .xForwardedProto: "X-Forwarded-Proto"
        case .xForwardedHost: "X-Forwarded-Host"
        case .xForwardedPort: "X-Forwarded-Port"
        case .xRealIP: "X-Real-IP"
        case .via: "Via"
        case .xRequestID: "X-Request-Id"
        case .traceparent: "traceparent"
        case .tracestate: "tracestate"
        case .traceresponse: "traceresponse"
        case .baggage: "baggage"
        case .serverTiming: "Server-Timing"
        case .date: "Date"
        case .server: "Server"
        case .age: "Age"
        case .cacheControl: "Cache-Control"
        case .retryAfter: "Retry-After"
        case .retryAfterMs: "retry-after-ms"
        case .xShouldRetry: "X-Should-Retry"
        case .altSvc: "Alt-Svc"
        case .strictTransportSecurity: "Strict-Transport-Security"
        case .location: "Location"
        case .vary: "Vary"
        case .etag: "ETag"
        case .link: "Link"
        case .allow: "Allow"
        case .lastEventID: "Last-Event-ID"
        case .origin: "Origin"
        case .xAccelBuffering: "X-Accel-Buffering"
        case .userAgent: "User-Agent"
        }
    }
}
