public import Domain

/// Where the admin listener gets what it shows. The closures are asked anew for every request.
public struct AdminSources: Sendable {
    /// Every metric of this process.
    public var metrics: @Sendable () async -> [MetricFamily]
    /// Everything that this process needs in order to serve.
    public var checks: @Sendable () async -> [HealthCheck]

    public init(
        metrics: @escaping @Sendable () async -> [MetricFamily], checks: @escaping @Sendable () async -> [HealthCheck]
    ) {
        self.metrics = metrics
        self.checks = checks
    }
}
