/// One thing that must work for this process to serve, as it was just now.
public struct HealthCheck: Sendable, Equatable {
    public enum State: String, Sendable {
        case ok
        /// Does not work, and requests can be served without it.
        case degraded
        /// Does not work, and this process should get no traffic.
        case failing
    }

    /// Short and stable: `redis`, `postgres`, `edge`, `workers`.
    public var name: String
    public var state: State
    /// What was found, for a person.
    public var detail: String
    /// What to do about it; empty when all is well.
    public var remedy: String

    public init(name: String, state: State, detail: String, remedy: String = "") {
        self.name = name
        self.state = state
        self.detail = detail
        self.remedy = remedy
    }
}
