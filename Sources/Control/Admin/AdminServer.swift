public import Domain
import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
public import ServiceLifecycle

/// The operators' listener: health, metrics, the page of every problem. It shares nothing with the data path but what
/// `AdminSources` hands out, and so may be slow without anybody waiting for it.
public struct AdminServer: Service {
    private let listen: ListenAddress
    private let responder: RouterResponder<BasicRequestContext>
    private let onBound: @Sendable (Int) -> Void
    private let logger: Logger

    /// - Parameters:
    ///   - token: what `Authorization: Bearer` must carry on everything that is not open to all; nil closes it.
    ///   - onBound: called once with the port that was bound.
    public init(
        listen: ListenAddress, token: String?, errors: ErrorSettings, sources: AdminSources, logger: Logger,
        onBound: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        self.listen = listen
        self.onBound = onBound
        self.logger = logger
        let router = Router(context: BasicRequestContext.self, options: .autoGenerateHeadEndpoints)
        router.middlewares.add(ProblemMiddleware(errors: errors, logger: logger))
        router.middlewares.add(AdminAuthentication(token: token))
        HealthRoutes(sources: sources).add(to: router)
        MetricsRoutes(sources: sources).add(to: router)
        ProblemRoutes(errors: errors).add(to: router)
        self.responder = router.buildResponder()
    }

    /// Serves until the task is cancelled or shutdown begins.
    ///
    /// - Throws: when the address cannot be bound.
    public func run() async throws {
        var quiet = self.logger
        // Hummingbird reports every connection that a shutdown cuts as an error.
        quiet.logLevel = .critical
        let application = Application(
            responder: self.responder,
            configuration: .init(address: .hostname(self.listen.host, port: self.listen.port), serverName: nil),
            onServerRunning: { [onBound] channel in onBound(channel.localAddress?.port ?? 0) },
            logger: quiet)
        try await application.run()
    }
}
