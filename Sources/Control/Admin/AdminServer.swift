public import Domain
import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
public import ServiceLifecycle

/// The operators' listener: health, metrics, the page of every problem, and the admin API. It shares nothing with the
/// data path but what `AdminSources` hands out, and so may be slow without anybody waiting for it.
public struct AdminServer: Service {
    private let listen: ListenAddress
    private let responder: RouterResponder<AdminContext>
    private let onBound: @Sendable (Int) -> Void
    private let logger: Logger

    /// Paths besides the API's, which only GET reads.
    private static let reads = ["/", "/healthz", "/readyz", "/metrics", "/problems", "/problems/{slug}"]

    /// - Parameters:
    ///   - token: an operator's token that is known from elsewhere than the records; nil for none.
    ///   - stores: what the API works on; without it there is no API.
    ///   - onBound: called once with the port that was bound.
    public init(
        listen: ListenAddress, token: String?, errors: ErrorSettings, sources: AdminSources, stores: AdminStores? = nil,
        logger: Logger, onBound: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        self.listen = listen
        self.onBound = onBound
        self.logger = logger
        let operations = stores == nil ? [] : AdminAPI.operations
        let table = OperationTable(operations, reads: Self.reads)
        let open = Self.reads.filter { !$0.contains("{") } + operations.filter { $0.access == .anyone }.map(\.path)
        let router = Router(context: AdminContext.self, options: .autoGenerateHeadEndpoints)
        router.middlewares.add(ProblemMiddleware(errors: errors, methods: table.methods, logger: logger))
        router.middlewares.add(
            AuthenticationMiddleware(
                authenticator: Authenticator(
                    operatorToken: token, pool: stores?.pool,
                    failuresMax: (stores?.configuration ?? Configuration()).admin.failedLoginsMax), openPaths: Set(open)
            ))
        HealthRoutes(sources: sources).add(to: router)
        MetricsRoutes(sources: sources).add(to: router)
        ProblemRoutes(errors: errors).add(to: router)
        if let stores { table.addRoutes(to: router, stores: stores) }
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
