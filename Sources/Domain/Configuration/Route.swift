/// What a request must look like to be this route, and everything that then happens to it.
public struct Route: Sendable, Equatable {
    /// Unique; names the route in metrics, logs and keys of Redis.
    public var id: String
    /// Host names served, lower-case, `*.example.com` allowed; empty serves every host.
    public var hosts: [String] = []
    /// Upper-case methods; empty takes every method but TRACE and CONNECT.
    public var methods: [String] = []
    /// `/v1/jobs` exactly, `/v1/jobs/{id}` one segment in braces, `/v1/**` everything at or below.
    public var path: String
    public var upstream: String
    /// Where requests with a `test` key go, if elsewhere.
    public var testUpstream: String?
    /// Removed from the front of the path before forwarding.
    public var stripPrefix: String?
    /// Put in front of the path before forwarding.
    public var addPrefix: String?
    public var hostPolicy = HostPolicy.preserve
    public var authentication = Authentication.required
    public var credentials: [Credential] = [.bearer, .apiKey]
    /// All of them are needed.
    public var scopes: [String] = []
    /// A feature that the caller's plan or org must have.
    public var feature: String?
    public var limits: [Limit] = []
    public var concurrency: [ConcurrencyLimit] = []
    public var cost = Cost.fixed(1)
    public var meters: [MeterRule] = []
    public var idempotency: IdempotencyPolicy?
    public var timeouts = RouteTimeouts()
    public var storeFailure = StoreFailurePolicy.local
    /// The longest that a request of this route waits for Redis in all; nil is what holds for all.
    public var storeDeadlineMs: Int?
    /// The largest request body that is forwarded.
    public var bodyBytesMax = 1 << 40
    /// Whether `Upgrade` is passed on and a 101 answer opens a tunnel.
    public var upgrade = false
    /// Whether safe methods and DELETE may carry content (STANDARDS §5).
    public var bodyOnAnyMethod = false
    /// How much of a response may be held to read a meter from it (JSON pointer rules).
    public var meteredBodyBytesMax = 1 << 20

    public init(id: String, path: String, upstream: String) {
        self.id = id
        self.path = path
        self.upstream = upstream
    }

    public enum HostPolicy: String, Sendable, CaseIterable { case preserve, upstream }
    public enum Authentication: String, Sendable, CaseIterable { case required, none }
    public enum Credential: String, Sendable, CaseIterable {
        case bearer
        case apiKey = "x-api-key"
        case basic
    }
}

/// Deadlines of one forwarded request.
public struct RouteTimeouts: Sendable, Equatable {
    public var connectMs = 2_000
    /// From the request's last byte to the response's head.
    public var headMs = 60_000
    /// Between two reads of a response body; event streams usually want more.
    public var idleMs = 60_000
    /// The whole exchange; 0 is no bound.
    public var totalMs = 0

    public init() {}
}

/// What happens when Redis is away or too slow (SPEC §4). A request with an `Idempotency-Key` on a route that honours
/// it is always denied.
public enum StoreFailurePolicy: String, Sendable, CaseIterable { case local, deny }

/// What a request takes from the buckets that count `cost`.
public enum Cost: Sendable, Equatable {
    case fixed(Int)
    /// Read from a request header (a decimal integer); `otherwise` when it is missing, refused above `max`.
    case header(name: String, otherwise: Int, max: Int)
}
