public import PostgresClient

/// One database on a test server.
public struct TestDatabase: Sendable {
    /// Its name.
    public let name: String
    /// Its address, as a program would be given it.
    public let url: String

    /// How to reach it, with the patience that a busy test machine needs; may be changed before making a pool.
    public var configuration: PostgresConfiguration {
        get throws {
            var configuration = try PostgresConfiguration(self.url)
            configuration.acquireTimeout = .seconds(300)
            configuration.connectTimeout = .seconds(60)
            configuration.statementTimeout = .seconds(300)
            return configuration
        }
    }

    /// A pool on it.
    public func pool(connectionsMax: Int = 4) throws -> PostgresPool {
        var configuration = try self.configuration
        configuration.connectionsMax = connectionsMax
        return PostgresPool(configuration)
    }
}
