import AsyncHTTPClient
import Logging
import NIOCore
import NIOHTTP1
import PostgresClient
import ServiceLifecycle
import TestKit
import Testing

@testable import JobService

/// A job service of this test, on a port of its own.
struct RunningService: Sendable {
    /// `http://127.0.0.1:port`, or `http+unix://` and the escaped path of a socket.
    let url: String
    let database: TestDatabase
    /// Asks the service to end in good order.
    let shutDown: @Sendable () async -> Void

    /// Starts a service, on a new database unless one is given, and ends it after `body`.
    static func with(
        on database: TestDatabase? = nil, _ configure: (inout JobServiceConfiguration) -> Void = { _ in },
        _ body: (RunningService) async throws -> Void
    ) async throws {
        let database = if let database { database } else { try await TestPostgres.shared().createDatabase() }
        var postgres = try database.configuration
        postgres.connectionsMax = 4
        postgres.connectTimeout = .seconds(2)
        var configuration = JobServiceConfiguration(listen: .tcp(host: "127.0.0.1", port: 0), database: postgres)
        configuration.createSchema = true
        configuration.worker.pollEvery = .milliseconds(100)
        configuration.worker.retryFirst = .milliseconds(50)
        configuration.worker.drain = .milliseconds(200)
        configure(&configuration)

        let (ports, port) = AsyncStream.makeStream(of: Int?.self)
        let server = JobServer(configuration, logger: quiet) { port.yield($0) }
        let group = ServiceGroup(configuration: .init(services: [server], logger: quiet))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                defer { port.finish() }
                try await group.run()
            }
            var iterator = ports.makeAsyncIterator()
            if let found = await iterator.next(), let found {
                let service = RunningService(
                    url: "http://127.0.0.1:\(found)", database: database,
                    shutDown: { await group.triggerGracefulShutdown() })
                do { try await body(service) } catch { Issue.record(error) }
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    private static let quiet: Logger = {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return logger
    }()
}

/// Two services on one database, as two processes would be.
func withTwoServices(
    _ configure: (inout JobServiceConfiguration) -> Void = { _ in },
    _ body: (RunningService, RunningService) async throws -> Void
) async throws {
    try await RunningService.with(configure) { first in
        try await RunningService.with(on: first.database, configure) { second in try await body(first, second) }
    }
}
