import Control
import Domain
import Logging
import PostgresClient
import RedisClient
import ServiceLifecycle
import UnixSignals
import Workers

/// One serving process: edge, workers, or both, and always the admin listener. `tollgate serve` is this and a config
/// file; `tollgate dev` is this and a few children.
struct ServeProcess {
    struct Parts: OptionSet, Sendable {
        let rawValue: Int
        static let edge = Parts(rawValue: 1)
        static let workers = Parts(rawValue: 2)
        static let all: Parts = [.edge, .workers]
    }

    /// What was bound.
    struct Ports: Sendable {
        var edge: Int?
        var admin: Int
    }

    let configuration: Configuration
    /// Read again on SIGHUP; nil for a configuration that is not a file's.
    let configurationPath: String?
    let parts: Parts
    let adminToken: String?
    let stopSignals: [UnixSignal]
    let logger: Logger

    /// Serves until a signal, or until something that must not end ends.
    ///
    /// - Parameters:
    ///   - others: services to run beside; their end ends everything.
    ///   - onReady: called once everything is bound.
    /// - Throws: `CommandFailure`.
    func run(
        alongside others: [any Service] = [], onReady: @escaping @Sendable (Ports) throws -> Void = { _ in }
    ) async throws {
        DescriptorLimit.raise(connectionsMax: self.configuration.edge.connectionsMax, logger: self.logger)
        let stores = try await Stores.open(self.configuration, logger: self.logger)
        do {
            try await self.serve(stores, alongside: others, onReady: onReady)
        } catch {
            await stores.close()
            throw error
        }
        await stores.close()
    }

    private func serve(
        _ stores: Stores, alongside others: [any Service], onReady: @escaping @Sendable (Ports) throws -> Void
    ) async throws {
        let workers = try WorkerPlane(
            self.configuration, stores: stores, hasEdge: self.parts.contains(.edge), logger: self.logger)
        let edgePort = FirstValue<Int>()
        let adminPort = FirstValue<Int>()
        let edge =
            self.parts.contains(.edge)
            ? try await EdgePlane.make(
                self.configuration, stores: stores, workers: workers, logger: self.logger, onBound: edgePort.set) : nil
        let checks = ReadinessChecks(
            stores: stores, edge: edge, workers: workers, expectsSync: self.parts.contains(.workers))
        let admin = AdminServer(
            listen: self.configuration.admin.listen, token: self.adminToken, errors: self.configuration.errors,
            sources: AdminSources(
                metrics: { await (edge?.metrics() ?? []) + workers.metrics() + ProcessMetrics.families() },
                checks: checks.run),
            stores: AdminStores(
                pool: stores.pool, redis: stores.redis, keyspace: stores.keyspace, configuration: self.configuration,
                publish: ChangePublisher(stores: stores, logger: self.logger).publish),
            logger: self.logger, onBound: adminPort.set)

        // Stopped in reverse: the edge first, so that what it still counted is moved by the workers.
        var services: [any Service] = others
        services.append(BoundService(admin, purpose: "the admin listener", listen: self.configuration.admin.listen))
        services += workers.services(isFull: self.parts.contains(.workers))
        if let edge {
            services.append(BoundService(edge, purpose: "the edge", listen: self.configuration.edge.listen))
            if let path = self.configurationPath {
                let plans = self.parts.contains(.workers) ? workers.plans : nil
                let reload = ReloadService(
                    path: path, current: self.configuration,
                    apply: { configuration in
                        await edge.reload(configuration)
                        plans?.offer(configuration.plans)
                    }, logger: self.logger)
                services.append(reload)
            }
        }
        services.append(
            ReadyService {
                guard let admin = adminPort.now else { return nil }
                if edge != nil, edgePort.now == nil { return nil }
                return Ports(edge: edgePort.now, admin: admin)
            } onReady: { ports in
                self.logger.notice(
                    "Serving",
                    metadata: [
                        "edge": "\(ports.edge.map { "\(self.configuration.edge.listen.host):\($0)" } ?? "off")",
                        "admin": "\(self.configuration.admin.listen.host):\(ports.admin)",
                    ])
                try onReady(ports)
            })
        try await self.runGroup(services)
    }

    private func runGroup(_ services: [any Service]) async throws {
        var quiet = self.logger
        quiet.logLevel = .error
        var configuration = ServiceGroupConfiguration(
            services: services.map { .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup) },
            gracefulShutdownSignals: self.stopSignals, logger: quiet)
        // Beyond the drain, what does not stop is cancelled.
        configuration.maximumGracefulShutdownDuration = .milliseconds(self.configuration.edge.drainTimeoutMs + 15_000)
        try await ServiceGroup(configuration: configuration).run()
    }
}
