/// No connection became ready in the time given.
public struct RedisConnectError: Error, CustomStringConvertible, Sendable {
    public let endpoint: RedisConfiguration.Endpoint
    public let timeoutMs: Int
    /// What the latest attempt failed of.
    public let reason: String

    public var description: String {
        "no connection to Redis at \(self.endpoint) within \(self.timeoutMs) ms: \(self.reason)"
    }
}
