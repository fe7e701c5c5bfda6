import Domain
import RedisClient

/// The address of Redis as the client's configuration: one server, or some nodes of a cluster.
enum RedisAddress {
    /// - Throws: `CommandFailure` that says what was expected.
    static func configuration(_ settings: RedisSettings) throws -> RedisConfiguration {
        guard var configuration = Self.parse(settings.url) else {
            throw CommandFailure(
                "The address of Redis cannot be read: \(Redaction.masked(settings.url))",
                hint: "Expected: redis://[user:password@]host:port[/database], unix:///path[?db=n], or "
                    + "redis-cluster://[user:password@]host:port,host:port,...", status: .usage)
        }
        configuration.username = settings.username ?? configuration.username
        configuration.password = settings.password ?? configuration.password
        configuration.connectTimeoutMs = settings.connectTimeoutMs
        configuration.commandDeadlineMs = settings.deadlineMs
        configuration.pendingCommandsMax = settings.pendingMax
        return configuration
    }

    static func parse(_ url: String) -> RedisConfiguration? {
        guard let endpoint = try? RedisEndpoint(url: url) else { return nil }
        var configuration: RedisConfiguration
        switch endpoint.address {
        case .unix(let path):
            configuration = RedisConfiguration(endpoint: .unix(path: path))
        case .tcp(let host, let port):
            configuration = RedisConfiguration(endpoint: .tcp(host: host, port: port))
        case .cluster(let nodes):
            guard let cluster = RedisConfiguration(clusterSeeds: nodes.map { .tcp(host: $0.host, port: $0.port) })
            else { return nil }
            configuration = cluster
        }
        configuration.username = endpoint.username
        configuration.password = endpoint.password
        configuration.database = endpoint.database
        return configuration
    }
}
