/// A service that requests are forwarded to: one or more endpoints that answer alike.
public struct Upstream: Sendable, Equatable {
    public var name: String
    public var endpoints: [ListenAddress]
    /// Connections one loop keeps to one endpoint.
    public var connectionsMax = 128
    /// Requests of one loop that may wait for a connection; one more is answered 503.
    public var waitersMax = 1_024
    /// How long a request may wait for one.
    public var waitTimeoutMs = 2_000
    /// An idle connection is closed after this.
    public var idleTimeoutMs = 60_000

    public init(name: String, endpoints: [ListenAddress]) {
        self.name = name
        self.endpoints = endpoints
    }
}
