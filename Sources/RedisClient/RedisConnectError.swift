/// No connection became ready in the time given.
public struct RedisConnectError: Error, CustomStringConvertible, Sendable {
    /// The server, or the nodes of the cluster that were tried.
    public let place: String
    public let timeoutMs: Int
    /// What the latest attempt failed of.
    public let reason: String

    public var description: String {
        "no connection to Redis at \(self.place) within \(self.timeoutMs) ms: \(self.reason)"
    }
}
