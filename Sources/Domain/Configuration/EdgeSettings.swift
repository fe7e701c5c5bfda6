/// The listener that clients talk to, and what bounds one connection.
public struct EdgeSettings: Sendable, Equatable {
    /// Address and port to accept on; port 0 takes a free one.
    public var listen = ListenAddress(host: "0.0.0.0", port: 8080)
    /// Event loops; 0 means one for each core.
    public var threads = 0
    /// The name in `Via` and the answer to a loop that carries it (RFC 9110 §7.6.3).
    public var viaName = "tollgate"
    /// Peers whose `Forwarded` and `X-Forwarded-*` are believed, in CIDR notation.
    public var trustedProxies: [String] = []
    public var connectionsMax = 100_000
    public var requestLineBytesMax = 8 * 1024
    public var headBytesMax = 32 * 1024
    public var headFieldsMax = 100
    /// From the first byte of a request to the end of its head.
    public var headTimeoutMs = 10_000
    /// Between two reads of a request body.
    public var bodyIdleTimeoutMs = 30_000
    /// A keep-alive connection without a request is closed after this.
    public var keepAliveTimeoutMs = 75_000
    /// How long SIGTERM waits for requests in flight.
    public var drainTimeoutMs = 30_000
    /// The pre-authentication limit for one client address, kept by each loop in memory; nil is none.
    public var addressLimit: Limit?
    /// Whether `X-RateLimit-*` is sent beside `RateLimit` (STANDARDS §2).
    public var legacyRateLimitFields = true
    public var keyCache = KeyCacheSettings()

    public init() {}
}

/// An address to accept on.
public struct ListenAddress: Sendable, Equatable, Hashable, CustomStringConvertible {
    public var host: String
    public var port: Int

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    public var description: String { host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// What each loop remembers of API keys.
public struct KeyCacheSettings: Sendable, Equatable {
    /// Principals kept by one loop.
    public var entriesMax = 50_000
    /// Unknown keys remembered by one loop, and for how long.
    public var negativeEntriesMax = 50_000
    public var negativeTtlMs = 10_000
    /// Look-ups of keys that Redis does not know, each second and gateway process, that may reach PostgreSQL.
    public var fallbackPerSecondMax = 50

    public init() {}
}
