import Hummingbird
public import Logging
import NIOCore
import PostgresClient
public import ServiceLifecycle
import UnixSignals

/// The job service as one process: HTTP in front, the queue's workers behind.
public struct JobServer: Service {
    private let configuration: JobServiceConfiguration
    private let logger: Logger
    private let handlesSignals: Bool
    private let onListening: @Sendable (Int?) -> Void

    /// - Parameters:
    ///   - handlesSignals: whether SIGTERM and SIGINT end the service in good order; a caller with a `ServiceGroup` of
    ///     its own says no.
    ///   - onListening: called once with the port that is listened on, nil for a unix socket.
    public init(
        _ configuration: JobServiceConfiguration, logger: Logger, handlesSignals: Bool = false,
        onListening: @escaping @Sendable (Int?) -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.logger = logger
        self.handlesSignals = handlesSignals
        self.onListening = onListening
    }

    /// Serves until told to end: stops listening, lets answers and jobs finish for the time of the drain, gives the
    /// remaining jobs back.
    /// - Throws: what kept it from listening; `PostgresError` where the table could not be made.
    public func run() async throws {
        let pool = PostgresPool(self.configuration.database)
        let model = self.configuration.modelURL.map { ModelServer(baseURL: $0, apiKey: self.configuration.modelAPIKey) }
        let outcome: Result<Void, any Error>
        do {
            if self.configuration.createSchema { try await JobSchema.ensure(on: pool) }
            outcome = .success(try await self.serve(pool, model))
        } catch {
            outcome = .failure(error)
        }
        try await model?.close()
        await pool.close()
        try outcome.get()
    }

    private func serve(_ pool: PostgresPool, _ model: ModelServer?) async throws {
        let store = JobStore(pool: pool)
        let hub = JobHub()
        let settings = self.configuration.worker
        let runner = JobRunner(modelServer: model, logger: self.logger)
        let owner = "worker_" + UInt64.random(in: .min ... .max).fixedHex
        let dispatcher = JobDispatcher(
            store: store, runner: runner, hub: hub, settings: settings, owner: owner, logger: self.logger)
        let listener = JobListener(
            pool: pool, hub: hub, tickEvery: self.configuration.eventHeartbeat, logger: self.logger)
        let application = self.application(
            JobRoutes(store: store, hub: hub, types: runner.types), ProbeRoutes(store: store))
        self.logger.notice(
            "job service starts",
            metadata: [
                "owner": "\(owner)", "workers": "\(settings.workers)",
                "types": "\(runner.types.map(\.rawValue).joined(separator: " "))",
            ])
        // Ended in reverse: first those who wait, then the server, then the jobs, then what carries their news.
        var group = ServiceGroupConfiguration(
            services: [listener, dispatcher, application, JobHubCloser(hub: hub)],
            gracefulShutdownSignals: self.handlesSignals ? [.sigterm, .sigint] : [], logger: self.logger)
        group.maximumGracefulShutdownDuration = settings.drain * 2 + .seconds(5)
        try await ServiceGroup(configuration: group).run()
    }

    private func application(_ jobs: JobRoutes, _ probes: ProbeRoutes) -> some Service {
        let router = Router(context: BasicRequestContext.self, options: [.autoGenerateHeadEndpoints])
        router.add(middleware: ProblemMiddleware())
        jobs.add(to: router)
        probes.add(to: router)
        let address: BindAddress =
            switch self.configuration.listen {
            case .tcp(let host, let port): .hostname(host, port: port)
            case .unix(let path): .unixDomainSocket(path: path)
            }
        let (logger, onListening) = (self.logger, self.onListening)
        return Application(
            router: router, configuration: .init(address: address, serverName: nil),
            onServerRunning: { channel in
                logger.notice("listening", metadata: ["address": "\(channel.localAddress.map { "\($0)" } ?? "")"])
                onListening(channel.localAddress?.port)
            }, logger: self.logger)
    }
}
