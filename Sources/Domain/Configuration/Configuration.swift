/// Everything a config file can say, validated and with defaults filled in: the immutable value that `Settings` makes
/// from YAML and that every plane reads. Durations are milliseconds and sizes are bytes unless a name says otherwise.
public struct Configuration: Sendable, Equatable {
    public var edge = EdgeSettings()
    public var admin = AdminSettings()
    public var redis = RedisSettings()
    public var postgres = PostgresSettings()
    public var journal = JournalSettings()
    public var keys = KeySettings()
    public var errors = ErrorSettings()
    public var logging = LoggingSettings()
    public var workers = WorkerSettings()
    /// Limits that apply to every authenticated route, besides those of the plan and of the route.
    public var limits: [Limit] = []
    public var plans: [Plan] = []
    public var upstreams: [Upstream] = []
    public var routes: [Route] = []

    public init() {}

    /// The plan with this code, if the file has it.
    public func plan(_ code: String) -> Plan? { plans.first { $0.code == code } }
}
